/**
 * What DHIS2 must hold after a sync of a Mart: a second, simple telling of the rules in enrollment-decisions and of the values. It takes nothing from
 * src/core but types, so that a mistake there cannot hide here.
 */
import type { EventRelation, Mapping } from '../../src/core/mapping.ts'
import type { EnrollmentStatus, Kind } from '../../src/core/model.ts'
import type { RejectionCode } from '../../src/core/rejection.ts'
import { REFERENCE_METADATA } from '../../src/sandbox/dhis2/reference-metadata.ts'
import type { MartEnrollment, MartPatient, MartService, MartVisit } from '../../src/sandbox/mart/service.ts'
import { expectedValue } from './expected-value.ts'
import { canonical, type Found, type FoundEnrollment, type FoundEvent, type FoundPatient } from './read-back.ts'

interface SiteEvent extends FoundEvent {
  /** program/stage/event_unique_id of the Mart's event that is here; null: others entered it */
  key: string | null
  /** data elements that a sync gave a value */
  sent: string[]
  deleted?: boolean
}

interface SiteEnrollment extends FoundEnrollment {
  /** for tests: the name of one that others made */
  name: string | null
  /** program_unique_ids of the Mart's enrollments that are bound to it; none: it is foreign */
  boundTo: string[]
  /** position in the order of completions, greater = later; 0: never completed */
  completed: number
  events: SiteEvent[]
  deleted?: boolean
}

interface SitePerson extends FoundPatient {
  /** the Mart's patient; null: foreign */
  patientId: string | null
  sent: string[]
  enrollments: SiteEnrollment[]
  deleted?: boolean
}

/** DHIS2, and what a site that syncs with it remembers. */
export interface Site {
  persons: SitePerson[]
  /** record → its content as DHIS2 last confirmed it */
  confirmed: Record<string, string>
  completions: number
}

export interface Rejected {
  kind: Kind
  /** patient id, program_unique_id or event_unique_id */
  id: string
  code: RejectionCode
  /** other mistakes of the record: which one is named is no matter */
  also?: RejectionCode[]
}

export interface ExpectOptions {
  /** yyyy-MM-dd */
  today?: string
  /** false: the legacy API, where a new event always goes to the active enrollment */
  addsEventsToAnyEnrollment?: boolean
  /** false: 2.30, where a person's attribute stays for ever */
  clearsAttributes?: boolean
}

export const newSite = (): Site => ({ persons: [], confirmed: {}, completions: 0 })

/** Somebody brings a person into DHIS2. Enrollments are given oldest completion first; `name` tells them apart in a test. */
export function othersEnter(
  site: Site,
  person: Omit<FoundPatient, 'enrollments'> & { enrollments: (FoundEnrollment & { name?: string })[] },
): SitePerson {
  const entered: SitePerson = {
    ...structuredClone(person),
    patientId: null,
    sent: [],
    enrollments: person.enrollments.map((enrollment) => ({
      ...structuredClone(enrollment),
      name: enrollment.name ?? null,
      boundTo: [],
      completed: enrollment.status === 'COMPLETED' ? ++site.completions : 0,
      events: enrollment.events.map((event) => ({ ...structuredClone(event), key: null, sent: [] })),
    })),
  }
  site.persons.push(entered)
  return entered
}

/** What DHIS2 shows of the site, as readBack gives it. */
export function found(site: Site): Found {
  const alive = <T extends { deleted?: boolean }>(list: readonly T[]) => list.filter((item) => !item.deleted)
  const all: Found = {}
  for (const { orgUnit, attributes, enrollments } of alive(site.persons)) {
    const shown = alive(enrollments).map((e) => ({
      program: e.program,
      status: e.status,
      enrolledAt: e.enrolledAt,
      occurredAt: e.occurredAt,
      orgUnit: e.orgUnit,
      events: alive(e.events).map((v) => ({
        stage: v.stage,
        date: v.date,
        status: v.status,
        orgUnit: v.orgUnit,
        values: inOrder(v.values),
      })),
    }))
    const person = { orgUnit, attributes: inOrder(attributes), enrollments: canonical(shown) }
    ;(all[attributes['TEAUicCode1'] ?? ''] ??= []).push(person)
  }
  return all
}

