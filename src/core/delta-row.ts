/** One row of a mapping's delta, and why it will be rejected, as far as that can be known before anything is sent. */
import { isBlank } from './fixed-columns.ts'
import { linkEvent } from './link.ts'
import { mappedColumns, type Mapping } from './mapping.ts'
import type { EnrollmentRow, EventRow, Kind, Metadata, PatientRow, TrackedEntityType } from './model.ts'
import { enrollmentFields, eventKeyMissing, eventPayload, trackedEntityPayload } from './payload.ts'
import { reject, type Rejection } from './rejection.ts'

/** As the Mart has it now; all values are text. */
export interface DeltaRow {
  kind: Kind
  /** which of the mapping's event relations */
  source: number
  /** the relation's name */
  relation: string
  /** new: DHIS2 does not have it from us; update: it does, otherwise; unchanged: it has this content, or nobody has to mend it */
  what: 'new' | 'update' | 'unchanged'
  /** the Mart has another row for the same record, and it differs */
  differs: boolean
  patientId: string
  recordKey: string
  hash: string
  orgUnitCode: string | null
  program: string | null
  programStage: string | null
  uniqueId: string | null
  patientProgramId: string | null
  enrollmentDate: string | null
  incidentDate: string | null
  eventDate: string | null
  status: string | null
  /** date_created */
  created: string | null
  /** in the order of the relation's mapped columns */
  values: readonly (string | null)[]
  /** UIDs that have a value of ours in DHIS2 */
  sent: readonly string[]
  /** a tracker row names it */
  tracked: boolean
  /** of an event: its patient's enrollments in the Mart */
  enrollments: readonly PatientsEnrollment[]
}
export type PatientsEnrollment = Pick<
  DeltaRow,
  'recordKey' | 'orgUnitCode' | 'program' | 'uniqueId' | 'enrollmentDate' | 'incidentDate' | 'status'
>

export interface JudgeContext {
  mapping: Mapping
  metadata: Metadata
  trackedEntityType: TrackedEntityType | null
  /** IANA */
  timeZone: string
  /** yyyy-MM-dd there */
  today: string
}

/** null: nothing is known against it; only DHIS2 can tell. @param ctx null: DHIS2 did not answer, and only what the rows themselves tell is known */
export function knownRejection(row: DeltaRow, ctx: JudgeContext | null): Rejection | null {
  if (row.what === 'unchanged' && !row.differs) return null
  if (row.patientId === '') return withoutPatient(row.relation)
  if (row.differs) {
    const message = `Patient ${row.patientId}: ${row.relation} has several rows for ${row.recordKey}, and they differ.`
    return reject('duplicate-rows', message)
  }
  if (ctx === null) return null
  const made = row.kind === 'trackedEntity' ? ofPatient(row, ctx) : row.kind === 'enrollment' ? ofEnrollment(row, ctx) : ofEvent(row, ctx)
  return 'rejection' in made ? made.rejection : null
}

/** Nobody can tell whose such a row is. */
export const withoutPatient = (relation: string) =>
  reject('identifier-missing', `A row of ${relation} has no "Patient_Identifier", so nobody can tell whose it is.`, {
    column: 'Patient_Identifier',
  })

function ofPatient(row: DeltaRow, ctx: JudgeContext) {
  const { instance, searchable } = ctx.mapping
  const columns = mappedColumns(instance)
  const filled = (name: string) => !isBlank(row.values[columns.findIndex(([column]) => column === name)] ?? null)
  // one that is searched may be found, and have there what the Mart lacks
  const mayBeFound = searchable.length > 0 && searchable.every(filled)
  return trackedEntityPayload(patientRow(row), { ...ctx, uid: '', isNew: !row.tracked && !mayBeFound })
}

const ofEnrollment = (row: DeltaRow, ctx: JudgeContext) => enrollmentFields(enrollmentRow(row, row.patientId), ctx)

function ofEvent(row: DeltaRow, ctx: JudgeContext) {
  const event = eventRow(row)
  const link = linkOf(row, ctx.mapping)
  if ('rejection' in link) return link
  return eventKeyMissing(event, row.relation) ?? eventPayload(event, { ...ctx, enrollment: link.enrollment, uid: '' })
}

const linkOf = (row: DeltaRow, mapping: Mapping) =>
  linkEvent(
    eventRow(row),
    row.enrollments.map((enrollment, i) => enrollmentRow(enrollment, row.patientId, String(i))),
    mapping,
  )

/** The enrollment that an event goes into; null: there is none. */
export function linkedEnrollment(row: DeltaRow, mapping: Mapping): PatientsEnrollment | null {
  const link = linkOf(row, mapping)
  return 'rejection' in link ? null : row.enrollments[Number(link.enrollment.rowId)]!
}

/** What stands for a tracker row's uid where only its being there counts. */
const SOME = ''

const patientRow = (row: DeltaRow): PatientRow => ({
  rowId: '',
  patientId: row.patientId,
  orgUnitCode: row.orgUnitCode,
  sent: row.sent,
  values: row.values,
  trackedEntity: row.tracked ? SOME : null,
  unconfirmed: false,
  sharesTrackedEntityWith: [],
  sameValueAs: null,
})

const enrollmentRow = (row: PatientsEnrollment, patientId: string, rowId = ''): EnrollmentRow => ({
  rowId,
  patientId,
  orgUnitCode: row.orgUnitCode,
  sent: [],
  program: row.program,
  programUniqueId: row.uniqueId,
  enrollmentDate: row.enrollmentDate,
  incidentDate: row.incidentDate,
  status: row.status,
  pending: true,
  tracker: null,
  trackerInstance: null,
  trackerStatus: null,
  sending: null,
})

const eventRow = (row: DeltaRow): EventRow => ({
  rowId: '',
  source: row.source,
  patientId: row.patientId,
  orgUnitCode: row.orgUnitCode,
  sent: row.sent,
  values: row.values,
  program: row.program,
  programStage: row.programStage,
  eventUniqueId: row.uniqueId,
  patientProgramId: row.patientProgramId,
  enrollmentDate: row.enrollmentDate,
  eventDate: row.eventDate,
  status: row.status,
  tracker: row.tracked ? SOME : null,
  trackerInstance: null,
  sending: null,
  unconfirmed: false,
})
