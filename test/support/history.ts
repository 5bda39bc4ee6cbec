/** Random lives of patients in Bahmni and of their records in DHIS2, the same for the same seed. */
import { randomBytes } from 'node:crypto'
import { Clinic, FOLLOW_UP, HTS, INITIAL } from './clinic-model.ts'
import { othersEnter, type Site } from './expectation.ts'
import type { World } from './world.ts'

type Place = Pick<World, 'target' | 'tag' | 'db' | 'dhis2'>

export interface Dice {
  /** 0 … n - 1 */
  below: (n: number) => number
  /** true once in n times */
  oneIn: (n: number) => boolean
  pick: <T>(list: readonly T[]) => T
}

/** mulberry32 */
export function dice(seed: number): Dice {
  let state = seed | 0
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (n: number) => Math.floor(next() * n)
  return { below, oneIn: (n) => below(n) === 0, pick: (list) => list[below(list.length)]! }
}

const ORG_UNITS = ['C-01', 'C-02', 'C-03', 'C-07']
const STATUSES = ['ACTIVE', 'ACTIVE', 'COMPLETED', 'COMPLETED', 'CANCELLED']
const day = (n: number) => new Date(Date.UTC(2024, 1, 1 + n)).toISOString().slice(0, 10)

/** A clinic whose patients live on, round by round, beside others who work in the same DHIS2. */
export class History {
  readonly clinic: Clinic
  private readonly dice: Dice
  private readonly world: Place
  private readonly site: () => Site

  constructor(world: Place, seed: number, site: () => Site) {
    this.dice = dice(seed)
    this.world = world
    this.site = site
    this.clinic = new Clinic(world.tag)
  }

  /** New patients; some of them are in DHIS2 already, some with enrollments. */
  async begin(count: number): Promise<void> {
    const { dice: d, clinic } = this
    for (let i = 0; i < count; i++) {
      const id = `p${i}`
      if (d.oneIn(3)) await this.othersEnterPerson(`${this.world.tag}-UIC-${id}`)
      clinic.patient(id, { orgUnit: this.orgUnit(), dateCreated: now() }, d.oneIn(4) ? { Phone: '+263 77 123' } : {})
      for (let n = d.below(4); n > 0; n--) this.enroll(i)
    }
  }

  /** Each patient lives on a little. */
  async goOn(): Promise<void> {
    for (const [i] of this.clinic.patients.entries()) for (let n = this.dice.below(4); n > 0; n--) await this.oneThing(i)
  }

  private async oneThing(i: number): Promise<void> {
    const { dice: d, clinic } = this
    const patient = clinic.patients[i]!
    const enrollments = clinic.enrollments.filter((e) => e.patientId === patient.patientId)
    const visits = clinic.visits.filter((v) => v.patientId === patient.patientId)
    const enrollment = enrollments.length > 0 ? d.pick(enrollments) : undefined
    const visit = visits.length > 0 ? d.pick(visits) : undefined
    switch (d.below(11)) {
      case 0:
        edit(patient, { orgUnit: d.oneIn(6) ? null : this.orgUnit() })
        break
      case 1:
        edit(patient, {
          values: { ...patient.values, 'First Name': `Asha ${d.below(100)}`, Phone: d.pick([null, '+263 77 123', '+263 77 456']) },
        })
        break
      case 2:
        edit(patient, { values: { ...patient.values, Gender: d.pick(['female', 'Male', null, 'Neither']) } })
        break
      case 3:
      case 4:
        this.enroll(i)
        break
      case 5:
      case 6:
        if (enrollment) edit(enrollment, { status: d.oneIn(8) ? 'Double entry' : d.pick(STATUSES) })
        break
      case 7:
        if (enrollment) this.visit(enrollment)
        break
      case 8:
        if (visit) edit(visit, { eventDate: day(d.below(90)), values: this.form(visit.programStage!) })
        break
      case 9:
        if (visit && d.oneIn(2)) clinic.visits.splice(clinic.visits.indexOf(visit), 1)
        else if (enrollment) clinic.enrollments.splice(clinic.enrollments.indexOf(enrollment), 1)
        break
      case 10:
        await this.othersEnroll(patient.patientId!)
    }
  }

  private orgUnit(): string {
    return this.dice.pick(ORG_UNITS)
  }

  private enroll(i: number): void {
    const { dice: d, clinic } = this
    const enrollmentDate = day(d.below(60))
    const incidentDate = d.oneIn(3) ? null : enrollmentDate
    const status = d.pick(STATUSES)
    const enrollment = clinic.enroll(clinic.patients[i]!, {
      orgUnit: this.orgUnit(),
      enrollmentDate,
      incidentDate,
      status,
      dateCreated: now(),
    })
    for (let n = d.below(3); n > 0; n--) this.visit(enrollment)
  }

