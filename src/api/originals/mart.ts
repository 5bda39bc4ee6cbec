import { required, type OriginalRoute } from './original-route.ts'

export const getTables: OriginalRoute = {
  method: 'get',
  path: '/dhis-integration/api/getTables',
  access: ['mapping'],
  handler: async (_call, { store }) => (await store.listMartRelations('')).map(({ name }) => name),
}

export const getColumns: OriginalRoute = {
  method: 'get',
  path: '/dhis-integration/api/getColumns',
  access: ['mapping'],
  handler: async ({ query }, { store }) =>
    ((await store.readMartColumns(required(query, 'tableName'), false)) ?? []).map(({ name }) => name),
}
