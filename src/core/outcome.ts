/** DHIS2's words about a refused object → what a data clerk needs. */
import type { Mapping } from './mapping.ts'
import type { EnrollmentPayload, EventPayload, ImportError, Kind, Metadata, TrackedEntityPayload } from './model.ts'
import { KIND_WORDS, quoted, reject, type Rejection, type RejectionCode } from './rejection.ts'

/** By DHIS2's code; the legacy adapter gives its texts the same codes. */
const CODES: ReadonlyMap<string, RejectionCode> = new Map(
  Object.entries({
    E1000: 'no-access',
    E1001: 'no-access',
    E1091: 'no-access',
    E1095: 'no-access',
    E1096: 'no-access',
    E1097: 'no-access',
    E1102: 'no-access',
    E1083: 'no-access',
    E1103: 'no-access',
    E1049: 'org-unit-unknown',
    E1070: 'org-unit-unknown',
    E1011: 'org-unit-unknown',
    E1121: 'org-unit-missing',
    E1041: 'org-unit-not-in-program',
    E1029: 'org-unit-not-in-program',
    E1005: 'type-unknown',
    E1006: 'field-unknown',
    E1304: 'field-unknown',
    E1305: 'field-not-in-stage',
    E1019: 'field-unknown',
    E1007: 'value-invalid',
    E1302: 'value-invalid',
    E1077: 'value-too-long',
    E1125: 'value-not-an-option',
    E1018: 'mandatory-missing',
    E1090: 'mandatory-missing',
    E1076: 'mandatory-missing',
    E1303: 'mandatory-missing',
    E1064: 'unique-taken',
    E1069: 'program-unknown',
    E1010: 'program-unknown',
    E1013: 'stage-unknown',
    E1089: 'stage-unknown',
    E1015: 'several-active',
    E1016: 'several-active',
    E1039: 'second-in-single-stage',
    E1020: 'date-in-future',
    E1021: 'date-in-future',
    E1023: 'date-missing',
    E1025: 'date-missing',
    E1031: 'date-missing',
    E1114: 'gone',
    E1113: 'gone',
    E1082: 'gone',
    // the parent that we know of is not there any more
    E1068: 'gone',
    E1081: 'gone',
    E1316: 'status-unknown',
    E5000: 'parent-rejected',
    UNDIGESTIBLE: 'undigestible',
  } as const satisfies Record<string, RejectionCode>),
)

/** The fixed column of the Mart that an error is about. */
const FIXED_COLUMNS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    E1000: 'OrgUnit',
    E1049: 'OrgUnit',
    E1070: 'OrgUnit',
    E1011: 'OrgUnit',
    E1121: 'OrgUnit',
    E1041: 'OrgUnit',
    E1029: 'OrgUnit',
    E1069: 'program',
    E1010: 'program',
    E1013: 'program_stage',
    E1089: 'program_stage',
    E1039: 'program_stage',
    E1020: 'enrollment_date',
    E1025: 'enrollment_date',
    E1021: 'incident_date',
    E1023: 'incident_date',
    E1031: 'event_date',
    E1015: 'status',
    E1016: 'status',
    E1316: 'status',
  }),
)

/** Refusals that may be a neighbour's fault in the same request (decided 13): two of one unique value, two active, two in a
 * single-event stage; and what a legacy report does not name. */
const COLLISIONS = new Set(['E1064', 'E1015', 'E1016', 'E1039', 'UNREPORTED'])
export const isCollision = (code: string) => COLLISIONS.has(code)

export interface About {
  kind: Kind
  patientId: string
  relation: string
  /** column → uid of the mapping's part that the record comes from; {} for enrollments */
  columns: Mapping['instance']['columns']
  payload: TrackedEntityPayload | EnrollmentPayload | EventPayload
  metadata: Metadata
}

/** One rejection from all that DHIS2 said; no errors at all means that its parent was refused. The order of the errors is no matter. */
export function rejectionOf(errors: readonly ImportError[], about: About): Rejection {
  const [error, ...others] = errors.toSorted(
    (a, b) => weight(a) - weight(b) || compareText(a.code, b.code) || compareText(a.field, b.field) || compareText(a.message, b.message),
  )
  const record = `Patient ${about.patientId}: the ${KIND_WORDS[about.kind]} of ${about.relation}`
  if (!error) return reject('parent-rejected', `${record} was not sent, because what it belongs to was rejected.`)
  const said = error.message.trim().replace(/[.]+$/, '')
  const also = [...new Set(others.map((e) => e.code))]
  const place = placeOf(error, about)
  const message = `${record} was refused by DHIS2: ${shortened(said)}.${sentenceOf(place)}${also.length > 0 ? ` (Also: ${also.join(', ')}.)` : ''}`
  return reject(CODES.get(error.code) ?? 'refused-by-dhis2', message, { dhis2Code: error.code, ...place })
}

