/** Import summaries of the legacy API, of the shapes that 2.30 and 2.41 gave. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ImportError, ObjectResult } from '../../src/core/model.ts'
import { parseSummaries, type SentObject } from '../../src/dhis2/legacy-report.ts'

interface Summary {
  status: 'SUCCESS' | 'WARNING' | 'ERROR'
  description?: string
  importCount: { imported: number; updated: number; ignored: number; deleted: number }
  /** 2.41 has an empty list where 2.30 has none */
  conflicts?: { object: string; value: string }[]
  rejectedIndexes?: number[]
  reference?: string
  events?: { responseType: string; status: string; importSummaries?: Summary[] }
}

const counts = (over: Partial<Summary['importCount']>) => ({ imported: 0, updated: 0, ignored: 0, deleted: 0, ...over })
const made = (reference: string, events?: Summary[], imported = 1): Summary => ({
  status: 'SUCCESS',
  importCount: counts({ imported }),
  reference,
  ...(events && { events: { responseType: 'ImportSummaries', status: 'SUCCESS', importSummaries: events } }),
})
const changed = (reference: string, events?: Summary[]): Summary => ({ ...made(reference, events), importCount: counts({ updated: 1 }) })
const failed = (reference: string | undefined, over: Partial<Summary>): Summary => ({
  status: 'ERROR',
  importCount: counts({ ignored: 1 }),
  ...(reference !== undefined && { reference }),
  ...over,
})
const conflict = (object: string, value: string) => ({ conflicts: [{ object, value }] })
/** As 2.41 says it. */
const newer = (summary: Summary): Summary => ({ conflicts: [], rejectedIndexes: [], ...summary })

const body = (importSummaries: Summary[]) => ({
  httpStatusCode: 200,
  status: 'OK',
  message: 'Import was successful.',
  response: { responseType: 'ImportSummaries', status: 'SUCCESS', imported: 1, updated: 0, ignored: 0, importSummaries },
})

const created: ObjectResult = { state: 'created', warnings: [] }
const updated: ObjectResult = { state: 'updated', warnings: [] }
const parentRefused: ObjectResult = { state: 'parentRefused' }
const refused = (...errors: [code: string, message: string, field?: string | null][]): ObjectResult => ({
  state: 'refused',
  errors: errors.map(([code, message, field]): ImportError => ({ code, message, field: field ?? null })),
})
const UNREPORTED = refused(['UNREPORTED', 'DHIS2 said neither that it saved the object nor why not'])
const sent = (uid: string, ...events: string[]): SentObject => ({ uid, events })

interface Row {
  summaries: Summary[]
  kind: 'trackedEntity' | 'enrollment'
  sent: SentObject[]
  results: Record<string, ObjectResult>
}

const NO_ACCESS = '[User has no write access to organisation unit: OUProvHre01]'
const NOT_ENROLLED = 'Tracked entity instance: TCase24n3xx is not enrolled in program: PRGHtsTest1'
const IN_USE = 'Event ID VCase49n1xx was already used. The ID is unique and cannot be used more than once'

