/** The adapter to the legacy API on a sandbox that behaves as 2.30 does: the ten things that a client of 2.30 has to know. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { EnrollmentPayload, EventPayload, ObjectResult, TrackedEntityPayload } from '../../src/core/model.ts'
import { enrollmentFields, eventPayload } from '../../src/core/payload.ts'
import type { Dhis2Client } from '../../src/dhis2/client.ts'
import { connectDhis2 } from '../../src/dhis2/connect.ts'
import { RequestRefused, UnsupportedServer } from '../../src/dhis2/errors.ts'
import { startSandbox, type Sandbox } from '../../src/sandbox/start.ts'
import { enrollment as enrollmentRow, event as eventRow, MAPPING } from '../support/clinic.ts'
import { startServer } from '../support/local-server.ts'

const PROGRAM = 'PRGHtsTest1'
const CLINIC = 'OUClinHre01'
const TIMING = { connections: 2, timeoutMs: 10_000, retryBudgetMs: 0 }
const ACCOUNT = { username: 'sync', password: 'Sync-2024!pw' }
const legacyAt = (url: string): Promise<Dhis2Client> => connectDhis2({ url, credentials: ACCOUNT, api: 'legacy', ...TIMING })

let sandbox: Sandbox
let client: Dhis2Client
beforeAll(async () => {
  sandbox = await startSandbox({ version: '2.30' })
  client = await legacyAt(sandbox.url)
})
afterAll(async () => {
  await client.close()
  await sandbox.close()
})
beforeEach(() => sandbox.control.reset())

const person = (over: Partial<TrackedEntityPayload> = {}): TrackedEntityPayload => ({
  trackedEntity: 'TPatient001',
  trackedEntityType: 'TETPerson01',
  orgUnit: CLINIC,
  attributes: [
    { attribute: 'TEAUicCode1', value: `UIC-${over.trackedEntity ?? 'TPatient001'}` },
    { attribute: 'TEALastNam1', value: 'Test' },
  ],
  exists: false,
  ...over,
})
const visit = (uid: string, over: Partial<EventPayload> = {}): EventPayload => ({
  event: uid,
  programStage: 'PSTHtsFoll1',
  orgUnit: CLINIC,
  occurredAt: '2024-03-05',
  status: 'COMPLETED',
  dataValues: [
    { dataElement: 'DEFupReslt1', value: 'NEGATIVE' },
    { dataElement: 'DEFupVisNo1', value: '1' },
  ],
  exists: false,
  ...over,
})
const FIELDS = { orgUnit: CLINIC, enrolledAt: '2024-03-01', occurredAt: '2024-02-28', status: 'ACTIVE' } as const
const enrollment = (uid: string, over: Partial<EnrollmentPayload> = {}): EnrollmentPayload => ({
  enrollment: uid,
  trackedEntity: 'TPatient001',
  program: PROGRAM,
  fields: FIELDS,
  existing: null,
  events: [],
  ...over,
})
const inStatus = (status: 'ACTIVE' | 'COMPLETED' | 'CANCELLED') => ({ ...FIELDS, status })

const created: ObjectResult = { state: 'created', warnings: [] }
const updated: ObjectResult = { state: 'updated', warnings: [] }
const refused = (code: string, field: string | null = null) => ({ state: 'refused', errors: [{ code, field }] })
const resultsOf = (report: ReadonlyMap<string, ObjectResult>) => Object.fromEntries(report)

/** What DHIS2 has of the only patient: status and events, with their data values, by enrollment. */
function kept(): Record<string, { status: string; events: Record<string, Record<string, string>> }> {
  const [only] = sandbox.control.dump().trackedEntities
  return Object.fromEntries(
    (only?.enrollments ?? []).map((e) => [
      e.enrollment,
      { status: e.status, events: Object.fromEntries(e.events.map((event) => [event.event, event.dataValues])) },
    ]),
  )
}
const persons = () =>
  sandbox.control
    .dump()
    .trackedEntities.map((te) => te.trackedEntity)
    .toSorted()
