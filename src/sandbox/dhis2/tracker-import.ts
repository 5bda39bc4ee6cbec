import { type Call, enumParameter, refusal, type Reply, webMessage } from './http.ts'
import { type Json, type JsonObject, textOf } from './json.ts'
import type { MetadataIndex } from './metadata.ts'
import type { TrackerState } from './state.ts'
import type { TrackerError, TrackerType } from './tracker-errors.ts'
import {
  type Bundle,
  type EnrollmentPayload,
  type EventPayload,
  parseTrackerBody,
  readBundle,
  type TrackedEntityPayload,
} from './tracker-payload.ts'
import { type ImportContext, type ImportStrategy, validateBundle, type Verdict } from './tracker-validate.ts'
import { randomUid } from './uid.ts'
import type { Account } from './users.ts'
import type { VersionFacts } from './versions.ts'

export interface TrackerJob {
  finishedAt: string
  report: JsonObject
}

interface Stats {
  created: number
  updated: number
  deleted: number
  ignored: number
}

interface Saved {
  uid: string
  how: 'created' | 'updated' | 'deleted'
}

const TYPES: readonly TrackerType[] = ['TRACKED_ENTITY', 'ENROLLMENT', 'EVENT']

function statsOf(stats: Stats): JsonObject {
  return { ...stats, total: stats.created + stats.updated + stats.deleted + stats.ignored }
}

function saveTrackedEntity(payload: TrackedEntityPayload, context: ImportContext): Saved {
  const { state, account } = context
  const stored = state.trackedEntities.get(payload.uid)
  const orgUnit = payload.orgUnit ?? ''
  if (stored !== undefined) state.change(stored, { orgUnit }, account.username)
  const entity = stored ?? state.addTrackedEntity({ uid: payload.uid, type: payload.type ?? '', orgUnit }, account.username)
  for (const { attribute, value } of payload.attributes)
    if (attribute !== null) state.setAttribute(entity, attribute, value, account.username)
  return { uid: payload.uid, how: stored === undefined ? 'created' : 'updated' }
}

function saveEnrollment(payload: EnrollmentPayload, context: ImportContext): Saved {
  const { state, account } = context
  const person = state.trackedEntities.get(payload.trackedEntity ?? '')
  if (person === undefined) throw new Error('an enrollment without its person passed the checks')
  const stored = state.enrollments.get(payload.uid)
  const done = payload.status !== 'ACTIVE'
  const stays = done && stored?.status === payload.status
  // 2.41 passes over a client's date
  const completion = context.facts.minor > 41 ? (payload.completedAt ?? state.now()) : state.now()
  const fields = {
    orgUnit: payload.orgUnit,
    status: payload.status,
    enrolledAt: payload.enrolledAt ?? state.now(),
    occurredAt: payload.occurredAt ?? payload.enrolledAt,
    completedAt: !done ? null : stays ? stored.completedAt : completion,
    completedBy: payload.status === 'COMPLETED' ? (stays ? stored.completedBy : account.username) : null,
  }
  if (stored === undefined)
    state.addEnrollment({ uid: payload.uid, trackedEntity: person, program: payload.program ?? '', ...fields }, account.username)
  else state.change(stored, fields, account.username)
  for (const { attribute, value } of payload.attributes)
    if (attribute !== null) state.setAttribute(person, attribute, value, account.username)
  return { uid: payload.uid, how: stored === undefined ? 'created' : 'updated' }
}

function saveEvent(payload: EventPayload, context: ImportContext): Saved {
  const { state, account } = context
  const enrollment = state.enrollments.get(payload.enrollment ?? '')
  if (enrollment === undefined) throw new Error('an event without its enrollment passed the checks')
  const stored = state.events.get(payload.uid)
  const done = payload.status === 'COMPLETED'
  const stays = done && stored?.status === 'COMPLETED'
  const fields = {
    orgUnit: payload.orgUnit ?? '',
    // a visit that took place is an active event
    status: payload.status === 'VISITED' ? 'ACTIVE' : payload.status,
    occurredAt: payload.occurredAt,
    scheduledAt: payload.scheduledAt,
    completedAt: !done ? null : stays ? stored.completedAt : (payload.completedAt ?? state.now()),
    completedBy: !done ? null : stays ? stored.completedBy : account.username,
  }
  const event =
    stored ?? state.addEvent({ uid: payload.uid, enrollment, programStage: payload.programStage ?? '', ...fields }, account.username)
  if (stored !== undefined) state.change(stored, fields, account.username)
  for (const { dataElement, value } of payload.dataValues)
    if (dataElement !== null) state.setDataValue(event, dataElement, value, account.username)
  return { uid: payload.uid, how: stored === undefined ? 'created' : 'updated' }
}