const ROWS: Record<string, Row> = {
  'persons: first the created, then the updated (08)': {
    summaries: [made('TCase17n3xx'), made('TCase17n4xx'), changed('TCase17n1xx'), changed('TCase17n2xx')],
    kind: 'trackedEntity',
    sent: [sent('TCase17n1xx'), sent('TCase17n3xx'), sent('TCase17n2xx'), sent('TCase17n4xx')],
    results: { TCase17n1xx: updated, TCase17n3xx: created, TCase17n2xx: updated, TCase17n4xx: created },
  },
  'a unique value that is taken, among good ones (06d)': {
    summaries: [
      made('TCase08n1xx'),
      failed('TCase08n2xx', conflict('Attribute.value', "Non-unique attribute value 'UIC-08-0' for attribute TEAUicCode1")),
      made('TCase08n3xx'),
    ],
    kind: 'trackedEntity',
    sent: [sent('TCase08n1xx'), sent('TCase08n2xx'), sent('TCase08n3xx')],
    results: {
      TCase08n1xx: created,
      TCase08n2xx: refused(['E1064', "Non-unique attribute value 'UIC-08-0' for attribute TEAUicCode1", 'TEAUicCode1']),
      TCase08n3xx: created,
    },
  },
  'SUCCESS with a conflict and nothing imported is no success (06c)': {
    summaries: [
      made('TCase07n1xx'),
      { ...made('TCase07n2xx', undefined, 0), ...conflict('TCase07n2xx', 'Invalid org unit ID: OUNowhere01') },
    ],
    kind: 'trackedEntity',
    sent: [sent('TCase07n1xx'), sent('TCase07n2xx')],
    results: { TCase07n1xx: created, TCase07n2xx: refused(['E1049', 'Invalid org unit ID: OUNowhere01']) },
  },
  'SUCCESS with nothing imported and no reason': {
    summaries: [made('TCase07n1xx', undefined, 0)],
    kind: 'trackedEntity',
    sent: [sent('TCase07n1xx')],
    results: { TCase07n1xx: UNREPORTED },
  },
  'SUCCESS with a conflict and something imported is none either': {
    summaries: [{ ...made('TCase07n1xx'), ...conflict('TCase07n1xx', 'Invalid org unit ID: OUNowhere01') }],
    kind: 'trackedEntity',
    sent: [sent('TCase07n1xx')],
    results: { TCase07n1xx: refused(['E1049', 'Invalid org unit ID: OUNowhere01']) },
  },
  'no write access has no reference: whose it is shows only when it is alone (06i)': {
    summaries: [failed(undefined, { description: NO_ACCESS })],
    kind: 'trackedEntity',
    sent: [sent('TCase13n2xx')],
    results: { TCase13n2xx: refused(['E1000', NO_ACCESS]) },
  },
  'no write access, among others (06i)': {
    summaries: [made('TCase13n1xx'), failed(undefined, { description: NO_ACCESS }), made('TCase13n3xx')],
    kind: 'trackedEntity',
    sent: [sent('TCase13n1xx'), sent('TCase13n2xx'), sent('TCase13n3xx')],
    results: { TCase13n1xx: created, TCase13n2xx: UNREPORTED, TCase13n3xx: created },
  },
  'several conflicts and a description are all told (10e)': {
    summaries: [
      failed('NCase23n3xx', {
        description: 'and more',
        conflicts: [
          { object: 'Enrollment.incidentDate', value: "Incident Date can't be future date :Thu Jan 01 00:00:00 UTC 2099" },
          { object: 'Enrollment.date', value: "Enrollment Date can't be future date :Thu Jan 01 00:00:00 UTC 2099" },
        ],
      }),
    ],
    kind: 'enrollment',
    sent: [sent('NCase23n3xx', 'VCase23n3xx')],
    results: {
      NCase23n3xx: refused(
        ['E1020', "Incident Date can't be future date :Thu Jan 01 00:00:00 UTC 2099"],
        ['E1020', "Enrollment Date can't be future date :Thu Jan 01 00:00:00 UTC 2099"],
        ['LEGACY', 'and more'],
      ),
      VCase23n3xx: parentRefused,
    },
  },
  'an event refused inside of an enrollment that is well (11)': {
    summaries: [changed('NCase24n3xx', [failed('VCase24nbxx', { description: NOT_ENROLLED })])],
    kind: 'enrollment',
    sent: [sent('NCase24n3xx', 'VCase24nbxx')],
    results: { NCase24n3xx: updated, VCase24nbxx: refused(['NOT_ENROLLED', NOT_ENROLLED]) },
  },
  'a second active enrollment, with its event (12)': {
    summaries: [
      failed('NCase25n2xx', { description: 'TrackedEntityInstance TCase25n1xx already has an active enrollment in program PRGHtsTest1' }),
    ],
    kind: 'enrollment',
    sent: [sent('NCase25n2xx', 'VCase25n2xx')],
    results: {
      NCase25n2xx: refused(['E1015', 'TrackedEntityInstance TCase25n1xx already has an active enrollment in program PRGHtsTest1']),
      VCase25n2xx: parentRefused,
    },
  },
  'an event of two enrollments belongs to its own, whatever the order': {
    summaries: [
      made('NCase40n2xx', [made('VCase40n3xx')]),
      made('NCase40n1xx', [changed('VCase40n2xx'), failed('VCase40n1xx', { description: IN_USE })]),
    ],
    kind: 'enrollment',
    sent: [sent('NCase40n1xx', 'VCase40n1xx', 'VCase40n2xx'), sent('NCase40n2xx', 'VCase40n3xx')],
    results: {
      NCase40n1xx: created,
      VCase40n1xx: refused(['E1082', IN_USE]),
      VCase40n2xx: updated,
      NCase40n2xx: created,
      VCase40n3xx: created,
    },
  },
  'an event counts its data values, and none is well too': {
    summaries: [made('NCase40n1xx', [made('VCase40n1xx', undefined, 3), made('VCase40n2xx', undefined, 0)])],
    kind: 'enrollment',
    sent: [sent('NCase40n1xx', 'VCase40n1xx', 'VCase40n2xx')],
    results: { NCase40n1xx: created, VCase40n1xx: created, VCase40n2xx: created },
  },
  'WARNING: the event is there without the value (18b, 18j)': {
    summaries: [
      made('NCase32n1xx', [
        made('VCase32n1xx', undefined, 2),
        failed('VCase32n2xx', { status: 'WARNING', ...conflict('dataElement', 'DENowhere01 is not a valid data element') }),
        failed('VCase32n3xx', { status: 'WARNING', ...conflict('DEFupVisNo1', 'value_not_positive_integer') }),
      ]),
    ],
    kind: 'enrollment',
    sent: [sent('NCase32n1xx', 'VCase32n1xx', 'VCase32n2xx', 'VCase32n3xx')],
    results: {
      NCase32n1xx: created,
      VCase32n1xx: created,
      VCase32n2xx: refused(['E1304', 'DENowhere01 is not a valid data element', 'DENowhere01']),
      VCase32n3xx: refused(['E1302', 'value_not_positive_integer', 'DEFupVisNo1']),
    },
  },
  'WARNING although something was imported (27; 2.41: 18c)': {
    summaries: [
      made('NCase33n1xx', [
        {
          status: 'WARNING',
          description: 'Data Values [DETbRegNum1] ignored because not defined in program stage PSTHtsFoll1',
          importCount: counts({ imported: 1 }),
          conflicts: [],
          reference: 'VCase33n2xx',
        },
      ]),
    ],
    kind: 'enrollment',
    sent: [sent('NCase33n1xx', 'VCase33n2xx')],
    results: {
      NCase33n1xx: created,
      VCase33n2xx: refused(['E1305', 'Data Values [DETbRegNum1] ignored because not defined in program stage PSTHtsFoll1']),
    },
  },
  'compulsory values, one conflict each (2.41: 18i)': {
    summaries: [
      newer(
        made('NCase39n1xx', [
          newer(
            failed('VCase39n2xx', {
              conflicts: [
                { object: 'DEHtsResul1', value: 'value_required_but_not_provided' },
                { object: 'DEHtsTstDt1', value: 'value_required_but_not_provided' },
              ],
            }),
          ),
        ]),
      ),
    ],
    kind: 'enrollment',
    sent: [sent('NCase39n1xx', 'VCase39n2xx')],
    results: {
      NCase39n1xx: created,
      VCase39n2xx: refused(
        ['E1303', 'value_required_but_not_provided', 'DEHtsResul1'],
        ['E1303', 'value_required_but_not_provided', 'DEHtsTstDt1'],
      ),
    },
  },
  'a deleted enrollment has no reference in 2.41 (19)': {
    summaries: [newer(failed(undefined, { description: "ID NCase49n1xx doesn't point to a valid enrollment." }))],
    kind: 'enrollment',
    sent: [sent('NCase49n1xx', 'VCase49n1xx')],
    results: {
      NCase49n1xx: refused(['E1113', "ID NCase49n1xx doesn't point to a valid enrollment."]),
      VCase49n1xx: parentRefused,
    },
  },
  'the one event without a summary has the one summary without an event of ours': {
    summaries: [made('NCase44n1xx', [made('VCase44n1xx'), failed('short', { description: 'Event.event did not point to a valid event' })])],
    kind: 'enrollment',
    sent: [sent('NCase44n1xx', 'VCase44n1xx', 'VCase44n2xx')],
    results: {
      NCase44n1xx: created,
      VCase44n1xx: created,
      VCase44n2xx: refused(['LEGACY', 'Event.event did not point to a valid event']),
    },
  },
  'two events without a summary: nobody knows whose the nameless one is': {
    summaries: [made('NCase44n1xx', [failed(undefined, { description: 'something' })])],
    kind: 'enrollment',
    sent: [sent('NCase44n1xx', 'VCase44n1xx', 'VCase44n2xx')],
    results: { NCase44n1xx: created, VCase44n1xx: UNREPORTED, VCase44n2xx: UNREPORTED },
  },
  'no word of the events': {
    summaries: [made('NCase44n1xx')],
    kind: 'enrollment',
    sent: [sent('NCase44n1xx', 'VCase44n1xx')],
    results: { NCase44n1xx: created, VCase44n1xx: UNREPORTED },
  },
  'no word of the object': {
    summaries: [],
    kind: 'enrollment',
    sent: [sent('NCase44n1xx', 'VCase44n1xx')],
    results: { NCase44n1xx: UNREPORTED, VCase44n1xx: parentRefused },
  },
}

