import { type Call, enumParameter, refusal, type Reply, webMessage } from './http.ts'
import type { JsonObject } from './json.ts'
import { parseLegacyBody, parseLegacyObject, readEnrollment, readEvent, readPerson } from './legacy-body.ts'
import type { LegacyContext, LegacyStrategy } from './legacy-context.ts'
import { changeStatus, deleteEnrollment, importEnrollments } from './legacy-enrollments.ts'
import { deleteEvent, importEvents, updateEvent, updateSingleValue } from './legacy-events.ts'
import { deletePerson, importPersons } from './legacy-persons.ts'
import { readLegacy } from './legacy-read.ts'
import { statusOf, summariesJson, type Summary, summaryJson } from './legacy-summaries.ts'
import type { ReadContext } from './tracker-read.ts'
import { randomUid } from './uid.ts'
import type { VersionFacts } from './versions.ts'

const COLLECTIONS = ['trackedEntityInstances', 'enrollments', 'events'] as const
type Collection = (typeof COLLECTIONS)[number]

/** A legacy import that was asked for with async=true. */
export interface LegacyJob {
  type: string
  finishedAt: string
  /** null: it failed, as every one of 2.30 does */
  summaries: JsonObject | null
}

const STRATEGIES = ['CREATE', 'UPDATE', 'CREATE_AND_UPDATE', 'DELETE', 'SYNC', 'NEW_AND_UPDATES', 'NEW', 'UPDATES', 'DELETES'] as const
const OLD_NAMES: Readonly<Record<string, LegacyStrategy>> = {
  NEW: 'CREATE',
  UPDATES: 'UPDATE',
  NEW_AND_UPDATES: 'CREATE_AND_UPDATE',
  SYNC: 'CREATE_AND_UPDATE',
  DELETES: 'DELETE',
}

function strategyOf(call: Call, collection: Collection, facts: VersionFacts): LegacyStrategy {
  const given = enumParameter(call, facts, 'strategy', STRATEGIES, 'org.hisp.dhis.importexport.ImportStrategy')
  // 2.30's default is to create, except for persons
  if (given === null) return facts.minor === 30 && collection !== 'trackedEntityInstances' ? 'CREATE' : 'CREATE_AND_UPDATE'
  return OLD_NAMES[given] ?? (given as LegacyStrategy)
}

function importBody(call: Call, collection: Collection, context: LegacyContext): Summary[] {
  // the database takes no NUL character
  if (call.body.includes('\\u0000')) throw refusal(500, 'could not execute statement')
  const strategy = strategyOf(call, collection, context.facts)
  const objects = parseLegacyBody(call.body, collection)
  if (collection === 'trackedEntityInstances')
    return importPersons(
      objects.map((object) => readPerson(object, context.facts)),
      strategy,
      context,
    )
  if (collection === 'enrollments')
    return importEnrollments(
      objects.map((object) => readEnrollment(object, context.facts)),
      strategy,
      context,
    )
  return importEvents(
    objects.map((object) => readEvent(object, context.facts)),
    strategy,
    context,
  )
}

const MESSAGES = {
  SUCCESS: 'Import was successful.',
  WARNING: 'One or more conflicts encountered, please check import summary.',
  ERROR: 'An error occurred, please check import summary.',
}

function reply(status: Summary['status'], response: JsonObject, httpStatus: number): Reply {
  const message = webMessage(httpStatus, MESSAGES[status], { response })
  return { ...message, body: { ...(message.body as JsonObject), status: status === 'SUCCESS' ? 'OK' : status } }
}

function post(call: Call, collection: Collection, context: LegacyContext, jobs: Map<string, LegacyJob>): Reply {
  const { facts } = context
  if (call.query.get('async')?.toLowerCase() === 'true') return postAsync(call, collection, context, jobs)
  const summaries = context.state.transaction(() => importBody(call, collection, context))
  const status = statusOf(summaries)
  const response = summariesJson(summaries, facts)
  // 2.41 answers 201 to enrollments, whatever became of them
  if (collection === 'enrollments' && facts.minor > 30) return { ...reply(status, response, 201), headers: {} }
  const [only] = summaries
  const location: Record<string, string> =
    summaries.length === 1 && only?.reference && only.status !== 'ERROR'
      ? { Location: `${call.base}/api/${collection}/${only.reference}` }
      : {}
  return { ...reply(status, response, status === 'SUCCESS' ? 200 : 409), headers: location }
}

const JOB_TYPES: Readonly<Record<Collection, string>> = {
  trackedEntityInstances: 'TEI_IMPORT',
  enrollments: 'ENROLLMENT_IMPORT',
  events: 'EVENT_IMPORT',
}

