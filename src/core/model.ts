/**
 * The words of this program, in the order the data flows:
 * mart row → payload → import report → outcome. Types only.
 */

/** DHIS2's three kinds of tracker object. A Bahmni patient is a tracked entity. */
export const KINDS = ['trackedEntity', 'enrollment', 'event'] as const
export type Kind = (typeof KINDS)[number]

export const ENROLLMENT_STATUSES = ['ACTIVE', 'COMPLETED', 'CANCELLED'] as const
export type EnrollmentStatus = (typeof ENROLLMENT_STATUSES)[number]

export const EVENT_STATUSES = ['ACTIVE', 'COMPLETED', 'VISITED', 'SCHEDULE', 'OVERDUE', 'SKIPPED'] as const
type EventStatus = (typeof EVENT_STATUSES)[number]

// ---------------------------------------------------------------- mart rows (all values are text, as PostgreSQL prints them)

/** What every snapshot row has. `rowId` is the snapshot's own id and the only key that is always unique. */
interface MartRow {
  rowId: string
  /** "Patient_Identifier" */
  patientId: string
  /** "OrgUnit": a DHIS2 org unit code */
  orgUnitCode: string | null
  /** what we sent for this record before: UIDs of attributes or data elements that had a value (decided here 11) */
  sent: readonly string[]
}

/** One row of the instance relation. `values` are in the order of its mapped columns. */
export interface PatientRow extends MartRow {
  values: readonly (string | null)[]
  /** DHIS2's UID by instance_tracker, or by an earlier send whose answer we never recorded */
  trackedEntity: string | null
  /** true when `trackedEntity` comes from a send whose answer was never recorded: it may not exist */
  unconfirmed: boolean
  /** other patients that instance_tracker binds to the same tracked entity */
  sharesTrackedEntityWith: readonly string[]
  /** another patient of this run with the same value in a searchable or unique column */
  sameValueAs: { patientId: string; column: string; value: string } | null
}

/** One row of the enrollment relation. */
export interface EnrollmentRow extends MartRow {
  program: string | null
  programUniqueId: string | null
  enrollmentDate: string | null
  incidentDate: string | null
  status: string | null
  /** true: this run has to deliver it; false: it is here because its patient is (context) */
  pending: boolean
  /** enrollment_tracker's enrollment_id for (program, program_unique_id) */
  tracker: string | null
  /** enrollment_tracker's instance_id */
  trackerInstance: string | null
  /** enrollment_tracker's status: what DHIS2 last confirmed */
  trackerStatus: EnrollmentStatus | null
  /** the enrollment that it was on its way to when a run was cut off */
  sending: string | null
}

/** One row of an event relation. `values` are in the order of its mapped columns. */
export interface EventRow extends MartRow {
  /** which of the mapping's event relations it comes from */
  source: number
  values: readonly (string | null)[]
  program: string | null
  programStage: string | null
  eventUniqueId: string | null
  patientProgramId: string | null
  enrollmentDate: string | null
  eventDate: string | null
  status: string | null
  /** event_tracker's event_id for (program, program_stage, event_unique_id) */
  tracker: string | null
  /** event_tracker's instance_id */
  trackerInstance: string | null
  /** the uid that it was on its way to when a run was cut off */
  sending: string | null
  /** true: an earlier send of this event was never answered, so DHIS2 may have it under the derived UID */
  unconfirmed: boolean
}

/** What tells which enrollment an event belongs to. */
export type EventLink = Pick<
  EventRow,
  'rowId' | 'source' | 'patientId' | 'program' | 'eventUniqueId' | 'patientProgramId' | 'enrollmentDate' | 'eventDate'
>

// ---------------------------------------------------------------- DHIS2 metadata

export interface Option {
  code: string
  name: string
}

/** A tracked entity attribute or a data element. */
export interface Field {
  uid: string
  name: string
  code: string | null
  valueType: string
  /** only attributes */
  unique: boolean
  options: readonly Option[] | null
}

export interface OrgUnit {
  uid: string
  code: string | null
  name: string
}

/** An attribute of a program or of a tracked entity type. */
export interface AttributeUse {
  mandatory: boolean
  /** users find people by it beyond their own org units */
  searchable: boolean
}