function save(bundle: Bundle, context: ImportContext): Record<TrackerType, Saved[]> {
  if (context.strategy === 'DELETE') return remove(bundle, context)
  return {
    TRACKED_ENTITY: bundle.trackedEntities.map((payload) => saveTrackedEntity(payload, context)),
    ENROLLMENT: bundle.enrollments.map((payload) => saveEnrollment(payload, context)),
    EVENT: bundle.events.map((payload) => saveEvent(payload, context)),
  }
}

function remove(bundle: Bundle, context: ImportContext): Record<TrackerType, Saved[]> {
  const { state, account } = context
  const removed = <P extends { uid: string }, S>(list: readonly P[], stored: ReadonlyMap<string, S>, take: (object: S) => void): Saved[] =>
    list.map(({ uid }) => {
      const object = stored.get(uid)
      if (object !== undefined) take(object)
      return { uid, how: 'deleted' }
    })
  return {
    EVENT: removed(bundle.events, state.events, (event) => state.deleteEvent(event, account.username)),
    ENROLLMENT: removed(bundle.enrollments, state.enrollments, (enrollment) => state.deleteEnrollment(enrollment, account.username)),
    TRACKED_ENTITY: removed(bundle.trackedEntities, state.trackedEntities, (entity) => state.deleteTrackedEntity(entity, account.username)),
  }
}

const LISTS = { TRACKED_ENTITY: 'trackedEntities', ENROLLMENT: 'enrollments', EVENT: 'events' } as const

function bundleReport(
  bundle: Bundle,
  verdict: Verdict,
  saved: Record<TrackerType, Saved[]>,
  facts: VersionFacts,
): { stats: Stats; report: JsonObject } {
  const all: Stats = { created: 0, updated: 0, deleted: 0, ignored: new Set(verdict.errors.map(({ uid }) => uid)).size }
  const typeReportMap: JsonObject = {}
  for (const type of TYPES) {
    const objects = saved[type]
    const count = (how: Saved['how']): number => objects.filter((object) => object.how === how).length
    // 2.43 forgets the events of the enrollments of a refused person, and counts a uid that comes twice once
    const sent = bundle[LISTS[type]]
    const silent = type === 'EVENT' && facts.minor >= 43 ? verdict.silent : 0
    const total = facts.minor >= 43 ? new Set(sent.map(({ uid }) => uid)).size : sent.length
    const stats = {
      created: count('created'),
      updated: count('updated'),
      deleted: count('deleted'),
      ignored: total - objects.length - silent,
    }
    for (const key of ['created', 'updated', 'deleted'] as const) all[key] += stats[key]
    typeReportMap[type] = {
      trackerType: type,
      stats: statsOf(stats),
      objectReports: objects.map(({ uid }): Json => ({ trackerType: type, uid, errorReports: [] })),
    }
  }
  typeReportMap['RELATIONSHIP'] = {
    trackerType: 'RELATIONSHIP',
    stats: statsOf({ created: 0, updated: 0, deleted: 0, ignored: 0 }),
    objectReports: [],
  }
  return { stats: all, report: { typeReportMap } }
}

function toJson(error: TrackerError): Json {
  return { ...error }
}