const inOrder = (values: Record<string, string>) => Object.fromEntries(Object.entries(values).toSorted())

/** The site after a sync of the whole delta; `before` stays as it is. */
export function expectSync(
  before: Site,
  mart: MartService,
  mapping: Mapping,
  options: ExpectOptions = {},
): { site: Site; rejected: Rejected[] } {
  const sync = new Sync(structuredClone(before), mart, mapping, options)
  sync.run()
  return { site: sync.site, rejected: sync.rejected }
}

interface Fields {
  orgUnit: string
  enrolledAt: string
  occurredAt: string
  status: EnrollmentStatus
}
interface Episode {
  row: MartEnrollment
  id: string
  fields: Fields
  pending: boolean
  events: MartVisit[]
}
type Code = { code: RejectionCode }

const isCode = (value: object): value is Code => 'code' in value
/** What of a relation says which values go where. */
type Values = Pick<EventRelation, 'columns' | 'translations'>
const translated = ({ translations }: Values, column: string, text: string | null | undefined) =>
  translations[column]?.[(text ?? '').trim()] ?? text ?? null
const mappedEntries = (columns: Readonly<Record<string, string>>) => Object.entries(columns).filter(([, uid]) => uid !== '')
const orgUnitOf = (code: string | null): string | Code => {
  if (code === null || code.trim() === '') return { code: 'org-unit-missing' }
  return REFERENCE_METADATA.orgUnits.find((o) => o.code === code.trim())?.id ?? { code: 'org-unit-unknown' }
}
const dateOf = (text: string | null, today: string): string | Code => {
  if (text === null || text.trim() === '') return { code: 'date-missing' }
  if (!/^\d{4}-\d{2}-\d{2}/.test(text) || text < '1900') return { code: 'date-invalid' }
  return text.slice(0, 10) > today ? { code: 'date-in-future' } : text.slice(0, 10)
}
const ids = {
  enrollment: (row: MartEnrollment) => `enrollment ${row.program}/${row.programUniqueId}`,
  event: (row: MartVisit) => `${row.program}/${row.programStage}/${row.eventUniqueId}`,
}

class Sync {
  readonly site: Site
  readonly rejected: Rejected[] = []
  private readonly mart: MartService
  private readonly mapping: Mapping
  private readonly options: Required<ExpectOptions>
  private readonly patients: MartPatient[]
  private readonly enrollments: MartEnrollment[]
  private readonly visits: MartVisit[]

  constructor(site: Site, mart: MartService, mapping: Mapping, options: ExpectOptions) {
    this.site = site
    this.mart = mart
    this.mapping = mapping
    const today = options.today ?? new Date().toISOString().slice(0, 10)
    this.options = { addsEventsToAnyEnrollment: true, clearsAttributes: true, ...options, today }
    const { instance, enrollments } = mapping
    // what the mapping gives rules, whatever the row has
    const patients = mart.patients.map((row) => ({ ...row, orgUnit: instance.constants.OrgUnit ?? row.orgUnit }))
    const enrolled = mart.enrollments.map((row) => ({
      ...row,
      orgUnit: enrollments.constants.OrgUnit ?? row.orgUnit,
      program: enrollments.constants.program ?? row.program,
    }))
    const visits = mart.visits.flatMap((row) => {
      const given = this.formOf(row)?.constants
      return given ? [{ ...row, orgUnit: given.OrgUnit ?? row.orgUnit, program: given.program ?? row.program }] : []
    })
    this.patients = this.certain('trackedEntity', patients, (row) => row.patientId)
    this.enrollments = this.certain('enrollment', enrolled, (row) => row.programUniqueId && ids.enrollment(row))
    this.visits = this.certain('event', visits, (row) => row.eventUniqueId && ids.event(row))
  }