test.each(Object.entries(ROWS))('%s', (_name, row) => {
  expect(Object.fromEntries(parseSummaries(body(row.summaries), row.sent, row.kind) ?? [])).toEqual(row.results)
})

const shuffled = <T>(list: readonly T[]) => fc.shuffledSubarray([...list], { minLength: list.length })

test.each(Object.entries(ROWS))('the order of the summaries never matters: %s', (_name, row) => {
  const inAnyOrder = shuffled(row.summaries).chain((list) =>
    fc.tuple(
      ...list.map((summary) =>
        shuffled(summary.events?.importSummaries ?? []).map((importSummaries) =>
          summary.events ? { ...summary, events: { ...summary.events, importSummaries } } : summary,
        ),
      ),
    ),
  )
  fc.assert(
    fc.property(inAnyOrder, shuffled(row.sent), (summaries, objects) => {
      const results = parseSummaries(body(summaries), objects, row.kind) ?? []
      expect(Object.fromEntries(results)).toEqual(row.results)
    }),
    { numRuns: 50 },
  )
})

test('one object’s answer may come without the list', () => {
  const alone = { response: { ...failed('TCase05n1xx', { description: NO_ACCESS }), responseType: 'ImportSummary' } }
  expect(parseSummaries(alone, [sent('TCase05n1xx')], 'trackedEntity')).toEqual(new Map([['TCase05n1xx', refused(['E1000', NO_ACCESS])]]))
})