/** As the next run reads it. */
const existing = async (uid: string) => (await client.readEnrollments(PROGRAM, ['TPatient001'])).find((e) => e.enrollment === uid)!
const VALUES = { DEFupReslt1: 'NEGATIVE', DEFupVisNo1: '1' }

describe('point 1: new events go to the person’s ACTIVE enrollment of the program, whatever they name', () => {
  beforeEach(() => client.importTrackedEntities([person()]))

  test('so the client says that it adds events to no other', () => {
    expect(client.addsEventsToAnyEnrollment).toBe(false)
  })

  test.each(['COMPLETED', 'CANCELLED'] as const)(
    'an enrollment that is %s from the start is sent ACTIVE with its events first',
    async (status) => {
      const report = await client.importEnrollments([
        enrollment('NCase13n1xx', { fields: inStatus(status), events: [visit('VCase13n1xx')] }),
      ])
      expect(resultsOf(report)).toEqual({ NCase13n1xx: created, VCase13n1xx: created })
      expect(kept()).toEqual({ NCase13n1xx: { status, events: { VCase13n1xx: VALUES } } })
    },
  )

  test('an enrollment that is completed together with a new event', async () => {
    await client.importEnrollments([enrollment('NCase11n1xx', { events: [visit('VCase11n1xx')] })])
    const report = await client.importEnrollments([
      enrollment('NCase11n1xx', {
        fields: inStatus('COMPLETED'),
        existing: await existing('NCase11n1xx'),
        events: [visit('VCase11n1xx', { exists: true }), visit('VCase11nbxx')],
      }),
    ])
    expect(resultsOf(report)).toEqual({ NCase11n1xx: updated, VCase11n1xx: updated, VCase11nbxx: created })
    expect(kept()).toEqual({ NCase11n1xx: { status: 'COMPLETED', events: { VCase11n1xx: VALUES, VCase11nbxx: VALUES } } })
  })

  test('a new event alone, for an enrollment that is COMPLETED in DHIS2 and is not sent itself', async () => {
    await client.importEnrollments([enrollment('NCase15n1xx', { fields: inStatus('COMPLETED') })])
    const report = await client.importEnrollments([
      enrollment('NCase15n1xx', { fields: null, existing: await existing('NCase15n1xx'), events: [visit('VCase15n1xx')] }),
    ])
    expect(report.get('VCase15n1xx')).toEqual(created)
    expect(kept()).toEqual({ NCase15n1xx: { status: 'COMPLETED', events: { VCase15n1xx: VALUES } } })
    expect(sandbox.control.dump().trackedEntities[0]?.enrollments).toMatchObject([
      { orgUnit: CLINIC, enrolledAt: '2024-03-01T00:00:00.000', occurredAt: '2024-02-28T00:00:00.000' },
    ])
  })

  test('events that exist are changed where they are, and the enrollment is sent once', async () => {
    await client.importEnrollments([enrollment('NCase15n1xx', { fields: inStatus('COMPLETED'), events: [visit('VCase15n1xx')] })])
    await client.importEnrollments([enrollment('NCase15naxx')])
    const before = await existing('NCase15n1xx')
    sandbox.control.clearRequests()
    const report = await client.importEnrollments([
      enrollment('NCase15n1xx', {
        fields: inStatus('COMPLETED'),
        existing: before,
        events: [visit('VCase15n1xx', { exists: true, dataValues: [{ dataElement: 'DEFupReslt1', value: 'POSITIVE' }] })],
      }),
    ])
    expect(resultsOf(report)).toEqual({ NCase15n1xx: updated, VCase15n1xx: updated })
    expect(sandbox.control.importRequests()).toBe(1)
    expect(kept()).toEqual({
      NCase15n1xx: { status: 'COMPLETED', events: { VCase15n1xx: { ...VALUES, DEFupReslt1: 'POSITIVE' } } },
      NCase15naxx: { status: 'ACTIVE', events: {} },
    })
  })

  test('while another one is ACTIVE a completed one with new events is refused, and nothing lands in the other', async () => {
    await client.importEnrollments([enrollment('NCase13naxx')])
    const report = await client.importEnrollments([
      enrollment('NCase13ncxx', { fields: inStatus('COMPLETED'), events: [visit('VCase13n3xx')] }),
    ])
    expect(resultsOf(report)).toMatchObject({ NCase13ncxx: refused('E1015'), VCase13n3xx: { state: 'parentRefused' } })
    expect(kept()).toEqual({ NCase13naxx: { status: 'ACTIVE', events: {} } })
  })
})

