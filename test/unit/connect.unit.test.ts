/** Which DHIS2 is it, and which of its APIs do we speak? */
import { afterEach, describe, expect, test } from 'vitest'
import { chooseApi, connectDhis2, type ApiChoice } from '../../src/dhis2/connect.ts'
import { RequestRefused, TransientFailure, UnsupportedServer } from '../../src/dhis2/errors.ts'
import { startServer, type LocalServer, type Reply } from '../support/local-server.ts'

let servers: LocalServer[] = []
afterEach(async () => {
  for (const server of servers) await server.close()
  servers = []
})

async function connect(info: Reply, api: ApiChoice = 'auto') {
  const server = await startServer(() => info)
  servers.push(server)
  const client = await connectDhis2({
    url: server.url,
    api,
    credentials: { username: 'sync', password: 'pw' },
    connections: 1,
    timeoutMs: 5000,
    retryBudgetMs: 0,
  })
  await client.close()
  return { client, server }
}

const tooOld = (version: string) => `DHIS2 ${version} is older than 2.30, the oldest that this program knows.`
const noTracker = (version: string) => `DHIS2 ${version} has no /api/tracker: set DHIS2_API to auto or legacy.`
const noLegacy = (version: string) => `DHIS2 ${version} has no legacy tracker API any more: set DHIS2_API to auto or tracker.`

/** What becomes of each version with DHIS2_API=auto, legacy and tracker: the adapter, or the sentence. */
const CHOICES: readonly (readonly [version: string, auto: string, legacy: string, tracker: string])[] = [
  ['2.0', tooOld('2.0'), tooOld('2.0'), tooOld('2.0')],
  ['2.29', tooOld('2.29'), tooOld('2.29'), tooOld('2.29')],
  ['2.30', 'legacy', 'legacy', noTracker('2.30')],
  ['2.35.14', 'legacy', 'legacy', noTracker('2.35.14')],
  ['2.36.0', 'legacy', 'legacy', 'tracker'],
  ['2.37-EMBARGOED', 'legacy', 'legacy', 'tracker'],
  ['2.38.0', 'tracker', 'legacy', 'tracker'],
  ['2.40.3.1', 'tracker', 'legacy', 'tracker'],
  ['2.41.10-SNAPSHOT', 'tracker', 'legacy', 'tracker'],
  ['2.42.7-SNAPSHOT', 'tracker', noLegacy('2.42.7-SNAPSHOT'), 'tracker'],
  ['2.43.2-SNAPSHOT', 'tracker', noLegacy('2.43.2-SNAPSHOT'), 'tracker'],
  ['2.100', 'tracker', noLegacy('2.100'), 'tracker'],
]
const ROWS = CHOICES.flatMap(([version, auto, legacy, tracker]): [string, ApiChoice, string][] => [
  [version, 'auto', auto],
  [version, 'legacy', legacy],
  [version, 'tracker', tracker],
])

test.each(ROWS)('DHIS2 %s with DHIS2_API=%s → %s', async (version, choice, expected) => {
  const answer = connect({ body: { version, revision: 'ca284eb', systemName: 'DHIS 2' } }, choice)
  if (!['legacy', 'tracker'].includes(expected)) {
    await expect(answer).rejects.toThrow(new UnsupportedServer(expected))
    return
  }
  const { client, server } = await answer
  const minor = Number(version.split('.')[1]!.split('-')[0])
  expect(client).toMatchObject({ api: expected, server: { version, minor, revision: 'ca284eb' } })
  expect(chooseApi(client.server, choice)).toBe(expected)
  expect(server.seen.map((s) => s.path)).toEqual(['/api/system/info'])
})

test('what an adapter can do', async () => {
  const legacy = await connect({ body: { version: '2.30' } })
  expect(legacy.client).toMatchObject({ canValidate: false, addsEventsToAnyEnrollment: false, server: { revision: null } })
  const tracker = await connect({ body: { version: '2.43', revision: null } })
  expect(tracker.client).toMatchObject({ canValidate: true, addsEventsToAnyEnrollment: true, server: { revision: null } })
})

describe('what is no DHIS2', () => {
  const NOT_TWO = 'The server at DHIS2_URL does not say that it is a DHIS2 of version 2.'
  test.each<[string, unknown]>([
    ['nothing said of a version', { systemName: 'something else' }],
    ['another major version', { version: '3.1' }],
    ['a number', { version: 2.43 }],
    ['no minor version', { version: '2' }],
    ['an odd minor version', { version: '2.x' }],
    ['a list', []],
    ['null', 'null'],
    ['nothing', ''],
  ])('%s', async (_name, body) => {
    await expect(connect({ body })).rejects.toThrow(new UnsupportedServer(NOT_TWO))
  })

  test.each<[string, unknown]>([
    ['JSON', { httpStatus: 'Not Found', message: 'HTTP 404 Not Found' }],
    ['a page', '<html>Not here</html>'],
  ])('nothing there: 404 with %s', async (_name, body) => {
    await expect(connect({ status: 404, body })).rejects.toThrow(
      new UnsupportedServer('There is no DHIS2 at DHIS2_URL. Is its path missing there, as in https://example.org/dhis?'),
    )
  })

  test.each<[string, Reply, new (...args: never[]) => Error]>([
    ['a page with 200', { body: '<html>Router</html>' }, TransientFailure],
    ['500', { status: 500, body: {} }, RequestRefused],
  ])('%s', async (_name, reply, kind) => {
    await expect(connect(reply)).rejects.toThrow(kind)
  })
})
