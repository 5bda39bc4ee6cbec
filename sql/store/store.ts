/** What the jobs, the CLI and the API ask of our tables. One implementation (postgres.ts) over one file a table. */
import type { EnrollmentRow, EnrollmentStatus, EventLink, EventRow, Kind, PatientRow } from '../../src/core/model.ts'
import type { DeltaRow } from '../../src/core/delta-row.ts'
import type { RelationFacts } from '../../src/core/mapping-facts.ts'
import type { Mapping } from '../../src/core/mapping.ts'
import type { Rejection, RejectionCode } from '../../src/core/rejection.ts'
import { RunFailure } from '../../src/errors.ts'
import type { MartFound } from '../mart/find.ts'
import type { FigureStore } from './figures.ts'
import type { LogStore } from './log.ts'
import type { KeptRuns } from './retention.ts'
import type { SyncListStore } from './sync-lists.ts'
import type { SyncRequestStore } from './sync-requests.ts'
import type { ScheduledRun, ScheduleStore } from './schedules.ts'
import type { AccountStore } from './accounts.ts'
import type { AuditStore } from './audit.ts'
import type { SessionStore } from './sessions.ts'
import type { TokenStore } from './tokens.ts'
import type { JoinedRow } from '../mart/joined-delta.ts'
import type { Relation } from '../mart/catalogue.ts'
import type { OriginalStore } from './originals.ts'

export const STEPS = [
  'snapshot',
  'patients',
  'enrollments',
  'new-completed',
  'updated-completed',
  'new-active',
  'updated-active',
  'finish',
] as const
export type Step = (typeof STEPS)[number]

type RunState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled'
export type StepState = 'queued' | 'running' | 'succeeded' | 'failed' | 'skipped'

export interface Counts {
  created: number
  updated: number
  unchanged: number
  rejected: number
  /** delivered ones that were found in DHIS2 and are synced from now on: counted as updated or unchanged too */
  adopted: number
}

export interface RunRequest {
  mappingName: string
  requestedBy: string
  comment: string
  dryRun: boolean
  /** yyyy-MM-dd, both or none: re-send this period and leave the markers alone */
  from: string | null
  to: string | null
  /** compare every record with DHIS2, not only the delta */
  resync: boolean
  /** send the mapping's open rejected records that are like this again, with what waits for them, nothing else, and leave the markers alone */
  rejected?: RejectedFilter
  /** a schedule starts it */
  schedule?: ScheduledRun
}

export interface Run extends Omit<RunRequest, 'rejected' | 'schedule'> {
  /** it was asked for some rejected records only */
  retry: boolean
  runId: string
  /** as it was when the run was made: editing the mapping during a run changes nothing in it */
  mapping: Mapping
  state: RunState
  cancelRequested: boolean
  /** one sentence, when it failed */
  failure: string | null
  /** date and time of the snapshot in the site's time zone, yyyy-MM-dd'T'HH:mm:ss; null before it */
  snapshotAt: string | null
  /** distinct program UIDs in the snapshot's enrollments and events; empty before it */
  programs: readonly string[]
  createdAt: Date
  startedAt: Date | null
  endedAt: Date | null
  /** its copies of the Mart were deleted: it has no rejected records and warnings to show any more */
  erasedAt: Date | null
  counts: Readonly<Record<Kind, Counts>>
}

export interface StepRow {
  step: Step
  state: StepState
  chunksTotal: number
  chunksDone: number
  counts: Readonly<Record<Kind, Counts>>
  failure: string | null
  startedAt: Date | null
  endedAt: Date | null
}

/** Has it come to its end, by its own finish or by another process that took it for abandoned? */
export const hasEnded = (run: Pick<Run, 'state'>) => run.state !== 'queued' && run.state !== 'running'

/** What a snapshot found. `scanned` counts the rows of the delta, `pending` those whose content differs from what DHIS2 last confirmed. */
export interface SnapshotSummary {
  counts: Readonly<Record<Kind, { scanned: number; pending: number; unchanged: number; rejected: number }>>
  /** distinct program UIDs in the snapshot's enrollments and events */
  programs: readonly string[]
}