describe('point 2: a nested failure does not show outside', () => {
  test('an event refused inside of «Import was successful» is refused, its neighbours are saved', async () => {
    await client.importTrackedEntities([person()])
    const report = await client.importEnrollments([
      enrollment('NCase34n1xx', {
        events: [visit('VCase34n1xx'), visit('VCase34n2xx', { programStage: 'PSTNowhere1' }), visit('VCase34n3xx')],
      }),
    ])
    expect(resultsOf(report)).toMatchObject({
      NCase34n1xx: created,
      VCase34n1xx: created,
      VCase34n2xx: refused('E1013'),
      VCase34n3xx: created,
    })
    expect(Object.keys(kept()['NCase34n1xx']?.events ?? {}).toSorted()).toEqual(['VCase34n1xx', 'VCase34n3xx'])
  })
})

describe('point 3: an unknown or empty org unit of a new person: SUCCESS, and nothing saved', () => {
  test.each(['OUNowhere01', ''])('is refused: "%s"', async (orgUnit) => {
    const report = await client.importTrackedEntities([person(), person({ trackedEntity: 'TPatient002', orgUnit })])
    expect(resultsOf(report)).toMatchObject({ TPatient001: created, TPatient002: { state: 'refused', errors: [{}] } })
    expect(persons()).toEqual(['TPatient001'])
  })
})

describe('point 4: an unknown org unit of an enrollment is accepted', () => {
  test('so it is refused before sending, and so is that of an event', async () => {
    const metadata = await client.readMetadata([PROGRAM])
    const context = { mapping: MAPPING, metadata, today: '2024-06-01' }
    expect(enrollmentFields(enrollmentRow({ orgUnitCode: 'C-99' }), context)).toMatchObject({ rejection: { code: 'org-unit-unknown' } })
    expect(enrollmentFields(enrollmentRow({ orgUnitCode: 'C-01' }), context)).toEqual({ ...FIELDS })
    const row = eventRow({}, { orgUnitCode: 'C-99' })
    const ofEvent = { mapping: MAPPING, metadata, today: '2024-06-01', timeZone: 'UTC', enrollment: enrollmentRow(), uid: 'VCase18z1xx' }
    expect(eventPayload(row, ofEvent)).toMatchObject({ rejection: { code: 'org-unit-unknown' } })
  })

  test('an enrollment that has none in DHIS2 is read and its events are updated', async () => {
    await client.importTrackedEntities([person()])
    await client.importEnrollments([
      enrollment('NCase18z1xx', { fields: { ...FIELDS, orgUnit: 'OUNowhere01' }, events: [visit('VCase18z1xx')] }),
    ])
    const there = await existing('NCase18z1xx')
    expect(there).toMatchObject({ orgUnit: null, status: 'ACTIVE' })
    const report = await client.importEnrollments([
      enrollment('NCase18z1xx', { fields: null, existing: there, events: [visit('VCase18z1xx', { exists: true }), visit('VCase18z2xx')] }),
    ])
    expect(resultsOf(report)).toMatchObject({ VCase18z1xx: updated, VCase18z2xx: created })
  })
})