  /** The event relation that shows it: one with its stage, or one of all stages. */
  private formOf(visit: MartVisit): EventRelation | undefined {
    return this.mapping.events.find(({ constants }) => (constants.program_stage ?? visit.programStage) === visit.programStage)
  }

  /** Rows without a patient, and different rows for one record, are rejected; the same row twice is one. */
  private certain<Row extends MartPatient | MartEnrollment | MartVisit>(
    kind: Kind,
    rows: readonly Row[],
    keyOf: (row: Row) => string | null,
  ): Row[] {
    const once = [...new Map(rows.map((row) => [this.content(row), row])).values()]
    return once.filter((row) => {
      const key = keyOf(row)
      const code = row.patientId === null ? 'identifier-missing' : 'duplicate-rows'
      const fine = row.patientId !== null && (key === null || once.filter((other) => keyOf(other) === key).length === 1)
      if (!fine) this.rejected.push({ kind, id: key ?? '', code })
      return fine
    })
  }

  run(): void {
    const bad = new Set<string>()
    // the searches see DHIS2 as it was before the run
    const there = structuredClone(this.site.persons)
    for (const row of this.patients.filter((p) => this.isPending(`patient ${p.patientId}`, p))) {
      const code = this.sendPatient(row, there)
      if (code === null) this.confirm(`patient ${row.patientId}`, row)
      else bad.add(row.patientId!)
      if (code !== null) this.reject('trackedEntity', row.patientId, code)
    }
    const all = new Set([...this.enrollments, ...this.visits].map((row) => row.patientId!))
    for (const patientId of all) this.syncEnrollments(patientId, bad.has(patientId))
  }

  private isPending(key: string, row: MartPatient | MartEnrollment | MartVisit): boolean {
    return this.site.confirmed[key] !== this.content(row)
  }

  /** What a sync looks at: neither date_created nor columns that are not mapped. */
  private content(row: MartPatient | MartEnrollment | MartVisit): string {
    if (!('values' in row)) return JSON.stringify({ ...row, dateCreated: null })
    const { columns, translations } = 'eventDate' in row ? this.formOf(row)! : this.mapping.instance
    const values = mappedEntries(columns).map(([column, uid]) => [uid, row.values[column] ?? null, translations[column]])
    return JSON.stringify({ ...row, dateCreated: null, values })
  }

  private confirm(key: string, row: MartPatient | MartEnrollment | MartVisit): void {
    this.site.confirmed[key] = this.content(row)
  }

  private reject(kind: Kind, id: string | null, code: RejectionCode): void {
    this.rejected.push({ kind, id: id ?? '', code })
  }

  // ------------------------------------------------------------------ persons

  private sendPatient(row: MartPatient, there: readonly SitePerson[]): RejectionCode | null {
    let person = this.site.persons.find((p) => p.patientId === row.patientId)
    if (!person && this.twinOf(row)) return 'same-value-in-run'
    if (!person) {
      const found = this.search(row, there)
      if (found && found.patientId !== null) return 'taken-by-other-patient'
      person = found && this.site.persons[there.indexOf(found)]
    }
    if (person?.deleted) return 'gone'
    const orgUnit = orgUnitOf(row.orgUnit)
    if (typeof orgUnit !== 'string') return orgUnit.code
    const values = this.valuesOf(this.mapping.instance, row.values, person?.sent ?? [])
    if (values.codes[0]) return values.codes[0]
    const after = merged(person?.attributes ?? {}, values.set, this.options.clearsAttributes ? values.clear : [])
    const mandatory = REFERENCE_METADATA.programs.flatMap((p) => p.attributes.filter((a) => a.mandatory).map((a) => a.id))
    if (mandatory.some((uid) => values.clear.includes(uid) || after[uid] === undefined)) return 'mandatory-missing'

    if (!person) {
      person = { patientId: null, orgUnit, attributes: {}, sent: [], enrollments: [] }
      this.site.persons.push(person)
    }
    Object.assign(person, { patientId: row.patientId, orgUnit, attributes: after, sent: Object.keys(values.set) })
    return null
  }

