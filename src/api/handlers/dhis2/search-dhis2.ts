import type { dhis2Operations } from '../../contract/dhis2.ts'
import type { Handler } from '../../handler.ts'

export const searchDhis2: Handler<typeof dhis2Operations.searchDhis2> = async ({ query }, { ask }) => {
  const client = await ask()
  const { items, more } = await client.searchMetadata({ ...query, program: query.program ?? null })
  return { status: 200, body: { rows: items, more } }
}
