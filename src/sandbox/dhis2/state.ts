import { timestamp } from './dates.ts'

/** One attribute's or data element's value, and when and by whom it came. */
export interface StoredValue {
  value: string
  created: string
  updated: string
  storedBy: string
}

interface Stored {
  uid: string
  /** grows with every object made */
  sequence: number
  created: string
  updated: string
  createdBy: string
  updatedBy: string
  deleted: boolean
}

export interface TrackedEntity extends Stored {
  type: string
  orgUnit: string
  attributes: Map<string, StoredValue>
  enrollments: Enrollment[]
}

export interface Enrollment extends Stored {
  trackedEntity: TrackedEntity
  program: string
  /** 2.30 takes an enrollment without one */
  orgUnit: string | null
  status: string
  enrolledAt: string
  occurredAt: string | null
  completedAt: string | null
  completedBy: string | null
  events: Event[]
}

export interface Event extends Stored {
  enrollment: Enrollment
  programStage: string
  orgUnit: string
  status: string
  occurredAt: string | null
  scheduledAt: string | null
  completedAt: string | null
  completedBy: string | null
  dataValues: Map<string, StoredValue>
}

type New<T extends Stored> = Omit<
  T,
  'sequence' | 'created' | 'updated' | 'createdBy' | 'updatedBy' | 'deleted' | 'enrollments' | 'events' | 'attributes' | 'dataValues'
>

export interface SavedState {
  trackedEntities: Map<string, TrackedEntity>
  enrollments: Map<string, Enrollment>
  events: Map<string, Event>
  byValue: Map<string, Map<string, Set<TrackedEntity>>>
  sequence: number
}

/**
 * All tracker data of a sandbox. Objects are found by uid and by attribute value; a person has his enrollments, an enrollment its events.
 * Soft-deleted objects stay: their uids are never free again.
 */
export class TrackerState {
  readonly trackedEntities = new Map<string, TrackedEntity>()
  readonly enrollments = new Map<string, Enrollment>()
  readonly events = new Map<string, Event>()
  /** attribute uid → value in small letters → persons, soft-deleted ones too */
  private readonly byValue = new Map<string, Map<string, Set<TrackedEntity>>>()
  /** how to take back the running transaction, newest last; null outside of one */
  private undo: (() => void)[] | null = null

  private sequence = 0
  private lastMillis = Number.NaN
  private lastText = ''
  private readonly clock: () => number

  constructor(clock: () => number) {
    this.clock = clock
  }

  /** The time as it is stored. Objects of one millisecond share the text: there are millions of them. */
  now(): string {
    const millis = this.clock()
    if (millis !== this.lastMillis) {
      this.lastMillis = millis
      this.lastText = timestamp(millis)
    }
    return this.lastText
  }

  nowMillis(): number {
    return this.clock()
  }

  /** A copy of everything, for `load`. */
  save(): SavedState {
    const { trackedEntities, enrollments, events, byValue, sequence } = this
    // in one call: they share their objects
    return structuredClone({ trackedEntities, enrollments, events, byValue, sequence })
  }

  load(saved: SavedState): void {
    this.clear()
    const copy = structuredClone(saved)
    for (const [uid, entity] of copy.trackedEntities) this.trackedEntities.set(uid, entity)
    for (const [uid, enrollment] of copy.enrollments) this.enrollments.set(uid, enrollment)
    for (const [uid, event] of copy.events) this.events.set(uid, event)
    for (const [attribute, values] of copy.byValue) this.byValue.set(attribute, values)
    this.sequence = copy.sequence
  }

  clear(): void {
    this.trackedEntities.clear()
    this.enrollments.clear()
    this.events.clear()
    this.byValue.clear()
  }

  /** Runs the work; when it throws, all that it changed is as before. */
  transaction<T>(work: () => T): T {
    const undo: (() => void)[] = []
    this.undo = undo
    try {
      return work()
    } catch (error) {
      this.undo = null
      for (const step of undo.toReversed()) step()
      throw error
    } finally {
      this.undo = null
    }
  }

  private stamp(user: string): Omit<Stored, 'uid'> {
    const now = this.now()
    return { sequence: ++this.sequence, created: now, updated: now, createdBy: user, updatedBy: user, deleted: false }
  }

  addTrackedEntity(data: New<TrackedEntity>, user: string): TrackedEntity {
    const entity = { ...data, ...this.stamp(user), attributes: new Map(), enrollments: [] }
    this.trackedEntities.set(entity.uid, entity)
    this.undo?.push(() => this.trackedEntities.delete(entity.uid))
    return entity
  }

  addEnrollment(data: New<Enrollment>, user: string): Enrollment {
    const enrollment = { ...data, ...this.stamp(user), events: [] }
    this.enrollments.set(enrollment.uid, enrollment)
    data.trackedEntity.enrollments.push(enrollment)
    this.undo?.push(() => {
      this.enrollments.delete(enrollment.uid)
      remove(data.trackedEntity.enrollments, enrollment)
    })
    return enrollment
  }