  private searched(row: MartPatient, columns: readonly string[]): Record<string, string> {
    return Object.fromEntries(
      columns.flatMap((column) => {
        const uid = this.mapping.instance.columns[column] ?? ''
        const made = uid === '' ? null : expectedValue(translated(this.mapping.instance, column, row.values[column]), uid)
        return made && !isCode(made) ? [[uid, made.value ?? '']] : []
      }),
    )
  }

  /** Another patient of the run with the same searchable values, or the same unique value. */
  private twinOf(row: MartPatient): boolean {
    const unique = Object.keys(this.mapping.instance.columns).filter(
      (column) => REFERENCE_METADATA.attributes.find((a) => a.id === this.mapping.instance.columns[column])?.unique,
    )
    const groups = [this.mapping.searchable, ...unique.map((column) => [column])].filter((group) => group.length > 0)
    const others = this.patients.filter((p) => p.patientId !== row.patientId && this.takesPart(p.patientId!))
    return groups.some((columns) => {
      const values = (p: MartPatient) =>
        columns.map((column) => (translated(this.mapping.instance, column, p.values[column]) ?? '').trim().toLowerCase())
      return values(row).every((v) => v !== '') && others.some((other) => String(values(other)) === String(values(row)))
    })
  }

  /** Patients without anything to send are not in a run. */
  private takesPart(patientId: string): boolean {
    return (
      this.patients.some((p) => p.patientId === patientId && this.isPending(`patient ${patientId}`, p)) ||
      this.enrollments.some((e) => e.patientId === patientId && this.isPending(ids.enrollment(e), e)) ||
      this.visits.some((v) => v.patientId === patientId && this.isPending(`event ${ids.event(v)}`, v))
    )
  }

  private search(row: MartPatient, there: readonly SitePerson[]): SitePerson | undefined {
    const wanted = Object.entries(this.searched(row, this.mapping.searchable))
    if (wanted.length < this.mapping.searchable.length || wanted.length === 0 || wanted.some(([, value]) => value === '')) return undefined
    const agree = (person: SitePerson, values: [string, string][], how: (a: string, b: string) => boolean) =>
      values.every(([uid, value]) => how(value, person.attributes[uid] ?? ''))
    const hits = there.filter((p) => !p.deleted && agree(p, wanted, (a, b) => a.toLowerCase() === b.toLowerCase()))
    const exact = hits.filter((p) => agree(p, wanted, (a, b) => a === b))
    const candidates = exact.length > 0 ? exact : hits
    const comparable = Object.entries(this.searched(row, this.mapping.comparable))
    const left =
      candidates.length > 1 ? candidates.filter((p) => agree(p, comparable, (a, b) => a.toLowerCase() === b.toLowerCase())) : candidates
    return left.length === 1 ? left[0] : undefined
  }

  /** Mapped values: those to set, and those that were sent before and are empty now. */
  private valuesOf(
    relation: Values,
    values: Readonly<Record<string, string | null>>,
    sent: readonly string[],
    allowed?: ReadonlySet<string>,
  ): { set: Record<string, string>; clear: string[]; codes: RejectionCode[] } {
    const set: Record<string, string> = {}
    const codes: RejectionCode[] = []
    for (const [column, uid] of mappedEntries(relation.columns)) {
      const made = expectedValue(translated(relation, column, values[column]), uid)
      const elsewhere = allowed !== undefined && !allowed.has(uid)
      if (elsewhere && (isCode(made) || made.value !== null)) codes.push('field-not-in-stage')
      else if (isCode(made)) codes.push(made.code)
      else if (made.value !== null) set[uid] = made.value
    }
    const mapped = new Set(Object.values(relation.columns))
    return { set, clear: sent.filter((uid) => mapped.has(uid) && set[uid] === undefined), codes }
  }