describe('point 5: some errors refuse the whole request, with no summaries', () => {
  const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => null,
      (error: unknown) => error,
    )

  test('a date that cannot be parsed (500)', async () => {
    const bad = person({ trackedEntity: 'TPatient002', attributes: [{ attribute: 'TEABirthDt1', value: '1990-02-31' }] })
    const error = await failureOf(client.importTrackedEntities([person(), bad]))
    expect(error).toBeInstanceOf(RequestRefused)
    expect(error).toMatchObject({ status: 500, detail: expect.stringContaining('1990-02-31') as string })
    expect(persons()).toEqual([])
  })

  test.each<[string, Partial<EnrollmentPayload>, number]>([
    ['an unknown program (500)', { program: 'PRGNowhere1' }, 500],
    ['an unknown person (409)', { trackedEntity: 'TNowhere001' }, 409],
    ['a date that is none (500)', { fields: { ...FIELDS, enrolledAt: '2024-03-01 10:11:12' } }, 500],
    ['an event date that is none (500)', { trackedEntity: 'TPatient002', events: [visit('VCase18g1xx', { occurredAt: 'soon' })] }, 500],
    ['an unknown status (500)', { trackedEntity: 'TPatient002', events: [visit('VCase18p1xx', { status: 'DONE' as 'ACTIVE' })] }, 500],
  ])('%s: the good one beside it is not saved either', async (_name, over, status) => {
    await client.importTrackedEntities([person(), person({ trackedEntity: 'TPatient002' })])
    const error = await failureOf(client.importEnrollments([enrollment('NCase18z1xx'), enrollment('NCase18z2xx', over)]))
    expect(error).toBeInstanceOf(RequestRefused)
    expect(error).toMatchObject({ status })
    expect(sandbox.control.dump().trackedEntities.flatMap((te) => te.enrollments)).toEqual([])
  })

  test('reopening while another one is active (409)', async () => {
    await client.importTrackedEntities([person()])
    await client.importEnrollments([enrollment('NCase14n1xx', { fields: inStatus('COMPLETED') })])
    await client.importEnrollments([enrollment('NCase14n2xx')])
    const error = await failureOf(client.importEnrollments([enrollment('NCase14n1xx', { existing: await existing('NCase14n1xx') })]))
    expect(error).toBeInstanceOf(RequestRefused)
    expect(error).toMatchObject({ status: 409, detail: expect.stringContaining('another active enrollment') as string })
    expect(kept()['NCase14n1xx']?.status).toBe('COMPLETED')
  })
})

describe('point 6: answers are not in request order', () => {
  test('every person has its own result: old, new, old, new', async () => {
    const uids = ['TPatient001', 'TPatient002', 'TPatient003', 'TPatient004']
    const all = uids.map((trackedEntity) => person({ trackedEntity }))
    await client.importTrackedEntities([all[0]!, all[2]!])
    expect(resultsOf(await client.importTrackedEntities(all))).toEqual({
      TPatient001: updated,
      TPatient002: created,
      TPatient003: updated,
      TPatient004: created,
    })
  })

  test('an ERROR for «no write access» has no reference: it is told when the person is sent alone', async () => {
    const away = person({ trackedEntity: 'TPatient002', orgUnit: 'OUProvHre01' })
    expect(resultsOf(await client.importTrackedEntities([person(), away]))).toMatchObject({
      TPatient001: created,
      TPatient002: refused('UNREPORTED'),
    })
    expect(resultsOf(await client.importTrackedEntities([away]))).toMatchObject({ TPatient002: refused('E1000') })
    expect(persons()).toEqual(['TPatient001'])
  })
})

