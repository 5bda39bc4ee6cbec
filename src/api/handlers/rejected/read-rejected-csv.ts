import { rejectedCsv } from '../../../rejected-csv.ts'
import type { rejectedOperations } from '../../contract/rejected.ts'
import type { Handler } from '../../handler.ts'
import { filterOf } from './chosen.ts'

export const readRejectedCsv: Handler<typeof rejectedOperations.readRejectedCsv> = ({ query }, { store }) =>
  Promise.resolve({ status: 200, filename: 'rejected-records.csv', stream: rejectedCsv(store, filterOf(query)) })
