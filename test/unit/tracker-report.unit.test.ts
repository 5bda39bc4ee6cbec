/** Reports of /api/tracker, of the shapes that 2.41 to 2.43 gave. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ImportError, ObjectResult } from '../../src/core/model.ts'
import { parseReport, type Sent } from '../../src/dhis2/tracker-report.ts'

type Type = 'TRACKED_ENTITY' | 'ENROLLMENT' | 'EVENT' | 'RELATIONSHIP'
interface RawError {
  message: string
  errorCode: string
  trackerType: Type
  uid: string
  args?: string[]
}
const error = (uid: string, errorCode: string, message: string, trackerType: Type = 'EVENT'): RawError => ({
  message,
  errorCode,
  trackerType,
  uid,
  args: ['…'],
})
const typeReport = (trackerType: Type, uids: string[], stats: { created?: number; updated?: number; ignored?: number } = {}) => ({
  trackerType,
  stats: { created: uids.length, updated: 0, deleted: 0, ignored: 0, total: uids.length, ...stats },
  objectReports: uids.map((uid) => ({ trackerType, uid, errorReports: [] as RawError[] })),
})
/** A report with all its types, in the order of one of the answers. */
function report(errors: RawError[], types: ReturnType<typeof typeReport>[], warnings: object[] = []) {
  const all = (['TRACKED_ENTITY', 'EVENT', 'ENROLLMENT', 'RELATIONSHIP'] as const).map(
    (type) => types.find((t) => t.trackerType === type) ?? typeReport(type, []),
  )
  return {
    status: 'OK',
    validationReport: { errorReports: errors, warningReports: warnings },
    stats: { created: 0, updated: 0, deleted: 0, ignored: errors.length, total: 0 },
    bundleReport: { typeReportMap: Object.fromEntries(all.map((type) => [type.trackerType, type])) },
  }
}

const sent = (uid: string, parent: string | null = null, exists = false): Sent => ({ uid, parent, exists })
const created: ObjectResult = { state: 'created', warnings: [] }
const updated: ObjectResult = { state: 'updated', warnings: [] }
const parentRefused: ObjectResult = { state: 'parentRefused' }
const refused = (...errors: [code: string, message: string][]): ObjectResult => ({
  state: 'refused',
  errors: errors.map(([code, message]): ImportError => ({ code, message, field: null })),
})
const UNREPORTED = refused(['UNREPORTED', 'DHIS2 said neither that it saved the object nor why not'])

interface Row {
  body: ReturnType<typeof report> | Omit<ReturnType<typeof report>, 'bundleReport'>
  sent: Sent[]
  validateOnly?: boolean
  results: Record<string, ObjectResult>
}

