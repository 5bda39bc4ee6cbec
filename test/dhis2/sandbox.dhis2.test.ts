import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Sandbox, startSandbox } from '../../src/sandbox/start.ts'
import { enrollment, event, firstEvent, person, readPerson, sendPersons, verdict } from './contract/speak.ts'
import { basic, Target } from './contract/target.ts'

/** What the sandbox has beyond DHIS2: its controls, and metadata of its own. */
let sandbox: Sandbox
let target: Target
beforeAll(async () => {
  sandbox = await startSandbox({ version: '2.43', controls: true })
  target = new Target('tracker 2.43', sandbox.url)
})
afterAll(() => sandbox.close())
beforeEach(() => sandbox.control.reset())

const control = (method: string, name: string, body?: unknown): Promise<Response> =>
  fetch(`${sandbox.url}/sandbox/${name}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })

describe('the dump', () => {
  test('holds every object and value, soft-deleted ones too', async () => {
    const own = enrollment({ events: [firstEvent(), event()] })
    const one = person({ enrollments: [own] })
    await sendPersons(target, [one])
    sandbox.control.edit({ kind: 'event', uid: own.events[1]?.uid ?? '', deleted: true })
    expect(sandbox.control.dump().trackedEntities).toMatchObject([
      {
        trackedEntity: one.uid,
        deleted: false,
        attributes: one.attributes,
        enrollments: [
          {
            enrollment: own.uid,
            status: 'ACTIVE',
            enrolledAt: '2024-03-01T00:00:00.000',
            events: [
              { event: own.events[0]?.uid, deleted: false, dataValues: own.events[0]?.values },
              { event: own.events[1]?.uid, deleted: true, dataValues: own.events[1]?.values },
            ],
          },
        ],
      },
    ])
    expect(await (await control('GET', 'dump')).json()).toEqual(sandbox.control.dump())
    expect(await (await control('GET', 'counts')).json()).toEqual({ trackedEntities: 1, enrollments: 1, events: 2 })
  })

  test('is empty after a reset', async () => {
    await sendPersons(target, [person()])
    await control('POST', 'reset')
    expect(sandbox.control.dump()).toEqual({ trackedEntities: [] })
    expect(sandbox.control.requests()).toEqual([])
  })
})

describe('the request log', () => {
  test('counts by endpoint, and the requests that write', async () => {
    await target.get('/api/system/info')
    await target.get('/api/tracker/trackedEntities/CNowhere001')
    await sendPersons(target, [person()])
    await sendPersons(target, [person()])
    await target.request('GET', '/api/me', undefined, basic('sync', 'wrong'))
    expect(sandbox.control.requestCounts()).toEqual({
      'GET system/info': 1,
      'GET tracker/trackedEntities': 1,
      'POST tracker': 2,
      'GET me': 1,
    })
    expect(sandbox.control.importRequests()).toBe(2)
    expect(sandbox.control.requests().map(({ username, status }) => [username, status])).toEqual([
      ['sync', 200],
      ['sync', 404],
      ['sync', 200],
      ['sync', 200],
      [null, 401],
    ])
    await control('DELETE', 'requests')
    expect(sandbox.control.importRequests()).toBe(0)
  })
})

describe('foreign edits', () => {
  test('change and delete what is there', async () => {
    const own = enrollment({ events: [event()] })
    const one = person({ enrollments: [own] })
    const first = own.events[0]?.uid ?? ''
    await sendPersons(target, [one])
    sandbox.control.edit({ kind: 'trackedEntity', uid: one.uid, attributes: { TEAFirstNm1: 'Foreign', TEALastNam1: null } })
    sandbox.control.edit({ kind: 'enrollment', uid: own.uid, status: 'COMPLETED' })
    await control('POST', 'edit', { kind: 'event', uid: first, occurredAt: '2024-09-09', dataValues: { DEFupVisNo1: '9' } })
    const read = await readPerson(target, one.uid)
    expect(read?.attributes).toMatchObject({ TEAFirstNm1: 'Foreign' })
    expect(read?.attributes['TEALastNam1']).toBeUndefined()
    expect(read?.enrollments).toMatchObject([
      { status: 'COMPLETED', completed: true, events: [{ date: '2024-09-09', values: { DEFupReslt1: 'NEGATIVE', DEFupVisNo1: '9' } }] },
    ])
    sandbox.control.edit({ kind: 'trackedEntity', uid: one.uid, deleted: true })
    expect(verdict(target, await sendPersons(target, [one]), one.uid)).toMatch(/E1114/)
  })

  test('of what is not there are refused', async () => {
    expect(() => sandbox.control.edit({ kind: 'event', uid: 'CNowhere001', deleted: true })).toThrow('no event CNowhere001')
    expect((await control('POST', 'edit', { kind: 'event', uid: 'CNowhere001' })).status).toBe(400)
    expect((await control('POST', 'edit', { kind: 'nonsense' })).status).toBe(400)
    expect((await control('GET', 'nonsense')).status).toBe(404)
  })
})

describe('faults', () => {
  test('meet the next requests that match, and nobody else', async () => {
    sandbox.control.inject({ kind: 'status', status: 503, retryAfter: 2, method: 'POST', path: '/api/tracker', times: 2 })
    expect((await target.get('/api/me')).status).toBe(200)
    const one = person()
    const first = await sendPersons(target, [one])
    expect([first.status, first.headers.get('retry-after')]).toEqual([503, '2'])
    expect((await sendPersons(target, [one])).status).toBe(503)
    expect(await readPerson(target, one.uid)).toBeNull()
    expect((await sendPersons(target, [one])).status).toBe(200)
  })

  test('may let some requests pass first', async () => {
    await control('POST', 'fault', { kind: 'status', status: 429, path: '/api/me', after: 1 })
    expect([(await target.get('/api/me')).status, (await target.get('/api/me')).status, (await target.get('/api/me')).status]).toEqual([
      200, 429, 200,
    ])
  })

  test('a reset connection, with the request carried out or not', async () => {
    const [lost, kept] = [person(), person()]
    sandbox.control.inject({ kind: 'reset' })
    await expect(sendPersons(target, [lost])).rejects.toThrow()
    sandbox.control.inject({ kind: 'reset', processed: true })
    await expect(sendPersons(target, [kept])).rejects.toThrow()
    expect([await readPerson(target, lost.uid), (await readPerson(target, kept.uid))?.uid]).toEqual([null, kept.uid])
  })

  test('a page instead of JSON, a truncated answer, no answer', async () => {
    sandbox.control.inject({ kind: 'html' })
    const page = await target.get('/api/me')
    expect([page.status, typeof page.body]).toEqual([502, 'string'])
    sandbox.control.inject({ kind: 'truncated' })
    await expect(target.get('/api/me')).rejects.toThrow()
    sandbox.control.inject({ kind: 'timeout' })
    const silence = fetch(`${sandbox.url}/api/me`, {
      headers: { Authorization: basic('sync', 'Sync-2024!pw') },
      signal: AbortSignal.timeout(50),
    })
    await expect(silence).rejects.toThrow('timeout')
  })

  test('a body of choice', async () => {
    sandbox.control.inject({ kind: 'status', status: 409, body: { message: 'just so' } })
    expect((await target.get('/api/me')).body).toEqual({ message: 'just so' })
  })
})

describe('the version', () => {
  test('changes while data stays', async () => {
    const one = person()
    await sendPersons(target, [one])
    await control('POST', 'version', { version: '2.30' })
    const old = new Target('legacy 2.30', sandbox.url)
    expect((await old.get('/api/system/info')).body.version).toBe('2.30')
    expect((await readPerson(old, one.uid))?.uid).toBe(one.uid)
    sandbox.setVersion('2.43')
    expect((await target.get('/api/system/info')).body.version).toMatch(/^2\.43/)
  })
})

describe('controls over HTTP', () => {
  test('are not there unless asked for', async () => {
    const closed = await startSandbox()
    const answer = await fetch(`${closed.url}/sandbox/dump`)
    expect(answer.status).toBe(404)
    await closed.close()
  })
})

describe('programs with rules of their own', () => {
  test('the demo’s third program, and one that people enter once', async () => {
    const { REFERENCE_METADATA } = await import('../../src/sandbox/dhis2/reference-metadata.ts')
    const art = await target.get('/api/programs/PRGArtCare1?fields=id,programStages[id,repeatable]')
    expect(art.body.programStages).toHaveLength(2)

    const once = await startSandbox({
      version: '2.41',
      metadata: {
        ...REFERENCE_METADATA,
        programs: REFERENCE_METADATA.programs.map((program) => ({ ...program, onlyEnrollOnce: true })),
      },
    })
    const [tracker, legacy] = [new Target('tracker 2.41', once.url), new Target('legacy 2.41', once.url)]
    const one = person({ enrollments: [enrollment({ status: 'COMPLETED' })] })
    await sendPersons(tracker, [one])
    const again = enrollment({ events: [event()] })
    const answer = await sendPersons(tracker, [{ ...one, enrollments: [again] }])
    expect(verdict(tracker, answer, again.uid)).toBe('refused E1016')
    expect(verdict(tracker, answer, again.events[0]?.uid ?? '')).toBe('refused E5000')
    const third = enrollment()
    expect(verdict(legacy, await sendPersons(legacy, [{ ...one, enrollments: [third] }]), third.uid)).toMatch(
      /^refused .*only allows enrolling/,
    )
    await once.close()
  })

  test('users of their own scope and tokens', async () => {
    const clinic = { firstName: 'One', surname: 'Clinic', orgUnits: ['OUClinByo01'], searchOrgUnits: [], authorities: [] }
    const own = await startSandbox({
      version: '2.43',
      users: [{ uid: 'USERclinic1', username: 'clinic', password: 'pw:with:colons', tokens: ['d2p_known'], ...clinic }],
    })
    const ask = async (authorization: string): Promise<number> =>
      (await fetch(`${own.url}/api/me`, { headers: { Authorization: authorization } })).status
    expect([await ask(basic('clinic', 'pw:with:colons')), await ask(basic('clinic', 'pw')), await ask('ApiToken d2p_known')]).toEqual([
      200, 401, 200,
    ])
    const away = person()
    const response = await fetch(`${own.url}/api/tracker?async=false`, {
      method: 'POST',
      headers: { Authorization: 'ApiToken d2p_known' },
      body: JSON.stringify({
        trackedEntities: [{ trackedEntity: away.uid, trackedEntityType: away.type, orgUnit: away.orgUnit, attributes: [] }],
      }),
    })
    expect([response.status, await response.text()]).toEqual([409, expect.stringContaining('E1000')])
    await own.close()
  })
})