describe('point 7: event values are hardly checked', () => {
  const withValue = (dataElement: string, value: string) =>
    visit('VCase18b2xx', {
      dataValues: [
        { dataElement: 'DEFupReslt1', value: 'NEGATIVE' },
        { dataElement, value },
      ],
    })
  test.each([
    ['an unknown data element', 'DENowhere01', 'x', 'E1304'],
    ['a wrong number', 'DEFupVisNo1', '-1', 'E1302'],
    ['a wrong boolean', 'DEFupLinkd1', 'maybe', 'E1302'],
    ['a wrong date', 'DEFupNextD1', '2024-02-31', 'E1302'],
  ])('%s: saved without that value, and told as refused with the data element', async (_name, dataElement, value, code) => {
    await client.importTrackedEntities([person()])
    const report = await client.importEnrollments([
      enrollment('NCase18b1xx', { events: [withValue(dataElement, value), visit('VCase18b1xx')] }),
    ])
    expect(resultsOf(report)).toMatchObject({ NCase18b1xx: created, VCase18b1xx: created, VCase18b2xx: refused(code, dataElement) })
    expect(kept()['NCase18b1xx']?.events['VCase18b2xx']).toEqual({ DEFupReslt1: 'NEGATIVE' })
  })

  test.each([
    ['an option that is none', eventRow({ 'HIV result': 'MAYBE' }), 'value-not-an-option'],
    ['a compulsory value that is missing', eventRow({ 'HIV result': null }), 'mandatory-missing'],
    ['a data element of another stage', eventRow({ Notes: 'of the follow-up' }), 'field-not-in-stage'],
    ['a stage of another program', eventRow({}, { programStage: 'PSTTbVisit1' }), 'stage-unknown'],
  ])('what 2.30 takes without a word is refused before sending: %s', async (_name, row, code) => {
    const metadata = await client.readMetadata([PROGRAM, 'PRGTbTreat1'])
    const context = { mapping: MAPPING, metadata, today: '2024-06-01', timeZone: 'UTC', enrollment: enrollmentRow(), uid: 'VCase18a1xx' }
    expect(eventPayload(row, context)).toMatchObject({ rejection: { code } })
  })
})

describe('point 8: updating an event replaces its data values', () => {
  beforeEach(async () => {
    await client.importTrackedEntities([person()])
    await client.importEnrollments([enrollment('NCase17n1xx', { events: [visit('VCase17n1xx'), visit('VCase17n2xx')] })])
  })
  const update = async (dataValues: EventPayload['dataValues']) =>
    client.importEnrollments([
      enrollment('NCase17n1xx', {
        fields: null,
        existing: await existing('NCase17n1xx'),
        events: [visit('VCase17n1xx', { exists: true, dataValues })],
      }),
    ])

  test('so what others entered goes back with ours, and what we clear goes', async () => {
    sandbox.control.edit({ kind: 'event', uid: 'VCase17n1xx', dataValues: { DEFupNotes1: 'entered in DHIS2' } })
    const report = await update([
      { dataElement: 'DEFupReslt1', value: 'POSITIVE' },
      { dataElement: 'DEFupVisNo1', value: null },
    ])
    expect(report.get('VCase17n1xx')).toEqual(updated)
    expect(kept()['NCase17n1xx']?.events).toEqual({
      VCase17n1xx: { DEFupReslt1: 'POSITIVE', DEFupNotes1: 'entered in DHIS2' },
      VCase17n2xx: VALUES,
    })
  })

  test('a bad value in the update is refused and the values stay', async () => {
    expect(resultsOf(await update([{ dataElement: 'DEFupVisNo1', value: 'x' }]))).toMatchObject({
      VCase17n1xx: { state: 'refused', errors: [{ code: 'E1302' }] },
    })
    expect(kept()['NCase17n1xx']?.events['VCase17n1xx']).toEqual(VALUES)
  })

  test('an event that may exist and does not is new: its enrollment is ACTIVE while it is sent', async () => {
    await client.importEnrollments([enrollment('NCase17n1xx', { fields: inStatus('COMPLETED'), existing: await existing('NCase17n1xx') })])
    const report = await client.importEnrollments([
      enrollment('NCase17n1xx', {
        fields: null,
        existing: await existing('NCase17n1xx'),
        events: [visit('VCase17n3xx', { exists: true })],
      }),
    ])
    expect(report.get('VCase17n3xx')).toEqual(created)
    expect(kept()['NCase17n1xx']).toMatchObject({ status: 'COMPLETED', events: { VCase17n3xx: VALUES } })
  })
})

