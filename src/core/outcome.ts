/** DHIS2's words about a refused object → what a data clerk needs. */
import type { Mapping } from './mapping.ts'
import type { EnrollmentPayload, EventPayload, Field, ImportError, Kind, Metadata, TrackedEntityPayload } from './model.ts'
import { KIND_WORDS, reject, type Rejection, type RejectionCode } from './rejection.ts'

/** By DHIS2's code; the legacy adapter gives its texts the same codes. */
const CODES: Readonly<Record<string, RejectionCode>> = {
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
  E1316: 'status-unknown',
  E5000: 'parent-rejected',
  UNDIGESTIBLE: 'undigestible',
}

/** Refusals that may be a neighbour's fault in the same request (decided 13): two of one unique value, two active, two in a
 * single-event stage; and what a legacy report does not name. */
const COLLISIONS = new Set(['E1064', 'E1015', 'E1016', 'E1039', 'UNREPORTED'])
export const isCollision = (code: string) => COLLISIONS.has(code)

export interface About {
  kind: Kind
  patientId: string
  relation: string
  /** column → uid of the mapping's part that the record comes from; {} for enrollments */
  columns: Mapping['instance']
  payload: TrackedEntityPayload | EnrollmentPayload | EventPayload
  metadata: Metadata
}

/** One rejection from all that DHIS2 said; no errors at all means that its parent was refused. */
export function rejectionOf(errors: readonly ImportError[], about: About): Rejection {
  const known = errors.toSorted((a, b) => weight(a) - weight(b) || (a.code < b.code ? -1 : a.code > b.code ? 1 : 0))
  const [error] = known
  const record = `Patient ${about.patientId}: the ${KIND_WORDS[about.kind]} of ${about.relation}`
  if (!error) return reject('parent-rejected', `${record} was not sent, because what it belongs to was rejected.`)
  const code = CODES[error.code] ?? 'refused-by-dhis2'
  const uid = error.field ?? guiltyUid(error, about)
  const field = uid === null ? undefined : (about.metadata.attributes.get(uid) ?? about.metadata.dataElements.get(uid))
  const column = uid === null ? null : (Object.entries(about.columns).find(([, mapped]) => mapped === uid)?.[0] ?? null)
  const value = uid === null ? null : (valueOf(uid, about.payload) ?? null)
  const also = new Set(known.slice(1).map((e) => e.code))
  const where = column ? ` Column "${column}"${value === null ? '' : ` has "${value}"`}${field ? ` for "${field.name}"` : ''}.` : ''
  const message =
    `${record} was refused by DHIS2: ${error.message}.${where}${also.size > 0 ? ` (also ${[...also].join(', ')})` : ''}`.replaceAll(
      '..',
      '.',
    )
  return reject(code, message, { dhis2Code: error.code, column, dhis2Uid: uid, dhis2Name: field?.name ?? null, value })
}

/** A cause before its consequences: E5000 and codes that we do not know come last. */
const weight = (error: ImportError) => (error.code === 'E5000' ? 2 : CODES[error.code] ? 0 : 1)

/** DHIS2 2.42 names a value's type only: the record's own values tell which one it can be. */
function guiltyUid(error: ImportError, about: About): string | null {
  const values = valuesOf(about.payload)
  const named = values.find(([uid]) => error.message.includes(uid))
  if (named) return named[0]
  if (error.code !== 'E1064') return null
  const unique = values.filter(([uid]) => (about.metadata.attributes.get(uid) as Field | undefined)?.unique)
  return unique.length === 1 ? unique[0]![0] : null
}

const valueOf = (uid: string, payload: About['payload']) => valuesOf(payload).find(([u]) => u === uid)?.[1]

function valuesOf(payload: About['payload']): [string, string | null][] {
  if ('attributes' in payload) return payload.attributes.map((a) => [a.attribute, a.value])
  return 'dataValues' in payload ? payload.dataValues.map((d) => [d.dataElement, d.value]) : []
}