/** One patient's part of the enrollments step. */
export interface PatientWork {
  patientId: string
  /** uid that the patients step settled, or instance_tracker's; null when the patient has none */
  trackedEntity: string | null
  /** the patient's record was rejected in this run */
  patientRejected: boolean
  /** created by this run: DHIS2 has only those enrollments of it that trackers name */
  createdNow: boolean
  /** enrollment_tracker's rows of the tracked entity, also those whose Bahmni enrollment the Mart no longer has */
  trackers: readonly { enrollment: string; program: string; programUniqueId: string }[]
  /** every enrollment of the patient in the Mart; pending, context, or delivered by this run already */
  enrollments: readonly EnrollmentRow[]
  /** pending events only */
  events: readonly EventLink[]
}

/** Where and how an enrollment row is sent; decided in the enrollments step, acted on in one of the four after it. */
export interface PlannedEnrollment<Plan> {
  rowId: string
  step: Step
  /** position among the same patient's enrollments of that step; each wave is sent after the one before it */
  wave: number
  plan: Plan
  /** rowIds of the pending events that go into it */
  events: readonly string[]
}

export interface PushItem<Plan> {
  enrollment: EnrollmentRow & { plan: Plan; wave: number }
  trackedEntity: string
  events: readonly EventRow[]
}

/** The one end that every pending row comes to. */
export interface Outcome {
  rowId: string
  state: 'created' | 'updated' | 'unchanged' | 'rejected'
  /** DHIS2's uid; null when rejected without one */
  uid: string | null
  /** tracked entity of the patient (enrollments and events); written to the tracker tables */
  trackedEntity: string | null
  /** enrollments: the status that DHIS2 has now */
  status: EnrollmentStatus | null
  /** found in DHIS2, neither made by us nor named by a tracker row before */
  adopted: boolean
  /** UIDs of attributes or data elements that DHIS2 now has a value of ours for */
  sent: readonly string[]
  rejection: Rejection | null
  /** said by DHIS2 or by us, though the record was delivered */
  warnings: readonly string[]
}

/** A rejected record of one run, for reports. */
export interface RejectedRow {
  kind: Kind
  patientId: string
  recordKey: string
  relation: string
  rejection: Rejection
}

export const REJECTED_STATES = ['open', 'dismissed', 'settled'] as const
type RejectedState = (typeof REJECTED_STATES)[number]

/** Which records of the work list; what is left out does not narrow. */
export interface RejectedFilter {
  mapping?: string
  code?: string
  /** of a RejectedGroup */
  cause?: string
  patient?: string
  /** uuid: rejected in this run, also when a later one rejected it again, for as long as the run's copies are kept */
  run?: string
  state?: RejectedState
  kind?: Kind
  /** digits only */
  ids?: readonly string[]
  /** uuid: of those that this retry was asked for, with those that were not sent because of them */
  retriedIn?: string
}

/** A record of the work list, over all runs. */
export interface RejectedRecord {
  /** digits; the greater the later it came on the list */
  id: string
  mapping: string
  kind: Kind
  /** null: erased */
  recordKey: string | null
  /** null: erased */
  patientId: string | null
  relation: string
  /** its last one */
  rejection: Rejection
  /** that of its group */
  cause: string
  state: RejectedState
  /** runs that rejected it since it last passed; 0: it was never sent, because what it belongs to was dismissed */
  attempts: number
  /** the last of them */
  runId: string
  firstAt: Date
  /** it was rejected last, or settled */
  lastAt: Date
  dismissed: { by: string; reason: string; at: Date } | null
  /** patient, value and sentence are erased */
  erased: boolean
}