/** HTTP 200 and OK although much was refused: nothing but the lists of uids counts. Texts of 2.41, and in one row of 2.43. */
const ROWS: Record<string, Row> = {
  'all created': {
    body: report([], [typeReport('ENROLLMENT', ['EnRec000010']), typeReport('EVENT', ['EvRec000011', 'EvRec000010'])]),
    sent: [sent('EnRec000010'), sent('EvRec000010', 'EnRec000010'), sent('EvRec000011', 'EnRec000010')],
    results: { EnRec000010: created, EvRec000010: created, EvRec000011: created },
  },
  'an enrollment updated, its event created': {
    body: report(
      [],
      [typeReport('ENROLLMENT', ['EnRec000010'], { created: 0, updated: 1 }), typeReport('EVENT', ['EvRec000010'], { created: 1 })],
    ),
    sent: [sent('EnRec000010', null, true), sent('EvRec000010', 'EnRec000010')],
    results: { EnRec000010: updated, EvRec000010: created },
  },
  'mixed: persons saved and refused, enrollments with E5000, events with two errors or none (34)': {
    body: report(
      [
        error(
          'EnRec000011',
          'E5000',
          '"enrollment" `EnRec000011` cannot be persisted because "trackedEntity" `TeRec000011` referenced by it cannot be persisted.',
          'ENROLLMENT',
        ),
        error('EvRec000012', 'E1125', 'Value `MAYBE` is not a valid option code in option set `OPSHivResul`'),
        error('EvRec000012', 'E1302', 'DataElement `` is not valid: `Value type is INTEGER_POSITIVE but the value `many` is not.`'),
        error('TeRec000011', 'E1125', 'Value `Neither` is not a valid option code in option set `OPSGender00`', 'TRACKED_ENTITY'),
      ],
      [
        typeReport('ENROLLMENT', ['EnRec000010', 'EnRec000012'], { ignored: 1 }),
        typeReport('EVENT', ['EvRec000010', 'EvRec000013'], { ignored: 2 }),
        typeReport('TRACKED_ENTITY', ['TeRec000010'], { ignored: 1 }),
      ],
    ),
    sent: [
      sent('TeRec000010'),
      sent('TeRec000011'),
      sent('EnRec000010', 'TeRec000010'),
      sent('EvRec000010', 'EnRec000010'),
      // grandchild of a refused person: in no list at all
      sent('EnRec000011', 'TeRec000011'),
      sent('EvRec000011', 'EnRec000011'),
      sent('EnRec000012', 'TeRec000010'),
      sent('EvRec000012', 'EnRec000012'),
      sent('EvRec000013', 'EnRec000012'),
    ],
    results: {
      TeRec000010: created,
      TeRec000011: refused(['E1125', 'Value `Neither` is not a valid option code in option set `OPSGender00`']),
      EnRec000010: created,
      EvRec000010: created,
      EnRec000011: parentRefused,
      EvRec000011: parentRefused,
      EnRec000012: created,
      EvRec000012: refused(
        ['E1125', 'Value `MAYBE` is not a valid option code in option set `OPSHivResul`'],
        ['E1302', 'DataElement `` is not valid: `Value type is INTEGER_POSITIVE but the value `many` is not.`'],
      ),
      EvRec000013: created,
    },
  },
  'a second active enrollment: E1015, and E5000 for its events (12)': {
    body: report(
      [
        error(
          'VCase25nbxx',
          'E5000',
          'event `VCase25nbxx` cannot be created because enrollment `NCase25n2xx` referenced by it could not be created.',
        ),
        error(
          'NCase25n2xx',
          'E1015',
          'TrackedEntity: `TCase25n1xx` already has an active Enrollment in Program `PRGHtsTest1`.',
          'ENROLLMENT',
        ),
      ],
      [],
    ),
    sent: [sent('NCase25n2xx'), sent('VCase25nbxx', 'NCase25n2xx')],
    results: {
      NCase25n2xx: refused(['E1015', 'TrackedEntity: `TCase25n1xx` already has an active Enrollment in Program `PRGHtsTest1`.']),
      VCase25nbxx: parentRefused,
    },
  },
  'an own error beside E5000 is told': {
    body: report(
      [error('EvRec000010', 'E5000', 'its enrollment could not be created'), error('EvRec000010', 'E1125', 'not an option')],
      [],
    ),
    sent: [sent('EvRec000010', 'EnRec000010')],
    results: { EvRec000010: refused(['E5000', 'its enrollment could not be created'], ['E1125', 'not an option']) },
  },
  'an event whose enrollment is not in the request': {
    body: report([], [typeReport('EVENT', ['EvRec000010'])]),
    sent: [sent('EvRec000010', 'EnRec000010')],
    results: { EvRec000010: created },
  },
  'in no list, and its parent is well': {
    body: report([], [typeReport('ENROLLMENT', ['EnRec000010'])]),
    sent: [sent('EnRec000010'), sent('EvRec000010', 'EnRec000010')],
    results: { EnRec000010: created, EvRec000010: UNREPORTED },
  },
  'refused while it was saved': {
    body: report(
      [],
      [
        {
          ...typeReport('ENROLLMENT', ['EnRec000010'], { created: 0, ignored: 1 }),
          objectReports: [
            {
              trackerType: 'ENROLLMENT',
              uid: 'EnRec000010',
              errorReports: [error('EnRec000010', 'E9999', 'N/A', 'ENROLLMENT')],
            },
          ],
        },
      ],
    ),
    sent: [sent('EnRec000010'), sent('EvRec000010', 'EnRec000010')],
    results: { EnRec000010: refused(['E9999', 'N/A']), EvRec000010: parentRefused },
  },
  'two that exist are refused, by validation and while they were saved: the new one beside them is created': {
    body: report(
      [error('EvRec000010', 'E1125', 'not an option')],
      [
        {
          ...typeReport('EVENT', ['EvRec000012'], { ignored: 2 }),
          objectReports: [
            { trackerType: 'EVENT', uid: 'EvRec000011', errorReports: [error('EvRec000011', 'E9999', 'N/A')] },
            { trackerType: 'EVENT', uid: 'EvRec000012', errorReports: [] },
          ],
        },
      ],
    ),
    sent: [sent('EvRec000010', null, true), sent('EvRec000011', null, true), sent('EvRec000012')],
    results: { EvRec000010: refused(['E1125', 'not an option']), EvRec000011: refused(['E9999', 'N/A']), EvRec000012: created },
  },
  'there already from an earlier send: the counts say so, and nothing is called created': {
    body: report([], [typeReport('EVENT', ['EvRec000010', 'EvRec000011'], { created: 1, updated: 1 })]),
    sent: [sent('EvRec000010'), sent('EvRec000011')],
    results: { EvRec000010: updated, EvRec000011: updated },
  },
  'gone and made anew: not called created either': {
    body: report([], [typeReport('EVENT', ['EvRec000010', 'EvRec000011'], { created: 2 })]),
    sent: [sent('EvRec000010', null, true), sent('EvRec000011')],
    results: { EvRec000010: updated, EvRec000011: updated },
  },
  'warnings go with what was saved': {
    body: report(
      [],
      [typeReport('EVENT', ['EvRec000010', 'EvRec000011'])],
      [
        { warningCode: 'E1300', message: 'Generated by program rule (`rule1`) - `come back`', trackerType: 'EVENT', uid: 'EvRec000010' },
        { warningCode: 'E1308', message: 'Generated by program rule (`rule2`) - `replaced`', trackerType: 'EVENT', uid: 'EvRec000010' },
        { warningCode: 'E1300', message: 'of nobody' },
        { uid: 'EvRec000011' },
      ],
    ),
    sent: [sent('EvRec000010'), sent('EvRec000011')],
    results: {
      EvRec000010: {
        state: 'created',
        warnings: [
          { code: 'WARNING', message: 'Generated by program rule (`rule1`) - `come back`', field: null },
          { code: 'WARNING', message: 'Generated by program rule (`rule2`) - `replaced`', field: null },
        ],
      },
      EvRec000011: created,
    },
  },
  'VALIDATE: nothing is saved, what has no error is well (22)': {
    body: {
      ...report([error('TCase52n3xx', 'E1125', 'Value `Femle` is not a valid option code in OptionSet `OPSGender00`.')], []),
      bundleReport: { typeReportMap: {} },
    },
    sent: [
      sent('TCase52n2xx'),
      sent('TCase52n4xx', null, true),
      sent('TCase52n3xx'),
      sent('NCase52n3xx', 'TCase52n3xx'),
      sent('VCase52n3xx', 'NCase52n3xx'),
    ],
    validateOnly: true,
    results: {
      TCase52n2xx: created,
      TCase52n4xx: updated,
      TCase52n3xx: refused(['E1125', 'Value `Femle` is not a valid option code in OptionSet `OPSGender00`.']),
      NCase52n3xx: parentRefused,
      VCase52n3xx: parentRefused,
    },
  },
  'HTTP 409 without a bundleReport: nothing was saved (06d)': {
    body: {
      status: 'ERROR',
      validationReport: {
        errorReports: [
          error('TCase08n2xx', 'E1064', 'Non-unique attribute value `UIC-08-0` for attribute `TEAUicCode1`', 'TRACKED_ENTITY'),
        ],
        warningReports: [],
      },
      stats: { created: 0, updated: 0, deleted: 0, ignored: 2, total: 2 },
    },
    sent: [sent('TCase08n1xx'), sent('TCase08n2xx')],
    results: {
      TCase08n1xx: UNREPORTED,
      TCase08n2xx: refused(['E1064', 'Non-unique attribute value `UIC-08-0` for attribute `TEAUicCode1`']),
    },
  },
}