  // ------------------------------------------------------------------ enrollments

  private syncEnrollments(patientId: string, patientRejected: boolean): void {
    const own = this.enrollments.filter((row) => row.patientId === patientId)
    const pendingVisits = this.visits.filter((row) => row.patientId === patientId && this.isPending(`event ${ids.event(row)}`, row))
    const person = this.site.persons.find((p) => p.patientId === patientId)
    if (patientRejected || !person) {
      const code = patientRejected ? 'parent-rejected' : 'patient-not-found'
      for (const row of own.filter((e) => this.isPending(ids.enrollment(e), e))) this.reject('enrollment', row.programUniqueId, code)
      for (const row of pendingVisits) this.reject('event', row.eventUniqueId, code)
      return
    }
    const eventsOf = new Map<MartEnrollment, MartVisit[]>()
    for (const visit of pendingVisits) {
      const row = enrollmentOf(visit, own)
      if (row) eventsOf.set(row, [...(eventsOf.get(row) ?? []), visit])
      else this.reject('event', visit.eventUniqueId, 'enrollment-not-found')
    }
    const episodes: Episode[] = []
    for (const row of own) {
      const events = eventsOf.get(row) ?? []
      const pending = this.isPending(ids.enrollment(row), row)
      const fields = this.fieldsOf(row)
      if (pending && isCode(fields)) {
        this.reject('enrollment', row.programUniqueId, fields.code)
        for (const event of events) this.reject('event', event.eventUniqueId, 'parent-rejected')
      } else if (pending || events.length > 0) {
        const kept = isCode(fields)
          ? { orgUnit: '', enrolledAt: row.enrollmentDate ?? '', occurredAt: '', status: 'ACTIVE' as const }
          : fields
        episodes.push({ row, id: row.programUniqueId!, fields: kept, pending, events })
      }
    }
    // decided 1; those that only bring events come after the others of their group
    const order = (e: Episode) =>
      `${e.fields.status === 'ACTIVE' ? 1 : 0} ${e.pending ? 0 : 1} ${e.fields.enrolledAt} ${e.id.padStart(12, '0')}`
    const inOrder = episodes.toSorted((a, b) => (order(a) < order(b) ? -1 : 1))
    const enders = this.endersOf(patientId, inOrder, own)
    for (const episode of [...enders, ...inOrder.filter((e) => !enders.includes(e))]) this.syncEpisode(person, episode, own)
  }

  /** Those that end an active enrollment make room for the others, and so go first. Who they are shows when it is tried. */
  private endersOf(patientId: string, episodes: readonly Episode[], own: readonly MartEnrollment[]): Episode[] {
    const trial = new Sync(structuredClone(this.site), this.mart, this.mapping, this.options)
    const person = trial.site.persons.find((p) => p.patientId === patientId)!
    return episodes.filter((episode) => {
      const active = person.enrollments.filter((e) => isActive(e, episode.row.program))
      trial.syncEpisode(person, episode, own)
      return active.some((e) => e.status !== 'ACTIVE')
    })
  }

  private fieldsOf(row: MartEnrollment): Fields | Code {
    const program = REFERENCE_METADATA.programs.find((p) => p.id === row.program)
    if (row.program === null) return { code: 'program-missing' }
    if (!program) return { code: 'program-unknown' }
    if (row.programUniqueId === null) return { code: 'identifier-missing' }
    const status = (row.status ?? '').trim().toUpperCase()
    if (!['ACTIVE', 'COMPLETED', 'CANCELLED'].includes(status)) return { code: 'status-unknown' }
    const orgUnit = this.programOrgUnit(row.orgUnit, program.orgUnits)
    if (typeof orgUnit !== 'string') return orgUnit
    const enrolledAt = dateOf(row.enrollmentDate, this.options.today)
    if (typeof enrolledAt !== 'string') return enrolledAt
    const occurredAt = row.incidentDate === null ? enrolledAt : dateOf(row.incidentDate, this.options.today)
    return typeof occurredAt === 'string' ? { orgUnit, enrolledAt, occurredAt, status: status as EnrollmentStatus } : occurredAt
  }