/** What passes the checks and fails in the database ends the whole request, without a report. */
function refuseWhatBreaksTheDatabase(bundle: Bundle, { facts }: ImportContext): void {
  const values = [
    ...bundle.trackedEntities.flatMap(({ attributes }) => attributes),
    ...bundle.enrollments.flatMap(({ attributes }) => attributes),
    ...bundle.events.flatMap(({ dataValues }) => dataValues),
  ]
  if (values.some(({ value }) => value?.includes('\u0000') === true))
    throw refusal(500, 'ERROR: invalid byte sequence for encoding "UTF8": 0x00')
  // up to 2.42 a uid that comes twice is created, then updated
  if (facts.minor < 43) return
  for (const list of [bundle.trackedEntities, bundle.enrollments, bundle.events]) {
    if (new Set(list.map(({ uid }) => uid)).size < list.length) throw refusal(500, 'ERROR: duplicate key value violates unique constraint')
  }
}

/** Validates and saves a request; the report is DHIS2's. */
function runImport(bundle: Bundle, context: ImportContext, options: { atomic: boolean; validateOnly: boolean }): JsonObject {
  const verdict = validateBundle(bundle, context)
  const failed = options.atomic && verdict.errors.length > 0
  const validationReport = { errorReports: verdict.errors.map(toJson), warningReports: [] }
  const status = failed ? 'ERROR' : 'OK'
  const total = bundle.trackedEntities.length + bundle.enrollments.length + bundle.events.length
  if (failed) return { status, validationReport, stats: statsOf({ created: 0, updated: 0, deleted: 0, ignored: total }) }
  if (options.validateOnly) {
    const ignored = new Set(verdict.errors.map(({ uid }) => uid)).size
    return {
      status,
      validationReport,
      stats: statsOf({ created: 0, updated: 0, deleted: 0, ignored }),
      bundleReport: { typeReportMap: {} },
    }
  }
  refuseWhatBreaksTheDatabase(verdict.valid, context)
  const { stats, report } = bundleReport(bundle, verdict, save(verdict.valid, context), context.facts)
  return { status, validationReport, stats: statsOf(stats), bundleReport: report }
}

/** POST /api/tracker: at once with async=false, otherwise as a job whose report waits to be asked for. */
export function importTracker(
  call: Call,
  facts: VersionFacts,
  state: TrackerState,
  metadata: MetadataIndex,
  account: Account,
  jobs: Map<string, TrackerJob>,
): Reply {
  const strategy: ImportStrategy =
    enumParameter(call, facts, 'importStrategy', ['CREATE', 'UPDATE', 'CREATE_AND_UPDATE', 'DELETE']) ?? 'CREATE_AND_UPDATE'
  const atomic = enumParameter(call, facts, 'atomicMode', ['ALL', 'OBJECT']) !== 'OBJECT'
  const validateOnly = enumParameter(call, facts, 'importMode', ['COMMIT', 'VALIDATE']) === 'VALIDATE'
  const bundle = readBundle(parseTrackerBody(call.body), facts)
  const report = runImport(bundle, { state, metadata, facts, account, strategy }, { atomic, validateOnly })
  if (call.query.get('async')?.toLowerCase() === 'false') return { status: report['status'] === 'ERROR' ? 409 : 200, body: report }

  const id = randomUid()
  jobs.set(id, { finishedAt: state.now(), report })
  const location = facts.minor <= 41 ? `${call.base}/api/tracker/jobs/${id}` : `${call.base}/tracker/jobs/${id}`
  const reply = webMessage(200, 'Tracker job added', {
    response: { ...(facts.minor <= 41 ? {} : { responseType: 'TrackerJob' }), id, location },
  })
  return facts.minor <= 41 ? { ...reply, headers: { Location: location } } : reply
}

/** GET tracker/jobs/{id} and …/report. Jobs of the sandbox are done at once. */
export function readJob(id: string, part: string | undefined, jobs: ReadonlyMap<string, TrackerJob>): Reply {
  const job = jobs.get(id)
  if (part === 'report') {
    if (job === undefined) return webMessage(404, `Summary for job ${id} does not exist`)
    return { status: 200, body: job.report }
  }
  if (part !== undefined) return webMessage(404, `No such part of a job: ${part}`)
  if (job === undefined) return { status: 200, body: [] }
  const uid = randomUid()
  const message = `Import complete with status ${textOf(job.report['status'])}`
  return {
    status: 200,
    body: [{ uid, id: uid, level: 'INFO', category: 'TRACKER_IMPORT_JOB', time: job.finishedAt, message, completed: true }],
  }
}