test('an empty request has an answer without summaries', () => {
  const empty = { status: 'OK', response: { responseType: 'ImportSummaries', status: 'SUCCESS', imported: 0, total: 0 } }
  expect(parseSummaries(empty, [], 'trackedEntity')).toEqual(new Map())
})

describe('what has no summaries is no report', () => {
  test.each<[string, unknown]>([
    ['nothing', null],
    ['a text', 'boom'],
    ['DHIS2’s sentence for a whole request', { httpStatusCode: 409, status: 'ERROR', message: 'TrackedEntityInstance does not exist.' }],
    ['a report of the tracker API', { validationReport: { errorReports: [], warningReports: [] } }],
    ['a response without a status', { response: { responseType: 'Something' } }],
  ])('%s', (_name, whole) => {
    expect(parseSummaries(whole, [sent('TCase05n1xx')], 'trackedEntity')).toBeNull()
  })
})

describe('texts get the codes that /api/tracker has for the same thing', () => {
  const UID = 'XCase00n1xx'
  test.each<[kind: 'trackedEntity' | 'enrollment' | 'event', text: string, code: string]>([
    ['trackedEntity', 'Tracked entity instance TCase17n1xx already exists or was deleted earlier', 'E1114'],
    ['trackedEntity', 'You are trying to add or update tracked entity instance TCase49n2xx that has already been deleted', 'E1114'],
    ['enrollment', 'Enrollment NCase49n1xx already exists or was deleted earlier', 'E1113'],
    ['event', IN_USE, 'E1082'],
    ['event', 'Event ID VCase49n1xx was already used and/or deleted. This event can not be modified.', 'E1082'],
    ['trackedEntity', 'Invalid attribute TEANowhere1', 'E1006'],
    ['enrollment', 'Missing mandatory attribute TEAUicCode1', 'E1018'],
    ['trackedEntity', "Value 'Femle' is not a valid option for attribute TEAGenderS1 and option set OPSGender00", 'E1125'],
    ['event', "Value 'MAYBE' is not a valid option code of option set: OPSHivResul", 'E1125'],
    ['event', 'value_not_bool', 'E1302'],
    ['event', 'Program stage is not repeatable and an event already exists', 'E1039'],
    ['event', 'ProgramStage PSTHtsInit1 is not repeatable. Current payload contains duplicate event', 'E1039'],
    ['event', 'Event.programStage does not point to a valid programStage, and program is multi-stage: PSTNowhere1', 'E1013'],
    ['event', 'Event.orgUnit does not point to a valid organisation unit: OUNowhere01', 'E1011'],
    ['event', 'Tracked entity instance: TCase26n1xx has multiple active enrollments in program: PRGHtsTest1', 'E1015'],
    ['trackedEntity', 'Org unit null does not exist', 'E1121'],
    ['trackedEntity', 'Invalid org unit ID: OUNowhere01', 'E1049'],
    ['trackedEntity', 'Invalid trackedEntityTypeTETNowhere1', 'E1005'],
    ['enrollment', 'OrganisationUnit can not be null', 'E1121'],
    ['enrollment', 'Program can not be null', 'E1069'],
    ['enrollment', 'Program is not assigned to this Organisation Unit: OUDistHre01', 'E1041'],
    ['enrollment', 'something that nobody has seen', 'LEGACY'],
  ])('of %s: %s → %s', (kind, text, code) => {
    const own = failed(UID, { description: text })
    const results =
      kind === 'event'
        ? parseSummaries(body([made('NCase00n1xx', [own])]), [sent('NCase00n1xx', UID)], 'enrollment')
        : parseSummaries(body([own]), [sent(UID)], kind)
    expect(results?.get(UID)).toMatchObject({ state: 'refused', errors: [{ code, message: text }] })
  })
})
