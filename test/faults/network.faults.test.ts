/** A network as bad as a clinic's, each of its evils once at each kind of request: the run ends well or says what to do, and the next completes it. */
import { describe, expect, test } from 'vitest'
import { Clinic, expectedOf, mappingOf } from '../support/clinic-model.ts'
import { startDhis2Proxy, UNHEARD, UNSEEN, type FaultName, type Passing } from '../support/dhis2-proxy.ts'
import { readBack } from '../support/read-back.ts'
import { openWorld, targets, type World } from '../support/world.ts'

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
const names = Object.keys({ ...UNSEEN, ...UNHEARD }) as FaultName[]

// one of each adapter: the client is the same for all versions
const played = targets().filter(({ version, api }) => (api === 'legacy' ? version === '2.30' : version === '2.43'))

describe.each(played)('$name', (target) => {
  describe.concurrent.each(Object.entries(REQUESTS[target.api]))('%s', (name, meets) => {
    test.each(names)('%s', async (fault) => {
      let met = 0
      let spoil = true
      const nth = name === 'the second import' ? 2 : 1
      const at = (passing: Passing) => (spoil && meets(passing) && ++met === nth ? fault : 'go on')
      let world: World | undefined
      const proxy = await startDhis2Proxy({ target: () => world!.url, atRequest: (_n, passing) => at(passing) })
      world = await openWorld(target, { DHIS2_URL: proxy.url, DHIS2_TIMEOUT: '1', DHIS2_RETRY_SECONDS: '5', SYNC_CHUNK_SIZE: '2' })
      const clinic = new Clinic(world.tag)
      for (const id of ['1', '2', '3']) clinic.healthy(id)
      clinic.healthy('4', 'COMPLETED')
      const mapping = mappingOf('hts')
      await world.saveMappings([mapping])
      await world.mart([clinic.service('hts')])

      const report = await world.sync(mapping.name)
      expect(met).toBeGreaterThanOrEqual(nth)
      if (report.state === 'failed') {
        expect(report.failure ?? '', report.failure ?? '').toMatch(ENDS[fault] ?? /HTTP 500|rejected/)
        spoil = false
        expect(await world.sync(mapping.name)).toMatchObject({ state: 'succeeded', rejected: [] })
      } else expect(report).toMatchObject({ state: 'succeeded', rejected: [] })
      expect(await readBack(world)).toEqual(expectedOf(clinic, mapping))
      expect((await world.sync(mapping.name)).counts.event).toMatchObject({ created: 0, updated: 0 })
      await world.close()
      await proxy.close()
    })
  })
})