  private visit(enrollment: Clinic['enrollments'][number]): void {
    const stage = this.dice.oneIn(3) ? INITIAL : FOLLOW_UP
    const over = { eventDate: day(this.dice.below(90)), orgUnit: this.dice.oneIn(4) ? null : this.orgUnit(), dateCreated: now() }
    const visit = this.clinic.visit(enrollment, stage, over)
    edit(visit, { values: this.form(stage) })
  }

  private form(stage: string): Record<string, string | null> {
    const { dice: d } = this
    return stage === INITIAL
      ? {
          'Date of HIV test': day(d.below(90)),
          'HIV result given to client ?': d.pick(['NEGATIVE', 'positive', 'Inconclusive', 'NEGATIVE', 'no idea']),
          'Have you had a cough?': d.pick(['true', 'false', null]),
          'Tests in the last 12 months': d.pick([null, '1', '12']),
          Notes: d.pick([null, 'said "no"', 'a\nb', '🌻 \\ it’s']),
        }
      : { 'Visit number': d.pick(['1', '2', null, '0']), 'Next appointment': d.pick([day(d.below(90)), null]) }
  }

  // ------------------------------------------------------------------ others, who work in DHIS2

  /** unlike every other history's: several may run on one server */
  private uid(): string {
    return `x${randomBytes(5).toString('hex')}`
  }

  private async othersEnterPerson(uic: string): Promise<void> {
    const { dice: d, world } = this
    const uid = this.uid()
    const attributes = { TEAUicCode1: uic, TEAPhoneNo1: '+263 71 999' }
    const list = Object.entries(attributes).map(([attribute, value]) => ({ attribute, value }))
    const type = { trackedEntityType: 'TETPerson01', orgUnit: 'OUClinHre02', attributes: list }
    if (world.target.api === 'tracker')
      await world.dhis2('POST', 'tracker?async=false', { trackedEntities: [{ trackedEntity: uid, ...type }] })
    else
      await world.dhis2('POST', 'trackedEntityInstances?strategy=CREATE_AND_UPDATE', {
        trackedEntityInstances: [{ trackedEntityInstance: uid, ...type }],
      })
    const statuses = d.pick([[], ['COMPLETED'], ['COMPLETED', 'COMPLETED'], ['ACTIVE'], ['COMPLETED', 'ACTIVE'], ['CANCELLED']])
    const enrollments = statuses.map((status, i) => foreign(status, `2024-01-0${i + 1}`))
    for (const enrollment of enrollments) await this.post(uid, enrollment)
    othersEnter(this.site(), { orgUnit: type.orgUnit, attributes, enrollments })
  }

  /** An active enrollment beside what we made; DHIS2 takes it when there is no other. */
  private async othersEnroll(patientId: string): Promise<void> {
    const person = this.site().persons.find((p) => p.patientId === patientId)
    if (!person || person.enrollments.some((e) => e.status === 'ACTIVE')) return
    const [row] = await this.world.db.query<{ instance_id: string }>('select instance_id from instance_tracker where patient_id = $1', [
      patientId,
    ])
    const enrollment = foreign('ACTIVE', '2024-01-20')
    await this.post(row!.instance_id, enrollment)
    person.enrollments.push({ ...enrollment, name: null, boundTo: [], completed: 0 })
  }

  private async post(trackedEntity: string, { program, status, enrolledAt, orgUnit }: ReturnType<typeof foreign>): Promise<void> {
    const own = { enrollment: this.uid(), program, orgUnit, status }
    if (this.world.target.api === 'tracker')
      await this.world.dhis2('POST', 'tracker?async=false', {
        enrollments: [
          { ...own, trackedEntity, enrolledAt, occurredAt: enrolledAt, ...(status === 'COMPLETED' && { completedAt: enrolledAt }) },
        ],
      })
    else
      await this.world.dhis2('POST', 'enrollments?strategy=CREATE_AND_UPDATE', {
        enrollments: [
          {
            ...own,
            trackedEntityInstance: trackedEntity,
            enrollmentDate: enrolledAt,
            incidentDate: enrolledAt,
            ...(status === 'COMPLETED' && { completedDate: enrolledAt }),
          },
        ],
      })
  }
}

const foreign = (status: string, enrolledAt: string) => ({
  program: HTS,
  status,
  enrolledAt,
  occurredAt: enrolledAt,
  orgUnit: 'OUClinHre02',
  events: [],
})

const now = () => new Date().toISOString().slice(0, 19).replace('T', ' ')
const edit = <T extends object>(row: T, over: Partial<T>) => Object.assign(row, over, { dateCreated: now() })