/** A cause before its consequences: codes that we do not know, then E5000, come last. */
const weight = (error: ImportError) => (error.code === 'E5000' ? 2 : CODES.get(error.code) ? 0 : 1)

const compareText = (a: string | null, b: string | null) => ((a ?? '') < (b ?? '') ? -1 : (a ?? '') > (b ?? '') ? 1 : 0)

const SAID_LENGTH = 500
/** Some of DHIS2's sentences repeat the whole value (E1077). */
const shortened = (said: string) => (said.length > SAID_LENGTH ? `${said.slice(0, SAID_LENGTH).replace(/[\uD800-\uDBFF]$/, '')}…` : said)

type Place = Pick<Rejection, 'column' | 'dhis2Uid' | 'dhis2Name' | 'value'>

function placeOf(error: ImportError, about: About): Place {
  const { payload, metadata, columns } = about
  const uid = error.field ?? namedField(error, about) ?? guiltyValue(error, about)
  if (uid !== null) {
    const column = Object.entries(columns).find(([, mapped]) => mapped.trim() === uid)?.[0] ?? null
    const value = valuesOf(payload).find(([u]) => u === uid)?.[1] ?? null
    return { column, dhis2Uid: uid, dhis2Name: fieldOf(uid, metadata)?.name ?? null, value }
  }
  const column = FIXED_COLUMNS.get(error.code) ?? null
  const orgUnit = column === 'OrgUnit' ? orgUnitOf(payload) : null
  if (orgUnit === null) return { column, dhis2Uid: null, dhis2Name: null, value: null }
  const known = [...metadata.orgUnitsByCode.values()].find((o) => o.uid === orgUnit)
  return { column, dhis2Uid: orgUnit, dhis2Name: known?.name ?? null, value: known?.code ?? null }
}

function sentenceOf({ column, dhis2Name, dhis2Uid, value }: Place): string {
  const name = dhis2Name ?? dhis2Uid
  const said = [
    ...(column === null ? [] : [`column "${column}"`]),
    ...(value === null ? [] : [`value ${quoted(value)}`]),
    ...(name === null ? [] : [`in DHIS2 "${name}"`]),
  ]
  return said.length > 0 ? ` It is about ${said.join(', ')}.` : ''
}

const fieldOf = (uid: string, metadata: Metadata) => metadata.attributes.get(uid) ?? metadata.dataElements.get(uid)

/** The attribute or data element whose uid stands in DHIS2's sentence; E1018 and E1303 name one that we have no value for. */
function namedField(error: ImportError, { payload, metadata }: About): string | null {
  const sent = new Set(valuesOf(payload).map(([uid]) => uid))
  const uids = error.message.match(/\b[A-Za-z][A-Za-z0-9]{10}\b/g) ?? []
  return uids.find((uid) => sent.has(uid)) ?? uids.find((uid) => fieldOf(uid, metadata) !== undefined) ?? null
}

/** DHIS2 2.41–2.43 names the value, or its type, and not whose it is (E1007, E1302, E1125): the record's own values tell, when only one fits. */
function guiltyValue(error: ImportError, { payload, metadata }: About): string | null {
  if (!VALUE_ERRORS.has(CODES.get(error.code) ?? '')) return null
  const values = valuesOf(payload).filter(([, value]) => value !== null)
  const only = (found: typeof values) => (found.length === 1 ? found[0]![0] : null)
  const named = values.filter(([, value]) => error.message.includes(`\`${value}\``))
  const typed = (named.length > 0 ? named : values).filter(([uid]) => {
    const type = fieldOf(uid, metadata)?.valueType
    return type !== undefined && new RegExp(`\\b${type}\\b`).test(error.message)
  })
  const unique = error.code === 'E1064' ? values.filter(([uid]) => metadata.attributes.get(uid)?.unique) : []
  return only(named) ?? only(typed) ?? only(unique)
}

const VALUE_ERRORS = new Set<string>(['value-invalid', 'value-too-long', 'value-not-an-option', 'unique-taken'])

function valuesOf(payload: About['payload']): [string, string | null][] {
  if ('attributes' in payload) return payload.attributes.map((a) => [a.attribute, a.value])
  return 'dataValues' in payload ? payload.dataValues.map((d) => [d.dataElement, d.value]) : []
}

const orgUnitOf = (payload: About['payload']) => ('orgUnit' in payload ? payload.orgUnit : (payload.fields?.orgUnit ?? null))