export interface ProgramStage {
  uid: string
  name: string
  repeatable: boolean
  /** data element uid → compulsory */
  dataElements: ReadonlyMap<string, { compulsory: boolean }>
  validationStrategy: string
}

export interface Program {
  uid: string
  name: string
  trackedEntityType: string
  onlyEnrollOnce: boolean
  selectEnrollmentDatesInFuture: boolean
  selectIncidentDatesInFuture: boolean
  /** uids of the org units that the program is assigned to */
  orgUnits: ReadonlySet<string>
  attributes: ReadonlyMap<string, AttributeUse>
  stages: ReadonlyMap<string, ProgramStage>
}

export interface TrackedEntityType {
  uid: string
  name: string
  attributes: ReadonlyMap<string, AttributeUse>
}

/** What a run needs to know of the server's metadata; read once a run. Anything absent here does not exist for our account. */
export interface Metadata {
  orgUnitsByCode: ReadonlyMap<string, OrgUnit>
  attributes: ReadonlyMap<string, Field>
  dataElements: ReadonlyMap<string, Field>
  programs: ReadonlyMap<string, Program>
  trackedEntityTypes: ReadonlyMap<string, TrackedEntityType>
}

// ---------------------------------------------------------------- payloads (names of /api/tracker; the legacy adapter translates)

/** `null` clears the value in DHIS2; what is left out stays as DHIS2 has it. */
export type FieldValue = string | null

export interface TrackedEntityPayload {
  trackedEntity: string
  trackedEntityType: string
  orgUnit: string
  attributes: readonly { attribute: string; value: FieldValue }[]
  /** false when DHIS2 cannot know this tracked entity yet */
  exists: boolean
}

export interface EnrollmentFields {
  orgUnit: string
  /** yyyy-MM-dd */
  enrolledAt: string
  /** yyyy-MM-dd */
  occurredAt: string
  status: EnrollmentStatus
}

export interface EventPayload {
  event: string
  programStage: string
  orgUnit: string
  /** yyyy-MM-dd */
  occurredAt: string
  status: EventStatus
  dataValues: readonly { dataElement: string; value: FieldValue }[]
  /** false when DHIS2 cannot know this event yet */
  exists: boolean
}

/** One enrollment with the events that go into it. At most one for each patient in a request. */
export interface EnrollmentPayload {
  enrollment: string
  trackedEntity: string
  program: string
  /** null: the enrollment is there and is not sent itself, only its events (decided here 3 and 7) */
  fields: EnrollmentFields | null
  /** what DHIS2 has now; null when the enrollment is new */
  existing: Dhis2Enrollment | null
  events: readonly EventPayload[]
}

// ---------------------------------------------------------------- what DHIS2 has

export interface Dhis2Enrollment {
  enrollment: string
  trackedEntity: string
  program: string
  orgUnit: string | null
  status: EnrollmentStatus
  /** as the server prints it; its first ten characters are the date */
  enrolledAt: string
  occurredAt: string | null
  completedAt: string | null
}

export interface Dhis2Event {
  event: string
  enrollment: string
  programStage: string
  orgUnit: string | null
  occurredAt: string | null
  status: EventStatus
  dataValues: ReadonlyMap<string, string>
}

export interface Dhis2TrackedEntity {
  trackedEntity: string
  trackedEntityType: string | null
  orgUnit: string
  attributes: ReadonlyMap<string, string>
}

// ---------------------------------------------------------------- import reports, matched by uid

/** One reason why DHIS2 refused an object. */
export interface ImportError {
  /** DHIS2's code (E1064), or for the legacy API a code of ours for the text: see dhis2/legacy-report.ts */
  code: string
  /** DHIS2's sentence. It may hold patient data: store it, never log it. */
  message: string
  /** attribute or data element that the error is about, when DHIS2 names it */
  field: string | null
}

export type ObjectResult =
  | { state: 'created' | 'updated'; warnings: readonly ImportError[] }
  | { state: 'refused'; errors: readonly ImportError[] }
  /** DHIS2 said nothing of it because its parent was refused */
  | { state: 'parentRefused' }

/** Every uid of the request is a key. Tracked entities, enrollments and events share the map: UIDs of ours never collide. */
export type ImportReport = ReadonlyMap<string, ObjectResult>
