import { ApiProblem } from '../../api-problem.ts'
import type { martOperations } from '../../contract/mart.ts'
import type { Handler } from '../../handler.ts'

export const listColumns: Handler<typeof martOperations.listColumns> = async ({ params, principal }, { store }) => {
  const columns = await store.readMartColumns(params.relation, principal.rights.has('upload'))
  if (columns === null)
    throw new ApiProblem('not-found', `The Mart has no table or view "${params.relation}". Bahmni Mart may be rebuilding it.`)
  return { status: 200, body: { rows: columns.map((column) => ({ ...column, samples: column.samples && [...column.samples] })) } }
}
