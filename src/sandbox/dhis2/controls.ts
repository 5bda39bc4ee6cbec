import type { Json, JsonObject } from './json.ts'
import { type Enrollment, type Event, type SavedState, type TrackedEntity, type TrackerState } from './state.ts'

type FaultKind = 'status' | 'reset' | 'timeout' | 'html' | 'truncated'

/** What goes wrong with the next requests that match. */
export interface Fault {
  kind: FaultKind
  /** for kind status, default 503; for html, default 502 */
  status?: number
  /** seconds, as a Retry-After header */
  retryAfter?: number
  /** the body to answer with, for kind status */
  body?: Json
  /** only this method */
  method?: string
  /** only paths (with query) that contain this text */
  path?: string
  /** how many requests, default 1 */
  times?: number
  /** how many matching requests go well before, default 0 */
  after?: number
  /** true: the request is carried out, only its answer is lost or spoilt */
  processed?: boolean
}

export interface LoggedRequest {
  method: string
  /** with query */
  path: string
  username: string | null
  status: number
  /** of its body */
  bytes: number
  /** requests that write on their way when it came, with itself */
  atATime: number
}

/** What a server can take, and the proxy before it. */
export interface Capacity {
  /** requests that write at a time; one more is refused with 429 */
  atATime?: number
  /** bytes of a request that is done within the proxy's patience; a larger one gets 504 */
  bytes?: number
}

interface DumpedEvent {
  event: string
  programStage: string
  orgUnit: string
  status: string
  occurredAt: string | null
  completedAt: string | null
  deleted: boolean
  dataValues: Record<string, string>
}

interface DumpedEnrollment {
  enrollment: string
  program: string
  orgUnit: string | null
  status: string
  enrolledAt: string
  occurredAt: string | null
  completedAt: string | null
  deleted: boolean
  events: DumpedEvent[]
}

interface DumpedTrackedEntity {
  trackedEntity: string
  trackedEntityType: string
  orgUnit: string
  deleted: boolean
  attributes: Record<string, string>
  enrollments: DumpedEnrollment[]
}

export interface Dump {
  trackedEntities: DumpedTrackedEntity[]
}

const valuesOf = (values: ReadonlyMap<string, { value: string }>): Record<string, string> =>
  Object.fromEntries([...values].map(([key, { value }]): [string, string] => [key, value]).toSorted(([a], [b]) => (a < b ? -1 : 1)))

function dumpEvent(event: Event): DumpedEvent {
  const { programStage, orgUnit, status, occurredAt, completedAt, deleted } = event
  return { event: event.uid, programStage, orgUnit, status, occurredAt, completedAt, deleted, dataValues: valuesOf(event.dataValues) }
}

function dumpEnrollment(enrollment: Enrollment): DumpedEnrollment {
  const { program, orgUnit, status, enrolledAt, occurredAt, completedAt, deleted } = enrollment
  return {
    enrollment: enrollment.uid,
    program,
    orgUnit,
    status,
    enrolledAt,
    occurredAt,
    completedAt,
    deleted,
    events: enrollment.events.map(dumpEvent),
  }
}

function dumpPerson(person: TrackedEntity): DumpedTrackedEntity {
  return {
    trackedEntity: person.uid,
    trackedEntityType: person.type,
    orgUnit: person.orgUnit,
    deleted: person.deleted,
    attributes: valuesOf(person.attributes),
    enrollments: person.enrollments.map(dumpEnrollment),
  }
}

/** An edit that did not come through this program: somebody at work in DHIS2 itself. */
export type ForeignEdit =
  | { kind: 'trackedEntity'; uid: string; orgUnit?: string; attributes?: Record<string, string | null>; deleted?: true }
  | { kind: 'enrollment'; uid: string; status?: string; orgUnit?: string; enrolledAt?: string; deleted?: true }
  | {
      kind: 'event'
      uid: string
      status?: string
      orgUnit?: string
      occurredAt?: string
      dataValues?: Record<string, string | null>
      deleted?: true
    }

const FOREIGN = 'foreign'
const day = (date: string): string => (date.length === 10 ? `${date}T00:00:00.000` : date)