describe('point 9: a person’s attributes cannot be emptied', () => {
  const cleared = person({ attributes: [{ attribute: 'TEALastNam1', value: null }], exists: true })
  const lastName = () => sandbox.control.dump().trackedEntities[0]?.attributes['TEALastNam1']

  test('«updated» with the old value kept is told with a warning', async () => {
    await client.importTrackedEntities([person()])
    expect(resultsOf(await client.importTrackedEntities([cleared]))).toEqual({
      TPatient001: {
        state: 'updated',
        warnings: [
          { code: 'NOT_CLEARED', message: 'DHIS2 2.30 cannot empty attribute TEALastNam1: clear it there by hand', field: 'TEALastNam1' },
        ],
      },
    })
    expect(lastName()).toBe('Test')
  })

  test('nothing is told when there was no value, or when nothing is emptied', async () => {
    await client.importTrackedEntities([person({ attributes: [{ attribute: 'TEAUicCode1', value: 'UIC-1' }] })])
    expect(resultsOf(await client.importTrackedEntities([cleared]))).toEqual({ TPatient001: updated })
    sandbox.control.clearRequests()
    expect(resultsOf(await client.importTrackedEntities([person({ exists: true })]))).toEqual({ TPatient001: updated })
    expect(sandbox.control.requests()).toHaveLength(1)
  })

  test('2.41 empties it, and nothing is told', async () => {
    sandbox.setVersion('2.41')
    const newer = await legacyAt(sandbox.url)
    await newer.importTrackedEntities([person()])
    expect(resultsOf(await newer.importTrackedEntities([cleared]))).toEqual({ TPatient001: updated })
    expect(lastName()).toBeUndefined()
    await newer.close()
    sandbox.setVersion('2.30')
  })
})

describe('point 10: completedDate is not to be trusted', () => {
  test('one that was COMPLETED from the start has none, a reopened one keeps it: the status is what counts', async () => {
    await client.importTrackedEntities([person()])
    await client.importEnrollments([enrollment('NCase13n1xx', { fields: inStatus('COMPLETED') })])
    expect(await existing('NCase13n1xx')).toMatchObject({ status: 'COMPLETED', completedAt: null })

    await client.importEnrollments([enrollment('NCase14n1xx')])
    await client.importEnrollments([enrollment('NCase14n1xx', { fields: inStatus('COMPLETED'), existing: await existing('NCase14n1xx') })])
    const before = await existing('NCase14n1xx')
    await client.importEnrollments([enrollment('NCase14n1xx', { existing: before })])
    expect(before).toMatchObject({ status: 'COMPLETED', completedAt: expect.any(String) as string })
    expect(await existing('NCase14n1xx')).toMatchObject({ status: 'ACTIVE', completedAt: before.completedAt })
  })

  test('an enrollment that keeps it while ACTIVE takes new events', async () => {
    await client.importTrackedEntities([person()])
    await client.importEnrollments([enrollment('NCase14n1xx')])
    await client.importEnrollments([enrollment('NCase14n1xx', { fields: inStatus('COMPLETED'), existing: await existing('NCase14n1xx') })])
    await client.importEnrollments([enrollment('NCase14n1xx', { existing: await existing('NCase14n1xx') })])
    const reopened = await existing('NCase14n1xx')
    const report = await client.importEnrollments([
      enrollment('NCase14n1xx', { fields: null, existing: reopened, events: [visit('VCase14n1xx')] }),
    ])
    expect(report.get('VCase14n1xx')).toEqual(created)
    expect(kept()).toEqual({ NCase14n1xx: { status: 'ACTIVE', events: { VCase14n1xx: VALUES } } })
  })
})

