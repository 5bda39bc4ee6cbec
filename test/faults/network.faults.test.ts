/** A network as bad as a clinic's, each of its evils once at each kind of request: the run ends well or says what to do, and the next completes it. */
import dns from 'node:dns'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { Clinic, expectedOf, mappingOf } from '../support/clinic-model.ts'
import { FAULTS, startDhis2Proxy, type Dhis2Proxy, type FaultName, type Passing } from '../support/dhis2-proxy.ts'
import { takesTurn } from '../support/extent.ts'
import { figuresOf } from '../support/figures.ts'
import { brokenInvariants } from '../support/invariants.ts'
import { readBack } from '../support/read-back.ts'
import { openWorld, targets, type Target } from '../support/world.ts'
import { WHOLE } from './extent.ts'

/** What a run that met it may say when it could not go on. Those that are not here pass by themselves. */
const ENDS: Partial<Record<FaultName, RegExp>> = {
  'a login redirect': /redirects to another page/,
  'an expired token': /does not let our account in|does not accept/,
}

const REQUESTS: Readonly<Record<'legacy' | 'tracker', Readonly<Record<string, (passing: Passing) => boolean>>>> = {
  legacy: {
    'the connection': ({ path }) => path === '/api/system/info',
    'the metadata': ({ path }) => path === '/api/programs',
    'the search': ({ method, path }) => method === 'GET' && path === '/api/trackedEntityInstances',
    'the persons': ({ method, path }) => method === 'POST' && path === '/api/trackedEntityInstances',
    'the enrollments': ({ method, path }) => method === 'POST' && path === '/api/enrollments',
  },
  tracker: {
    'the connection': ({ path }) => path === '/api/system/info',
    'the metadata': ({ path }) => path === '/api/programs',
    'the search': ({ method, path }) => method === 'GET' && path === '/api/tracker/trackedEntities',
    'an import': ({ method, path }) => method === 'POST' && path === '/api/tracker',
    'the second import': ({ method, path }) => method === 'POST' && path === '/api/tracker',
  },
}
const ON_REAL_REQUESTS = new Set(['the persons', 'the enrollments', 'an import'])
const names = Object.keys(FAULTS) as FaultName[]

/** What a real server has part in: what it answers, that it goes on when nobody listens any more, and that it knows what it has had. */
const ON_REAL: readonly FaultName[] = [
  'an answer after the timeout',
  'reset after the request was carried out',
  'half an answer',
  'gzip that breaks off',
  'a login redirect',
  'an expired token',
  '502 after the request was carried out',
]

// one of each adapter: the client is the same for all versions
const played = targets().filter(({ version, api, url }) => (url ? version === '2.41' : version === (api === 'legacy' ? '2.30' : '2.43')))

/** four patients, in chunks of two */
async function openClinic(target: Target, dhis2Url: string, env: Record<string, string> = {}) {
  const patient = target.url === null ? { DHIS2_TIMEOUT: '1', DHIS2_RETRY_SECONDS: '5' } : { DHIS2_TIMEOUT: '6', DHIS2_RETRY_SECONDS: '20' }
  const world = await openWorld(target, { DHIS2_URL: dhis2Url, SYNC_CHUNK_SIZE: '2', ...patient, ...env })
  const clinic = new Clinic(world.tag)
  for (const id of ['1', '2', '3']) clinic.healthy(id)
  clinic.healthy('4', 'COMPLETED')
  await world.saveMappings([mapping])
  await world.mart([clinic.service('hts')])
  return { world, clinic }
}
const mapping = mappingOf('hts')
const TOO_LONG_MS = { sandbox: 1500, real: 7000 }

async function isComplete({ world, clinic }: Awaited<ReturnType<typeof openClinic>>): Promise<void> {
  expect(await readBack(world)).toEqual(expectedOf(clinic, mapping))
  expect(await brokenInvariants(world)).toEqual([])
  expect((await world.sync(mapping.name)).counts.event).toMatchObject({ created: 0, updated: 0 })
}

describe.each(played)('$name', (target) => {
  const requests = Object.entries(REQUESTS[target.api]).filter(([name]) => target.url === null || ON_REAL_REQUESTS.has(name))
  describe.concurrent.each(requests)('%s', (name, meets) => {
    const place = requests.findIndex(([other]) => other === name)
    // in part: each fault at one of the requests to one of the two APIs
    const isPlayed = (i: number) => i % requests.length === place && takesTurn(Math.floor(i / requests.length), played.indexOf(target))
    const faults = target.url === null ? names.filter((_, i) => WHOLE || isPlayed(i)) : ON_REAL
    test.for(faults)('%s', async (fault, context) => {
      const figures = figuresOf(context)
      let met = 0
      let spoil = true
      const nth = name === 'the second import' ? 2 : 1
      const at = (passing: Passing) => (spoil && meets(passing) && ++met === nth ? fault : 'go on')
      let site: Awaited<ReturnType<typeof openClinic>> | undefined
      const proxy = await startDhis2Proxy({
        target: () => site?.world.url ?? target.url!,
        tooLongMs: TOO_LONG_MS[target.url === null ? 'sandbox' : 'real'],
        atRequest: (_n, passing) => at(passing),
      })
      site = await openClinic(target, proxy.url)
      const { world } = site

      const report = await world.sync(mapping.name)
      expect(met).toBeGreaterThanOrEqual(nth)
      if (report.state === 'failed') {
        expect(report.failure ?? '', report.failure ?? '').toMatch(ENDS[fault] ?? /HTTP 500|rejected/)
        spoil = false
        expect(await world.sync(mapping.name)).toMatchObject({ state: 'succeeded', rejected: [] })
      } else {
        // what the account is to blame for does not pass by itself
        expect(ENDS[fault]).toBeUndefined()
        expect(report).toMatchObject({ state: 'succeeded', rejected: [] })
      }
      await isComplete(site)
      Object.assign(figures, { syncs: 2, disturbed: 1 })
      await world.close()
      await proxy.close()
    })
  })
})