  private programOrgUnit(code: string | null, assigned: readonly string[]): string | Code {
    const orgUnit = orgUnitOf(code)
    return typeof orgUnit === 'string' && !assigned.includes(orgUnit) ? { code: 'org-unit-not-in-program' } : orgUnit
  }

  private syncEpisode(person: SitePerson, episode: Episode, own: readonly MartEnrollment[]): void {
    const target = this.decide(person, episode, own)
    if (isCode(target)) {
      if (episode.pending) this.reject('enrollment', episode.id, target.code)
      for (const event of episode.events) this.reject('event', event.eventUniqueId, episode.pending ? 'parent-rejected' : target.code)
      return
    }
    const active = person.enrollments.some((e) => e !== target && isActive(e, episode.row.program))
    const blocked = active && !this.options.addsEventsToAnyEnrollment
    if (!target.boundTo.includes(episode.id)) target.boundTo.push(episode.id)
    if (episode.pending) {
      // decided 3: the newest of its Bahmni enrollments owns it
      const owns = newestOf(own.filter((row) => row.program === target.program && target.boundTo.includes(row.programUniqueId ?? '')))
      if (owns === episode.row) {
        if (episode.fields.status === 'COMPLETED' && target.status !== 'COMPLETED') target.completed = ++this.site.completions
        Object.assign(target, episode.fields)
      }
      this.confirm(ids.enrollment(episode.row), episode.row)
    }
    this.sendEvents(person, target, episode, blocked)
  }

  /** The two tables and what is decided beside them. */
  private decide(person: SitePerson, { row, id, fields, pending }: Episode, own: readonly MartEnrollment[]): SiteEnrollment | Code {
    const all = person.enrollments.filter((e) => e.program === row.program)
    const bound = all.find((e) => e.boundTo.includes(id))
    const active = all.filter((e) => e !== bound && isActive(e, row.program))
    const foreign = active.filter((e) => e.boundTo.length === 0)
    if (bound?.deleted) return { code: 'gone' }
    if (bound && !pending) {
      const reopens = !this.options.addsEventsToAnyEnrollment && bound.status !== 'ACTIVE'
      return foreign.length > 0 && reopens ? { code: 'conflict' } : bound
    }
    if (bound) {
      if (foreign.length > 0 && fields.status !== 'CANCELLED') return { code: 'conflict' }
      const owner = newestOf(own.filter((e) => e.program === row.program && bound.boundTo.includes(e.programUniqueId ?? '')))
      return fields.status === 'ACTIVE' && active.length > 0 && owner === row ? { code: 'several-active' } : bound
    }
    const created = (): SiteEnrollment => {
      const made = { name: null, program: row.program!, ...fields, boundTo: [], completed: 0, events: [], status: '' }
      person.enrollments.push(made)
      return made
    }
    if (fields.status === 'CANCELLED') return created()
    if (foreign[0]) return active.length > 1 ? { code: 'conflict' } : foreign[0]
    if (this.mapping.openLatestCompletedEnrollment === 'yes') {
      const completed = all.filter((e) => e.status === 'COMPLETED' && !e.deleted).toSorted((a, b) => b.completed - a.completed)
      return active[0] ?? completed[0] ?? created()
    }
    return fields.status === 'ACTIVE' && active.length > 0 ? { code: 'several-active' } : created()
  }

  // ------------------------------------------------------------------ events