function postAsync(call: Call, collection: Collection, context: LegacyContext, jobs: Map<string, LegacyJob>): Reply {
  const type = JOB_TYPES[collection]
  const id = randomUid()
  // 2.30 has no database session in its job: persons and enrollments fail always
  const fails = context.facts.minor === 30 && collection !== 'events'
  const summaries = fails
    ? null
    : summariesJson(
        context.state.transaction(() => importBody(call, collection, context)),
        context.facts,
      )
  jobs.set(id, { type, finishedAt: context.state.now(), summaries })
  const response = {
    name: 'inMemoryEventImport',
    id,
    created: context.state.now(),
    jobType: type,
    ...(context.facts.minor > 30 ? { jobStatus: 'NOT_STARTED' } : {}),
    relativeNotifierEndpoint: `/api/system/tasks/${type}/${id}`,
  }
  return {
    ...webMessage(200, 'Initiated inMemoryEventImport', { response }),
    headers: { Location: `${call.base}/api/system/tasks/${type}` },
  }
}

/** GET system/tasks/{type}/{id} and system/taskSummaries/{type}/{id} */
export function readLegacyJob(kind: string, id: string, jobs: ReadonlyMap<string, LegacyJob>): Reply {
  const job = jobs.get(id)
  if (kind === 'taskSummaries') return { status: 200, body: job?.summaries ?? 'null' }
  if (job === undefined) return { status: 200, body: [] }
  const message = job.summaries === null ? 'Process failed: could not initialize proxy - no Session' : 'Import done'
  return {
    status: 200,
    body: [
      {
        uid: randomUid(),
        level: job.summaries === null ? 'ERROR' : 'INFO',
        category: job.type,
        time: job.finishedAt,
        message,
        completed: true,
      },
    ],
  }
}

function single(summary: Summary, facts: VersionFacts): Reply {
  return reply(summary.status, summaryJson(summary, facts), summary.status === 'SUCCESS' ? 200 : 409)
}

function put(call: Call, collection: Collection, uid: string, part: string | undefined, context: LegacyContext): Reply | null {
  const { facts, state } = context
  if (collection === 'trackedEntityInstances' && part === undefined) {
    const person = { ...readPerson(parseLegacyObject(call.body), facts), uid }
    const [summary] = importPersons([person], 'UPDATE', context)
    return summary === undefined ? null : single(summary, facts)
  }
  if (collection === 'enrollments') {
    if (part === undefined) {
      const [summary] = importEnrollments([{ ...readEnrollment(parseLegacyObject(call.body), facts), uid }], 'UPDATE', context)
      return summary === undefined ? null : single(summary, facts)
    }
    const status = { completed: 'COMPLETED', cancelled: 'CANCELLED', incompleted: 'ACTIVE' }[part]
    if (status === undefined) return null
    const stored = state.enrollments.get(uid)
    if (stored === undefined || stored.deleted) {
      throw refusal(404, `Enrollment not found for ID ${uid}`)
    }
    // 2.41 forgets the date here
    if (facts.minor > 30 && status === 'COMPLETED') changeStatus(stored, status, context, null)
    else changeStatus(stored, status, context)
    return { status: 204 }
  }
  if (collection === 'events') {
    const event = { ...readEvent(parseLegacyObject(call.body), facts), uid }
    return single(part === undefined ? updateEvent(event, context) : updateSingleValue(event, part, context), facts)
  }
  return null
}

function remove(collection: Collection, uid: string, context: LegacyContext): Reply {
  const removeOne = { trackedEntityInstances: deletePerson, enrollments: deleteEnrollment, events: deleteEvent }[collection]
  return single(removeOne(uid, context), context.facts)
}

/** The legacy API; null for paths that are not its own. */
export function legacyApi(call: Call, context: ReadContext, jobs: Map<string, LegacyJob>): Reply | null {
  const [name, uid, part, ...rest] = call.segments
  const collection = COLLECTIONS.find((candidate) => candidate === name)
  if (collection === undefined || rest.length > 0) return null
  if (call.method === 'GET') return readLegacy(call, context)
  const write: LegacyContext = {
    ...context,
    dryRun: call.query.get('dryRun')?.toLowerCase() === 'true',
    program: call.query.get('program'),
  }
  if (call.method === 'POST' && uid === undefined) return post(call, collection, write, jobs)
  if (uid === undefined) return null
  if (call.method === 'PUT') return context.state.transaction(() => put(call, collection, uid, part, write))
  if (call.method === 'DELETE' && part === undefined) return context.state.transaction(() => remove(collection, uid, write))
  return null
}
