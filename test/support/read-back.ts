/** What DHIS2 has of a world's patients, read by plain requests, not through our client, into one form for every version. */
import type { World } from './world.ts'

export interface FoundEvent {
  stage: string
  date: string
  status: string
  orgUnit: string
  values: Record<string, string>
}
export interface FoundEnrollment {
  program: string
  status: string
  enrolledAt: string
  occurredAt: string
  orgUnit: string
  events: FoundEvent[]
}
export interface FoundPatient {
  orgUnit: string
  attributes: Record<string, string>
  enrollments: FoundEnrollment[]
}
/** UIC → what DHIS2 has; several tracked entities with one UIC are duplicates, hence the list */
export type Found = Record<string, FoundPatient[]>

const day = (text: string | undefined) => (text ?? '').slice(0, 10)
const sorted = <T>(list: T[]): T[] => list.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))

/** What of a world is needed to read what its DHIS2 has. */
export type Readable = Pick<World, 'tag' | 'dhis2'> & { target: Pick<World['target'], 'api'> }

/** Everyone whose UIC begins with the world's tag. */
export async function readBack(world: Readable): Promise<Found> {
  const people = world.target.api === 'legacy' ? await legacy(world) : await tracker(world)
  const found: Found = {}
  for (const person of people)
    (found[person.attributes['TEAUicCode1'] ?? ''] ??= []).push({ ...person, enrollments: canonical(person.enrollments) })
  return found
}

export const canonical = (enrollments: FoundEnrollment[]) => sorted(enrollments.map((e) => ({ ...e, events: sorted(e.events) })))

const pairs = (list: { key: string; value: string }[]) => Object.fromEntries(list.map(({ key, value }) => [key, value]).toSorted())

interface RawTracker {
  orgUnit: string
  attributes?: { attribute: string; value: string }[]
  enrollments?: {
    program: string
    status: string
    enrolledAt: string
    occurredAt: string
    orgUnit: string
    events?: {
      programStage: string
      occurredAt: string
      status: string
      orgUnit: string
      dataValues?: { dataElement: string; value: string }[]
    }[]
  }[]
}

async function tracker(world: Readable): Promise<FoundPatient[]> {
  const fields =
    'orgUnit,attributes[attribute,value],enrollments[program,status,enrolledAt,occurredAt,orgUnit,events[programStage,occurredAt,status,orgUnit,dataValues[dataElement,value]]]'
  const query = `trackedEntityType=TETPerson01&orgUnitMode=ACCESSIBLE&filter=TEAUicCode1:like:${world.tag}&fields=${fields}&paging=false`
  const body = (await world.dhis2('GET', `tracker/trackedEntities?${query}`)) as { trackedEntities: RawTracker[] }
  return body.trackedEntities.map((te) => ({
    orgUnit: te.orgUnit,
    attributes: pairs((te.attributes ?? []).map((a) => ({ key: a.attribute, value: a.value }))),
    enrollments: (te.enrollments ?? []).map((e) => ({
      program: e.program,
      status: e.status,
      enrolledAt: day(e.enrolledAt),
      occurredAt: day(e.occurredAt),
      orgUnit: e.orgUnit,
      events: (e.events ?? []).map((v) => ({
        stage: v.programStage,
        date: day(v.occurredAt),
        status: v.status,
        orgUnit: v.orgUnit,
        values: pairs((v.dataValues ?? []).map((d) => ({ key: d.dataElement, value: d.value }))),
      })),
    })),
  }))
}

interface RawLegacy {
  orgUnit: string
  attributes?: { attribute: string; value: string }[]
  enrollments?: {
    program: string
    status: string
    enrollmentDate: string
    incidentDate: string
    orgUnit: string
    events?: {
      programStage: string
      eventDate: string
      status: string
      orgUnit: string
      dataValues?: { dataElement: string; value: string }[]
    }[]
  }[]
}

async function legacy(world: Readable): Promise<FoundPatient[]> {
  const fields =
    'orgUnit,attributes[attribute,value],enrollments[program,status,enrollmentDate,incidentDate,orgUnit,events[programStage,eventDate,status,orgUnit,dataValues[dataElement,value]]]'
  const query = `trackedEntityType=TETPerson01&ouMode=ACCESSIBLE&filter=TEAUicCode1:LIKE:${world.tag}&includeAllAttributes=true&fields=${fields}&skipPaging=true`
  const body = (await world.dhis2('GET', `trackedEntityInstances?${query}`)) as { trackedEntityInstances: RawLegacy[] }
  return body.trackedEntityInstances.map((te) => ({
    orgUnit: te.orgUnit,
    attributes: pairs((te.attributes ?? []).map((a) => ({ key: a.attribute, value: a.value }))),
    enrollments: (te.enrollments ?? []).map((e) => ({
      program: e.program,
      status: e.status,
      enrolledAt: day(e.enrollmentDate),
      occurredAt: day(e.incidentDate),
      orgUnit: e.orgUnit,
      events: (e.events ?? []).map((v) => ({
        stage: v.programStage,
        date: day(v.eventDate),
        status: v.status,
        orgUnit: v.orgUnit,
        values: pairs((v.dataValues ?? []).map((d) => ({ key: d.dataElement, value: d.value }))),
      })),
    })),
  }))
}

/** uids of what DHIS2 has, each with the uid of the person it belongs to */
export interface FoundUids {
  people: Set<string>
  enrollments: Map<string, string>
  events: Map<string, string>
}

interface RawUids {
  enrollments?: { enrollment: string; events?: { event: string }[] }[]
}

/** Of the same people. */
export async function readUids({ target: { api }, tag, dhis2 }: Readable): Promise<FoundUids> {
  const below = 'enrollments[enrollment,events[event]]'
  const people =
    api === 'legacy'
      ? (
          (await dhis2(
            'GET',
            `trackedEntityInstances?trackedEntityType=TETPerson01&ouMode=ACCESSIBLE&filter=TEAUicCode1:LIKE:${tag}&fields=trackedEntityInstance,${below}&skipPaging=true`,
          )) as { trackedEntityInstances: (RawUids & { trackedEntityInstance: string })[] }
        ).trackedEntityInstances.map((p) => ({ ...p, uid: p.trackedEntityInstance }))
      : (
          (await dhis2(
            'GET',
            `tracker/trackedEntities?trackedEntityType=TETPerson01&orgUnitMode=ACCESSIBLE&filter=TEAUicCode1:like:${tag}&fields=trackedEntity,${below}&paging=false`,
          )) as { trackedEntities: (RawUids & { trackedEntity: string })[] }
        ).trackedEntities.map((p) => ({ ...p, uid: p.trackedEntity }))
  const enrollments = people.flatMap(({ uid, enrollments: own = [] }) => own.map((e) => ({ ...e, person: uid })))
  return {
    people: new Set(people.map(({ uid }) => uid)),
    enrollments: new Map(enrollments.map(({ enrollment, person }) => [enrollment, person])),
    events: new Map(enrollments.flatMap(({ events = [], person }) => events.map(({ event }): [string, string] => [event, person]))),
  }
}