  private sendEvents(person: SitePerson, target: SiteEnrollment, { row, events }: Episode, blocked: boolean): void {
    const known = (visit: MartVisit) => person.enrollments.flatMap((e) => e.events).find((e) => e.key === ids.event(visit))
    const order = (visit: MartVisit) => `${known(visit) ? 0 : 1} ${visit.eventDate} ${visit.eventUniqueId}`
    for (const visit of events.toSorted((a, b) => (order(a) < order(b) ? -1 : 1))) {
      const [code, ...also] = this.sendEvent(visit, row, target, known(visit), blocked)
      if (code === undefined) this.confirm(`event ${ids.event(visit)}`, visit)
      else this.rejected.push({ kind: 'event', id: visit.eventUniqueId ?? '', code, ...(also.length > 0 && { also }) })
    }
  }

  /** @returns everything that is wrong with it; nothing: it was sent */
  private sendEvent(
    visit: MartVisit,
    row: MartEnrollment,
    target: SiteEnrollment,
    known: SiteEvent | undefined,
    blocked: boolean,
  ): RejectionCode[] {
    if (visit.programStage === null) return ['stage-missing']
    if (visit.eventUniqueId === null) return ['identifier-missing']
    const program = REFERENCE_METADATA.programs.find((p) => p.id === visit.program)!
    const stage = program.stages.find((s) => s.id === visit.programStage)
    if (!stage) return ['stage-unknown']
    const codes: RejectionCode[] = []
    const others = target.events.filter((e) => e !== known && e.stage === stage.id && !e.deleted)
    if (!stage.repeatable && others.length > 0) codes.push('second-in-single-stage')
    if (known?.deleted) codes.push('gone')
    const orgUnit = this.programOrgUnit(visit.orgUnit ?? row.orgUnit, program.orgUnits)
    if (typeof orgUnit !== 'string') codes.push(orgUnit.code)
    const date = dateOf(visit.eventDate, this.options.today)
    if (typeof date !== 'string') codes.push(date.code)
    const status = visit.status ?? 'COMPLETED'
    const allowed = new Set(stage.dataElements.map((d) => d.id))
    const { set, clear, codes: mistakes } = this.valuesOf(this.formOf(visit)!, visit.values, known?.sent ?? [], allowed)
    const values = merged(known?.values ?? {}, set, clear)
    const compulsory = stage.dataElements.filter((d) => d.compulsory && status === 'COMPLETED')
    codes.push(...mistakes)
    if (mistakes.length === 0 && compulsory.some((d) => values[d.id] === undefined)) codes.push('mandatory-missing')
    if (blocked && !known) codes.push('event-needs-active-enrollment')
    if (codes.length > 0) return codes

    const now = { stage: stage.id, orgUnit: orgUnit as string, date: date as string, status, values, sent: Object.keys(set) }
    if (known) Object.assign(known, now)
    else target.events.push({ key: ids.event(visit), ...now })
    return []
  }
}

const isActive = (enrollment: SiteEnrollment, program: string | null) =>
  enrollment.program === program && enrollment.status === 'ACTIVE' && !enrollment.deleted

function merged(before: Readonly<Record<string, string>>, set: Readonly<Record<string, string>>, clear: readonly string[]) {
  return Object.fromEntries(Object.entries({ ...before, ...set }).filter(([uid]) => !clear.includes(uid)))
}

const newestOf = (rows: readonly MartEnrollment[]): MartEnrollment | undefined => {
  const age = (row: MartEnrollment) => `${row.enrollmentDate} ${(row.programUniqueId ?? '').padStart(12, '0')}`
  return rows.toSorted((a, b) => (age(a) < age(b) ? -1 : 1)).at(-1)
}

/** By patient_program_id where the event has one, otherwise by equal enrollment dates; of several the newest. */
function enrollmentOf(visit: MartVisit, own: readonly MartEnrollment[]): MartEnrollment | undefined {
  return newestOf(
    own.filter(
      (row) =>
        row.program === visit.program &&
        (visit.patientProgramId === null
          ? visit.enrollmentDate !== null && row.enrollmentDate === visit.enrollmentDate
          : row.programUniqueId === visit.patientProgramId),
    ),
  )
}
