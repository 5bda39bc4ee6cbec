import { MappingNotFoundError, type DeltaRequest } from '../../../../sql/store/store.ts'
import type { Mapping } from '../../../core/mapping.ts'
import { REJECTION_CATALOGUE, type Rejection } from '../../../core/rejection.ts'
import type { ApiContext } from '../../handler.ts'

/** @throws MappingNotFoundError */
export async function mappingNamed(name: string, { store }: ApiContext): Promise<Mapping> {
  const mapping = await store.readMapping(name)
  if (!mapping) throw new MappingNotFoundError(name)
  return mapping
}

export const requestOf = ({ from, to, resync }: { from?: string | undefined; to?: string | undefined; resync: boolean }): DeltaRequest => ({
  from: from ?? null,
  to: to ?? null,
  resync,
})

export function rejectionBody({ code, message, column, dhis2Name, value }: Rejection) {
  return { code, ...REJECTION_CATALOGUE[code], message, column, dhis2Name, value }
}