  addEvent(data: New<Event>, user: string): Event {
    const event = { ...data, ...this.stamp(user), dataValues: new Map() }
    this.events.set(event.uid, event)
    data.enrollment.events.push(event)
    this.undo?.push(() => {
      this.events.delete(event.uid)
      remove(event.enrollment.events, event)
    })
    return event
  }

  /** Changes fields of an object; values of attributes and data elements have methods of their own. */
  change<T extends Stored>(
    object: T,
    fields: Partial<Omit<T, 'uid' | 'sequence' | 'created' | 'attributes' | 'dataValues' | 'enrollments' | 'events'>>,
    user: string,
  ): void {
    const before = { ...object }
    Object.assign(object, fields, { updated: this.now(), updatedBy: user })
    this.undo?.push(() => Object.assign(object, before))
  }

  moveEvent(event: Event, to: Enrollment): void {
    const from = event.enrollment
    const move = (a: Enrollment, b: Enrollment): void => {
      remove(a.events, event)
      b.events.push(event)
      event.enrollment = b
    }
    move(from, to)
    this.undo?.push(() => move(to, from))
  }

  /** Sets an attribute's value, or takes it away (null). */
  setAttribute(entity: TrackedEntity, attribute: string, value: string | null, user: string): void {
    const before = entity.attributes.get(attribute)
    this.storeAttribute(entity, attribute, this.nextValue(before, value, user))
    this.undo?.push(() => this.storeAttribute(entity, attribute, before))
  }

  setDataValue(event: Event, dataElement: string, value: string | null, user: string): void {
    const before = event.dataValues.get(dataElement)
    store(event.dataValues, dataElement, this.nextValue(before, value, user))
    this.undo?.push(() => store(event.dataValues, dataElement, before))
  }

  private nextValue(before: StoredValue | undefined, value: string | null, user: string): StoredValue | undefined {
    if (value === null) return undefined
    if (before?.value === value) return before
    const now = this.now()
    return { value, created: before?.created ?? now, updated: now, storedBy: user }
  }

  private storeAttribute(entity: TrackedEntity, attribute: string, value: StoredValue | undefined): void {
    const index = this.indexOf(attribute)
    const old = entity.attributes.get(attribute)
    if (old !== undefined) {
      const key = old.value.toLowerCase()
      const holders = index.get(key)
      holders?.delete(entity)
      if (holders?.size === 0) index.delete(key)
    }
    store(entity.attributes, attribute, value)
    if (value === undefined) return
    const key = value.value.toLowerCase()
    const holders = index.get(key)
    if (holders === undefined) index.set(key, new Set([entity]))
    else holders.add(entity)
  }

  private indexOf(attribute: string): Map<string, Set<TrackedEntity>> {
    let index = this.byValue.get(attribute)
    if (index === undefined) {
      index = new Map()
      this.byValue.set(attribute, index)
    }
    return index
  }

  /** Living persons with this value, whatever the case of its letters. */
  withValue(attribute: string, value: string): TrackedEntity[] {
    return [...(this.byValue.get(attribute)?.get(value.toLowerCase()) ?? [])].filter((entity) => !entity.deleted)
  }

  /** Living persons other than this one with exactly this value. */
  othersWithValue(attribute: string, value: string, uid: string): TrackedEntity[] {
    return this.withValue(attribute, value).filter((entity) => entity.uid !== uid && entity.attributes.get(attribute)?.value === value)
  }

  /** Deletes softly, with all that hangs on it; attribute values go for good. */
  deleteTrackedEntity(entity: TrackedEntity, user: string): void {
    this.change(entity, { deleted: true }, user)
    for (const attribute of entity.attributes.keys()) this.setAttribute(entity, attribute, null, user)
    for (const enrollment of entity.enrollments) if (!enrollment.deleted) this.deleteEnrollment(enrollment, user)
  }

  deleteEnrollment(enrollment: Enrollment, user: string): void {
    this.change(enrollment, { deleted: true }, user)
    for (const event of enrollment.events) if (!event.deleted) this.deleteEvent(event, user)
  }

  deleteEvent(event: Event, user: string): void {
    this.change(event, { deleted: true }, user)
  }
}

function store(values: Map<string, StoredValue>, key: string, value: StoredValue | undefined): void {
  if (value === undefined) values.delete(key)
  else values.set(key, value)
}

function remove<T>(list: T[], item: T): void {
  const at = list.lastIndexOf(item)
  if (at >= 0) list.splice(at, 1)
}

/** The living ones. */
export function living<T extends Stored>(objects: Iterable<T>): T[] {
  return [...objects].filter((object) => !object.deleted)
}