/** Records that are mended together: with the same code, column and name in DHIS2, and the same value where it is nobody's own. */
export interface RejectedGroup {
  /** short, stays the same, and names the group in a filter */
  cause: string
  code: RejectionCode
  column: string | null
  dhis2Name: string | null
  /** where it alone tells causes apart */
  dhis2Code: string | null
  /** an org unit, program, stage or status; an answer that five patients have, or more */
  value: string | null
  records: number
  patients: number
  kinds: readonly Kind[]
  mappings: readonly string[]
  /** the most that one of the records had */
  attempts: number
  firstAt: Date
  lastAt: Date
}

export interface LogRow {
  logId: number
  program: string
  syncedBy: string
  comments: string
  status: 'pending' | 'success' | 'failed'
  statusInfo: string
  dateCreated: string
}

/** A run of a few records whose steps are carried out, and undone. */
export interface Rehearsal {
  run: Run
  /** all of its patients are in one */
  chunk: number
  /** what the steps of a dry run ask for, and nothing else */
  store: Store
  /** what has become of the records, and of those that came along */
  rows(): Promise<RehearsedRow[]>
  /** "kind recordKey" → the uid in DHIS2, of those that DHIS2 has from us or from a Java service */
  knownUids(rows: readonly DeltaRow[]): Promise<Map<string, string>>
}
export interface RecordRef {
  kind: Kind
  recordKey: string
}

export interface RehearsedRow extends RecordRef {
  state: 'pending' | 'context' | 'created' | 'updated' | 'unchanged' | 'rejected' | 'dismissed'
  uid: string | null
  rejection: Rejection | null
}

/** Where the Mart is, and how far before the markers a run looks. */
export interface MartOptions {
  martSchema: string
  /** of our own tables */
  storeSchema: string
  overlapDays: number
}

interface MartRelation {
  name: string
  type: 'table' | 'view'
}
export interface MartColumn {
  name: string
  /** PostgreSQL's */
  type: string
  /** a few different values; null: not asked for, or not to be had in time */
  samples: readonly string[] | null
}

export type DeltaRequest = Pick<RunRequest, 'from' | 'to' | 'resync'>
/** Where a page of a delta ended. */
export type DeltaPlace = Pick<DeltaRow, 'kind' | 'patientId' | 'recordKey' | 'hash'>
/** Which rows; what is left out does not narrow. */
export interface DeltaFilter {
  kind?: Kind
  patient?: string
  what?: readonly DeltaRow['what'][]
  after?: DeltaPlace | null
}
export interface DeltaPage extends DeltaFilter {
  limit: number
  /** counts too, of the whole delta, whatever the filter */
  counts: boolean
}
export interface DeltaPageRows {
  counts: DeltaCounts | null
  rows: DeltaRow[]
  more: boolean
}
export type DeltaCounts = Record<Kind, Record<DeltaRow['what'], number>>

/** A record that was delivered, and that the Mart no longer has. */
export interface VanishedRow {
  kind: Kind
  /** null: only sync_confirmed knows the record */
  patientId: string | null
  recordKey: string
  uid: string
  /** when DHIS2 last took it from us; of a Java service's record, when it was made */
  lastConfirmedAt: Date | null
}

/** Another run of the mapping is queued or running. */
export class RunActiveError extends Error {
  readonly mappingName: string
  readonly runId: string
  constructor(mappingName: string, runId: string) {
    super(`A sync of "${mappingName}" is already going on. Wait for its end, or end it with "bahmni-dhis2-sync cancel ${runId}".`)
    this.name = 'RunActiveError'
    this.mappingName = mappingName
    this.runId = runId
  }
}

/** What a job finds that goes on after its run: its process was cut off for so long that another one ended the run. */
export class RunEndedError extends RunFailure {
  constructor() {
    super('The run was ended meanwhile. The next sync sends what is missing.')
  }
}

export class MappingNotFoundError extends Error {
  constructor(name: string) {
    super(`There is no mapping "${name}". "mappings list" names those that there are.`)
    this.name = 'MappingNotFoundError'
  }
}

/** Somebody else changed it since it was read. */
export class MappingChangedError extends Error {
  constructor(name: string) {
    super(`Somebody else changed the mapping "${name}" meanwhile. Read it again, and make your changes once more.`)
    this.name = 'MappingChangedError'
  }
}

