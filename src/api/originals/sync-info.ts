import type { ApiContext } from '../handler.ts'
import type { OriginalRoute } from './original-route.ts'

async function syncInfo(ctx: ApiContext) {
  const info = await ctx.store.readOriginalSyncInfo()
  return Object.fromEntries([...info].map(([name, { date, status }]) => [name, { date, status }]))
}

export const getMappingsSyncInfo: OriginalRoute = {
  method: 'get',
  path: '/dhis-integration/api/getMappingsSyncInfo',
  access: ['upload'],
  handler: async (_call, ctx) => {
    const unticked = { checkBoxClicked: false, startDate: null, endDate: null }
    return Object.fromEntries(Object.entries(await syncInfo(ctx)).map(([name, info]) => [name, { ...info, ...unticked }]))
  },
}

/** The pages of 2018. */
export const getMappingSyncInfo: OriginalRoute = {
  method: 'get',
  path: '/dhis-integration/api/getMappingSyncInfo',
  access: ['upload'],
  handler: (_call, ctx) => syncInfo(ctx),
}