test.each(Object.entries(ROWS))('%s', (_name, row) => {
  expect(Object.fromEntries(parseReport(row.body, row.sent, row.validateOnly ?? false) ?? [])).toEqual(row.results)
})

test.each(Object.entries(ROWS))('the order of the report’s entries never matters: %s', (_name, row) => {
  const { validationReport } = row.body
  const types = 'bundleReport' in row.body ? Object.values(row.body.bundleReport.typeReportMap) : null
  const shuffled = <T>(list: readonly T[]) => fc.shuffledSubarray([...list], { minLength: list.length })
  fc.assert(
    fc.property(
      shuffled(validationReport.errorReports),
      shuffled(validationReport.warningReports),
      shuffled(types ?? []).chain((list) =>
        fc.tuple(...list.map((type) => shuffled(type.objectReports).map((objectReports) => ({ ...type, objectReports })))),
      ),
      (errorReports, warningReports, typeReports) => {
        const body = {
          ...row.body,
          validationReport: { errorReports, warningReports },
          ...(types && { bundleReport: { typeReportMap: Object.fromEntries(typeReports.map((type) => [type.trackerType, type])) } }),
        }
        const results = parseReport(body, row.sent, row.validateOnly ?? false)
        expect([...(results?.keys() ?? [])]).toEqual(row.sent.map((one) => one.uid))
        for (const [uid, result] of results ?? []) expect(inOrder(result)).toEqual(inOrder(row.results[uid]!))
      },
    ),
    { numRuns: 50 },
  )
})