export class NameTakenError extends Error {
  constructor(name: string) {
    super(`There is a mapping "${name}" already. Choose another name.`)
    this.name = 'NameTakenError'
  }
}

export class MappingHistoryError extends Error {
  constructor(name: string) {
    super(
      `The mapping "${name}" has synced, or was about to. Deleting it takes its markers, its work list and the memory of what was sent along; what is in DHIS2 stays. Ask for that explicitly.`,
    )
    this.name = 'MappingHistoryError'
  }
}

/** A mapping with its entity tag, and who made and changed it. */
export interface StoredMapping {
  mapping: Mapping
  etag: string
  createdBy: string | null
  createdAt: Date | null
  modifiedBy: string | null
  modifiedAt: Date | null
}

export interface MappingOutcome {
  name: string
  action: 'create' | 'replace' | 'unchanged'
}

export interface Store
  extends
    SyncRequestStore,
    SyncListStore,
    LogStore,
    ScheduleStore,
    FigureStore,
    AccountStore,
    SessionStore,
    TokenStore,
    AuditStore,
    OriginalStore {
  // ---- mappings (originals' table `mapping`)
  readMapping(name: string): Promise<Mapping | null>
  listMappings(): Promise<readonly Mapping[]>
  readStoredMapping(name: string): Promise<StoredMapping | null>
  /** those whose name has this text, in any case */
  listStoredMappings(search: string): Promise<readonly StoredMapping[]>
  /** insert or replace, all or nothing, with their marker rows; with `dryRun` only what would become of each */
  saveMappings(mappings: readonly Mapping[], user: string, options?: { dryRun?: boolean }): Promise<readonly MappingOutcome[]>
  /** @throws NameTakenError */
  createMapping(mapping: Mapping, user: string): Promise<void>
  /**
   * Another name renames it, and all that names it follows. @param isExpected of the etag that it has now
   * @throws MappingNotFoundError, MappingChangedError, NameTakenError, RunActiveError (only when it is renamed)
   */
  replaceMapping(name: string, mapping: Mapping, user: string, isExpected: (etag: string) => boolean): Promise<void>
  /** Tracker tables, log and runs stay, and so does what is in DHIS2. @throws MappingNotFoundError, MappingChangedError, MappingHistoryError, RunActiveError */
  deleteMapping(name: string, isExpected: (etag: string) => boolean, withHistory: boolean): Promise<void>

  // ---- runs
  /**
   * Inserts the run (queued), its step rows and, unless it is a dry run, its log row (pending); log rows of the mapping that a service which is no more
   * left pending end as failed. @throws RunActiveError, MappingNotFoundError, NotDueError, RunFailure when the mapping is none that can be synced
   */
  createRun(request: RunRequest): Promise<Run>
  readRun(runId: string): Promise<Run | null>
  /** queued → running; also true when it is running already (a job that is tried again) */
  startRun(runId: string): Promise<boolean>
  requestCancel(runId: string): Promise<boolean>
  /** runs that are queued or running */
  listActiveRuns(): Promise<readonly Run[]>
  /** a process works on these runs */
  sayAlive(runIds: readonly string[]): Promise<void>
  /** ids of the active runs that no process has called alive for so long, by the database's clock; ids only, for another version may have made them */
  listSilentRuns(seconds: number): Promise<readonly string[]>
  /**
   * In one transaction: run state, log row, and with `moveMarkers` the markers (never past the snapshot's own time). Does nothing to a run that has ended.
   * @returns false: the run is to be cancelled, and so did not succeed
   */
  finishRun(
    runId: string,
    end: { state: 'succeeded' | 'failed' | 'cancelled'; failure: string | null; statusInfo: string; moveMarkers: boolean },
  ): Promise<boolean>
  readSteps(runId: string): Promise<readonly StepRow[]>
  startStep(runId: string, step: Step, chunks: number): Promise<void>
  finishStep(runId: string, step: Step, state: StepState, failure: string | null): Promise<void>
  /** What was planned is known: the four steps that send it are told how many chunks they will have, so that the progress is known too. */
  announceChunks(runId: string): Promise<void>

  // ---- snapshot
  /** Copies the delta of the mapping's relations in one repeatable-read transaction. Repeatable: a second call replaces the first one's rows. @throws RunFailure naming relation and column */
  takeSnapshot(run: Run): Promise<SnapshotSummary>
  /**
   * Flags patients of the run who share a value: all of `searchable` together, or one of `unique` alone (blanks and case ignored, empty values never).
   * A patient with a tracked entity is not flagged: the newcomer is.
   */
  flagSameValues(runId: string, columns: { searchable: readonly string[]; unique: readonly string[] }): Promise<number>
  /** Numbers the patients that have pending rows, in order of patient id, `size` to a chunk; returns the number of chunks. */
  assignChunks(runId: string, size: number): Promise<number>
  /** chunks that have pending work in a step */
  chunksOf(
    runId: string,
    step: 'patients' | 'enrollments' | 'new-completed' | 'updated-completed' | 'new-active' | 'updated-active',
  ): Promise<readonly number[]>

  // ---- records
  /** pending patients of a chunk; with `all` also those that this run has settled (a dry run shows DHIS2 what a real one would have sent before) */
  readPatients(runId: string, chunk: number, which?: 'pending' | 'all'): Promise<readonly PatientRow[]>
  /** instance_tracker's patient for each of these tracked entities */
  patientsOf(trackedEntities: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>
  /** of patients with pending enrollments or events: all of the chunk, those for whom nothing is planned yet, or of these the ones that this run has created */
  readEnrollmentWork(runId: string, chunk: number, which: 'all' | 'unplanned' | 'newcomers'): Promise<readonly PatientWork[]>
  /** `instead`: of all that was planned for the chunk before */
  savePlan<Plan>(runId: string, chunk: number, planned: readonly PlannedEnrollment<Plan>[], how?: 'add' | 'instead'): Promise<void>
  /** which of these events a row of event_tracker names */
  trackedEvents(events: readonly string[]): Promise<ReadonlySet<string>>
  /** planned and still pending (the enrollment itself, or one of its events), waves in order; events: the pending ones. With `all` settled ones too. */
  readPlanned<Plan>(runId: string, step: Step, chunk: number, which?: 'pending' | 'all'): Promise<readonly PushItem<Plan>[]>
  /**
   * Does the work while no other process sends anything about the chunk's patients, in whatever run: DHIS2 answers two requests with one new person with
   * HTTP 500 or a refusal. `beside`: some of them are another run's too, which goes on or went on beside this one.
   */
  holdingPatients<T>(runId: string, chunk: number, work: (beside: boolean) => Promise<T>): Promise<T>
  /** Has another run sent enrollments of the chunk's patients, in the programs of its plan, since that was made? */
  sentSincePlan(runId: string, chunk: number): Promise<boolean>
  /** Write-ahead, before a request: these uids and values are on their way (sync_confirmed, without a hash). Nothing in a dry run. @throws RunEndedError */
  markSending(runId: string, sending: readonly { rowId: string; uid: string; sent: readonly string[] }[]): Promise<void>
  /** false: each of these records is rejected since an earlier run because DHIS2 could not digest it, or because of its parent */
  anyDigestible(runId: string, rowIds: readonly string[]): Promise<boolean>
  /** In one transaction: snapshot rows, tracker tables, confirmed hashes, rejected records and step counts. In a dry run only snapshot rows and counts. */
  recordOutcomes(runId: string, step: Step, outcomes: readonly Outcome[]): Promise<void>
  /** the chunk's work is done; counted once however often it is said. @returns the step's chunks */
  chunkDone(runId: string, step: Step, chunk: number): Promise<{ done: number; total: number }>
  /** rows that no step has settled: zero at the end of a run that went to its end */
  countPending(runId: string): Promise<number>
  readRejected(runId: string): Promise<readonly RejectedRow[]>
  readWarnings(runId: string): Promise<readonly { kind: Kind; patientId: string; recordKey: string; warning: string }[]>

  // ---- the Mart, read only
  /** those whose name has this text, in any case; our own tables are left out */
  listMartRelations(search: string): Promise<readonly MartRelation[]>
  /** in the relation's own order; null: the Mart has no such relation */
  readMartColumns(relation: string, withSamples: boolean): Promise<readonly MartColumn[] | null>
  /** what a sync would send, patients, enrollments and events side by side. @throws RunFailure */
  joinedDelta(
    mapping: Mapping,
    period: Pick<RunRequest, 'from' | 'to'>,
    onRow: (row: JoinedRow, relations: readonly Relation[]) => Promise<void>,
  ): Promise<void>
  /** UIDs of the programs that the mapping's enrollments name. @throws MartMisfitError */
  readPrograms(mapping: Mapping): Promise<readonly string[]>
  // what a sync would look at now: patients, enrollments, then events, each by patient. They throw MartMisfitError.
  countDelta(mapping: Mapping, request: DeltaRequest): Promise<DeltaCounts>
  readDeltaPage(mapping: Mapping, request: DeltaRequest, page: DeltaPage): Promise<DeltaPageRows>
  /** as they are taken: whoever stops early ends the query */
  streamDelta(mapping: Mapping, request: DeltaRequest, filter: DeltaFilter): AsyncGenerator<DeltaRow>
  /** Does the work on a run of these records as it would be now; nothing of it is kept. @throws RunFailure naming relation and column */
  rehearse<T>(mapping: Mapping, records: readonly RecordRef[], work: (rehearsal: Rehearsal) => Promise<T>): Promise<T>
  /** delivered records that no mapping's relations have any more. @throws MartError */
  readVanished(mapping: Mapping): Promise<readonly VanishedRow[]>
  /** what the Mart has of each of the mapping's relations, in the order of relationsOf */
  readRelationFacts(mapping: Mapping): Promise<readonly RelationFacts[]>
  /** Are the relations and columns of all mappings there? */
  findMart(): Promise<MartFound>

  // ---- rejected records, a work list over all runs
  /** in the order in which they came on the list; `after`: id of the last one of the page before, null at the beginning */
  listRejected(filter: RejectedFilter, page: { after: string | null; limit: number }): Promise<readonly RejectedRecord[]>
  readRejectedRecord(id: string): Promise<RejectedRecord | null>
  countRejected(filter: RejectedFilter): Promise<number>
  /** the open ones among them; mappings without any are left out */
  countOpenByMapping(filter: RejectedFilter): Promise<readonly { mapping: string; records: number }[]>
  /** the most frequent first */
  groupRejected(filter: RejectedFilter): Promise<readonly RejectedGroup[]>
  /** Open ones only: with what belongs to them they are not sent, and not counted as rejected, until their content changes in the Mart. @returns how many */
  dismissRejected(filter: RejectedFilter, by: string, reason: string): Promise<number>
  /** @returns how many dismissed ones are open again */
  reopenRejected(filter: RejectedFilter): Promise<number>
  /**
   * Erases patient, value and sentence of records that were settled or dismissed, and the copies of runs that ended, more than so many days ago; never
   * within an hour. `signal` ends it after some thousand rows. @returns how many records and runs
   */
  eraseOlderThan(days: number, signal?: AbortSignal): Promise<{ records: number; runs: number }>
  /**
   * Deletes runs that ended more than so many days ago, and the oldest where a mapping has very many; before them their copies. Never one that ended within a
   * day, nor the last of its kind of a mapping, nor anything of the log, the trackers and the work list. @returns how many runs, and copies of runs
   */
  pruneRuns(days: number, signal?: AbortSignal, kept?: KeptRuns): Promise<{ runs: number; copies: number }>

  readLog(limit: number): Promise<readonly LogRow[]>
  close(): Promise<void>
}