describe('reading', () => {
  const open: { close: () => Promise<void> }[] = []
  afterEach(async () => {
    for (const one of open.splice(0).toReversed()) await one.close()
  })

  test('the enrollments of other programs are left out', async () => {
    await client.importTrackedEntities([person()])
    await client.importEnrollments([enrollment('NCase21n1xx')])
    await client.importEnrollments([enrollment('NCase21n3xx', { program: 'PRGTbTreat1' })])
    const uids = async (program: string) => (await client.readEnrollments(program, ['TPatient001'])).map((e) => e.enrollment)
    expect([await uids(PROGRAM), await uids('PRGTbTreat1')]).toEqual([['NCase21n1xx'], ['NCase21n3xx']])
  })

  /** 2.30's way with a list of uids: 500 when the first one is not there. */
  async function moody(there: readonly string[], single: (uid: string) => number) {
    const server = await startServer(({ path }) => {
      const url = new URL(path, 'http://dhis2')
      if (url.pathname === '/api/system/info') return { body: { version: '2.30' } }
      const one = /^\/api\/trackedEntityInstances\/(\w+)$/.exec(url.pathname)?.[1]
      if (one !== undefined) return { status: single(one) }
      const asked = url.searchParams.get('trackedEntityInstance')!.split(';')
      if (!there.includes(asked[0]!)) return { status: 500, body: { message: 'Cannot invoke "Object.getClass()"' } }
      const found = asked.filter((uid) => there.includes(uid))
      return { body: { trackedEntityInstances: found.map((uid) => ({ trackedEntityInstance: uid, orgUnit: CLINIC })) } }
    })
    const moodyClient = await legacyAt(server.url)
    open.push(server, moodyClient)
    return { server, client: moodyClient }
  }
  const ALL = Array.from({ length: 9 }, (_, i) => `TPatient00${i}`)

  test.each<[string, readonly string[]]>([
    ['all there', ALL],
    ['the first gone', ALL.slice(1)],
    ['only the last there', ALL.slice(-1)],
    ['every other gone', ALL.filter((_, i) => i % 2 === 1)],
    ['none there', []],
  ])('persons that are gone do not hide the others: %s', async (_name, there) => {
    const { client: reader } = await moody(there, (uid) => (there.includes(uid) ? 200 : 404))
    expect((await reader.readTrackedEntities(ALL)).map((te) => te.trackedEntity)).toEqual(there)
  })

  test('a 500 that has another reason is no proof that a person is gone', async () => {
    const { client: reader } = await moody([], () => 200)
    await expect(reader.readTrackedEntities(ALL)).rejects.toMatchObject({ status: 500 })
    const broken = await moody([], () => 500)
    await expect(broken.client.readTrackedEntities(ALL)).rejects.toMatchObject({ status: 500 })
  })

  test('nothing to ask for: nothing is asked', async () => {
    const { server, client: reader } = await moody(ALL, () => 200)
    expect([await reader.readTrackedEntities([]), await reader.readEnrollments(PROGRAM, []), await reader.readEvents(PROGRAM, [])]).toEqual(
      [[], [], []],
    )
    expect(server.seen.map((s) => s.path)).toEqual(['/api/system/info'])
  })
})

test('a dry run is refused: 2.30 saves in spite of dryRun=true', async () => {
  const validateOnly = { trackedEntities: [], enrollments: [] }
  expect(client.canValidate).toBe(false)
  await expect(client.importTrackedEntities([person()], { validateOnly })).rejects.toThrow(UnsupportedServer)
  await expect(client.importEnrollments([enrollment('NCase22n1xx')], { validateOnly })).rejects.toThrow(UnsupportedServer)
  expect(persons()).toEqual([])
})
