import { OriginalError, required, type OriginalRoute } from './original-route.ts'

/** Ten rows a page, by log_id; `getAbove` asks for the newer page, whose rows come oldest first. */
export const logs: OriginalRoute = {
  method: 'get',
  path: '/dhis-integration/api/logs',
  access: ['log'],
  handler: ({ query }, { store }) => {
    const [date, user, service] = ['date', 'user', 'service'].map((name) => required(query, name)) as [string, string, string]
    const logId = required(query, 'logId')
    if (!/^-?\d{1,9}$/.test(logId))
      throw new OriginalError(400, `Failed to convert value of type 'java.lang.String' to required type 'int' for "logId"`)
    const newer = flag(required(query, 'getAbove'), 'getAbove')
    // the pages of 2018 do not send it
    const first = flag(query['onLoad'] ?? 'false', 'onLoad')
    return store.readOriginalLogs({ date, user, service, logId: Number(logId), page: first ? 'first' : newer ? 'newer' : 'older' })
  },
}

function flag(text: string, name: string): boolean {
  if (!/^(true|false)$/i.test(text))
    throw new OriginalError(400, `Failed to convert value of type 'java.lang.String' to required type 'boolean' for "${name}"`)
  return text.toLowerCase() === 'true'
}