function change(state: TrackerState, edit: ForeignEdit): void {
  const missing = (): Error => new Error(`the sandbox has no ${edit.kind} ${edit.uid}`)
  if (edit.kind === 'trackedEntity') {
    const person = state.trackedEntities.get(edit.uid)
    if (person === undefined) throw missing()
    if (edit.orgUnit !== undefined) state.change(person, { orgUnit: edit.orgUnit }, FOREIGN)
    for (const [attribute, value] of Object.entries(edit.attributes ?? {})) state.setAttribute(person, attribute, value, FOREIGN)
    if (edit.deleted === true) state.deleteTrackedEntity(person, FOREIGN)
  } else if (edit.kind === 'enrollment') {
    const enrollment = state.enrollments.get(edit.uid)
    if (enrollment === undefined) throw missing()
    if (edit.status !== undefined) {
      const completedAt = edit.status === 'ACTIVE' ? null : state.now()
      state.change(enrollment, { status: edit.status, completedAt }, FOREIGN)
    }
    if (edit.orgUnit !== undefined) state.change(enrollment, { orgUnit: edit.orgUnit }, FOREIGN)
    if (edit.enrolledAt !== undefined) state.change(enrollment, { enrolledAt: day(edit.enrolledAt) }, FOREIGN)
    if (edit.deleted === true) state.deleteEnrollment(enrollment, FOREIGN)
  } else {
    const event = state.events.get(edit.uid)
    if (event === undefined) throw missing()
    if (edit.status !== undefined) state.change(event, { status: edit.status }, FOREIGN)
    if (edit.orgUnit !== undefined) state.change(event, { orgUnit: edit.orgUnit }, FOREIGN)
    if (edit.occurredAt !== undefined) state.change(event, { occurredAt: day(edit.occurredAt) }, FOREIGN)
    for (const [dataElement, value] of Object.entries(edit.dataValues ?? {})) state.setDataValue(event, dataElement, value, FOREIGN)
    if (edit.deleted === true) state.deleteEvent(event, FOREIGN)
  }
}

const LOG_LIMIT = 100_000

/** What tests and training do to a sandbox from outside of the API. */
export class Control {
  /** milliseconds that every answer waits */
  latency = 0
  /** of the n-th request that writes, the first is 0 */
  capacity: (n: number) => Capacity = () => ({})
  private faults: { fault: Fault; left: number; skip: number }[] = []
  private log: LoggedRequest[] = []
  private readonly state: TrackerState
  private readonly onReset: () => void

  constructor(state: TrackerState, onReset: () => void) {
    this.state = state
    this.onReset = onReset
  }

  /** Makes the next requests that match go wrong. */
  inject(fault: Fault): void {
    this.faults.push({ fault, left: fault.times ?? 1, skip: fault.after ?? 0 })
  }

  clearFaults(): void {
    this.faults = []
  }

  /** The fault that this request meets, if any; it is used up by asking. */
  nextFault(method: string, path: string): Fault | null {
    for (const entry of this.faults) {
      const { fault } = entry
      if (entry.left === 0 || (fault.method !== undefined && fault.method !== method) || !path.includes(fault.path ?? '')) continue
      if (entry.skip > 0) {
        entry.skip--
        continue
      }
      entry.left--
      return fault
    }
    return null
  }

  record(request: LoggedRequest): void {
    if (this.log.length < LOG_LIMIT) this.log.push(request)
  }

  requests(): readonly LoggedRequest[] {
    return this.log
  }

  /** `METHOD collection` → how many requests: `{"POST tracker": 3, "GET tracker/trackedEntities": 2}`. */
  requestCounts(): Record<string, number> {
    const counts: Record<string, number> = {}
    for (const { method, path } of this.log) {
      const [first = '', second = ''] = path
        .replace(/\?.*$/s, '')
        .replace(/^\/api\//, '')
        .split('/')
      const name = first === 'tracker' || first === 'system' ? [first, second].filter((part) => part !== '').join('/') : first
      counts[`${method} ${name}`] = (counts[`${method} ${name}`] ?? 0) + 1
    }
    return counts
  }

  /** How many requests wanted to write tracker data: what "0 import requests" is about. */
  importRequests(): number {
    return this.log.filter(
      ({ method, path }) => method !== 'GET' && /^\/api\/(tracker|trackedEntityInstances|enrollments|events)\b/.test(path),
    ).length
  }

  clearRequests(): void {
    this.log = []
  }

  /** All tracker data, soft-deleted objects included, in the order it was made. */
  dump(): Dump {
    return { trackedEntities: [...this.state.trackedEntities.values()].map(dumpPerson) }
  }

  /** All tracker data, for another sandbox to begin with. */
  save(): SavedState {
    return this.state.save()
  }

  load(saved: SavedState): void {
    this.state.load(saved)
  }

  edit(edit: ForeignEdit): void {
    change(this.state, edit)
  }

  /** Forgets all tracker data, faults, latency, capacity and the log. */
  reset(): void {
    this.state.clear()
    this.clearFaults()
    this.clearRequests()
    this.latency = 0
    this.capacity = () => ({})
    this.onReset()
  }

  counts(): JsonObject {
    return { trackedEntities: this.state.trackedEntities.size, enrollments: this.state.enrollments.size, events: this.state.events.size }
  }
}