/** An object may have several errors; theirs is the report's order. */
function inOrder(result: ObjectResult): ObjectResult {
  const sorted = (list: readonly ImportError[]) => list.toSorted((a, b) => (a.code + a.message < b.code + b.message ? -1 : 1))
  if (result.state === 'refused') return { ...result, errors: sorted(result.errors) }
  return result.state === 'parentRefused' ? result : { ...result, warnings: sorted(result.warnings) }
}

test('every object sent has exactly one result, whatever DHIS2 said', () => {
  const uid = fc.constantFrom('EnRec000010', 'EvRec000010', 'EvRec000011', 'EvRec000012', 'NotSent0001')
  const said = fc.record({ uid, errorCode: fc.constantFrom('E5000', 'E1125', 'E1064'), message: fc.string() })
  const saved = fc.uniqueArray(uid)
  fc.assert(
    fc.property(fc.array(said), saved, fc.nat(3), fc.boolean(), (errors, uids, count, validateOnly) => {
      const body = {
        validationReport: { errorReports: errors, warningReports: [] },
        bundleReport: { typeReportMap: { EVENT: typeReport('EVENT', uids, { created: uids.length - count, updated: count }) } },
      }
      const all = [sent('EnRec000010'), ...['EvRec000010', 'EvRec000011', 'EvRec000012'].map((event) => sent(event, 'EnRec000010'))]
      const results = parseReport(body, all, validateOnly)!
      expect([...results.keys()]).toEqual(all.map((one) => one.uid))
      for (const one of all) {
        const wrong = errors.some((e) => e.uid === one.uid)
        const fine = ['created', 'updated'].includes(results.get(one.uid)!.state)
        if (wrong) expect(fine).toBe(false)
        if (fine && !validateOnly) expect(uids).toContain(one.uid)
      }
    }),
  )
})

describe('what is no report', () => {
  test.each<[string, unknown]>([
    ['nothing', null],
    ['a text', 'boom'],
    ['DHIS2’s sentence for a whole request', { httpStatusCode: 400, status: 'ERROR', message: 'JSON parse error' }],
    ['a job', { message: 'Tracker job added', response: { id: 'JNowhere001' } }],
    ['a summary of the legacy API', { response: { importSummaries: [] } }],
    ['errors without a uid', { validationReport: { errorReports: [{ errorCode: 'E1000', message: 'no' }] } }],
  ])('%s', (_name, body) => {
    expect(parseReport(body, [sent('EvRec000010')], false)).toBeNull()
  })
})