describe.each(played.filter(({ url }) => url === null))('$name', (target) => {
  test('an import that DHIS2 carries out when all is done: the same again, or mended by --resync', async (context) => {
    let letGo = () => {}
    let carriedOut: Promise<unknown> | undefined
    const gate = new Promise<void>((open) => (letGo = open))
    let site: Awaited<ReturnType<typeof openClinic>> | undefined
    const proxy = await startDhis2Proxy({
      target: () => site!.world.url,
      atRequest(_n, { method, body }) {
        // the first request with events
        if (carriedOut || method !== 'POST' || !body.includes('dataValues')) return 'go on'
        return ({ ask }) => (carriedOut = gate.then(ask))
      },
    })
    site = await openClinic(target, proxy.url)
    const { world } = site
    expect(await world.sync(mapping.name)).toMatchObject({ state: 'succeeded', rejected: [] })
    await isComplete(site)
    letGo()
    await carriedOut
    if (target.api === 'legacy') expect(await readBack(world)).not.toEqual(expectedOf(site.clinic, mapping))
    expect(await world.sync(mapping.name, { resync: true })).toMatchObject({ state: 'succeeded', rejected: [] })
    await isComplete(site)
    Object.assign(figuresOf(context), { syncs: 4, disturbed: 1 })
    await world.close()
    await proxy.close()
  })
})

// the network as a whole, for which it is all one who is at its other end
const [sandbox] = targets().filter(({ url, version, api }) => url === null && version === '2.41' && api === 'tracker')

describe.runIf(sandbox)('in mid-run', () => {
  /** a name that this process alone knows */
  const NAME = 'dhis2.clinic.invalid'
  let isKnown = true
  beforeAll(() => {
    const { lookup } = dns
    const here = (name: string, ...rest: unknown[]) =>
      (lookup as (...all: unknown[]) => void)(name === NAME && isKnown ? '127.0.0.1' : name, ...rest)
    vi.spyOn(dns, 'lookup').mockImplementation(here)
  })
  afterAll(() => {
    vi.restoreAllMocks()
  })

  /** what goes, and how it comes back */
  const LOSSES = {
    'nobody listens': {
      go: (proxy: Dhis2Proxy) => proxy.cut(),
      back: (proxy: Dhis2Proxy) => proxy.mend(),
      says: /^DHIS2 at http:\S+ refuses the connection, also after \d+ tr(y|ies)\. Check the network and DHIS2_URL; the next sync goes on from here\.$/,
    },
    'the name is not found': {
      // open connections need no name
      go: async (proxy: Dhis2Proxy) => {
        isKnown = false
        await proxy.cut()
        await proxy.mend()
      },
      back: async () => void (isKnown = true),
      says: /^DHIS2 at http:\S+ is not found under this name, also after \d+ tr(y|ies)\. Check the network and DHIS2_URL; the next sync goes on from here\.$/,
    },
  }

  test.for(
    Object.entries(LOSSES).flatMap(([name, loss]) => [
      { name, loss, isLong: false },
      { name, loss, isLong: true },
    ]),
  )('$name for a time (longer than the budget: $isLong)', async ({ loss, isLong }, context) => {
    isKnown = true
    let posts = 0
    let gone: Promise<unknown> = Promise.resolve()
    let site: Awaited<ReturnType<typeof openClinic>> | undefined
    const proxy: Dhis2Proxy = await startDhis2Proxy({
      target: () => site!.world.url,
      atRequest(_n, { method }) {
        if (method !== 'POST' || ++posts !== 2) return 'go on'
        gone = loss.go(proxy).then(async () => {
          if (isLong) return
          await sleep(1500)
          await loss.back(proxy)
        })
        return 'reset after the request was carried out'
      },
    })
    site = await openClinic(sandbox!, proxy.url.replace('127.0.0.1', NAME), { DHIS2_RETRY_SECONDS: isLong ? '1' : '20' })
    const { world } = site
    const report = await world.sync(mapping.name)
    await gone
    if (isLong) {
      expect(report.state).toBe('failed')
      expect(report.failure).toMatch(loss.says)
      expect(await world.db.query('select from marker where last_synced_date is not null')).toEqual([])
      await loss.back(proxy)
      expect(await world.sync(mapping.name)).toMatchObject({ state: 'succeeded', rejected: [] })
    } else expect(report).toMatchObject({ state: 'succeeded', rejected: [] })
    await isComplete(site)
    Object.assign(figuresOf(context), { syncs: isLong ? 3 : 2, disturbed: 1 })
    await world.close()
    await proxy.close()
  })
})
