/** One patient's objects as DHIS2 will get them, beside what DHIS2 has now. Nothing is written, here or there. */
import { rehearseSteps, type Caught } from '../../jobs/rehearse-steps.ts'
import type { RehearsedRow, Rehearsal, Store } from '../../sql/store/store.ts'
import type { DeltaRow } from '../core/delta-row.ts'
import { linkedEnrollment } from '../core/delta-row.ts'
import { groupBy } from '../core/group-by.ts'
import type { Mapping } from '../core/mapping.ts'
import type { Dhis2Enrollment, Dhis2Event, Dhis2TrackedEntity, Kind, Metadata } from '../core/model.ts'
import type { Rejection } from '../core/rejection.ts'
import type { UidFactory } from '../core/uid.ts'
import type { Dhis2Client } from '../dhis2/client.ts'
import type { PreviewFacts } from './facts.ts'
import type { Effect } from './judge.ts'

/** An object as it is sent, or as DHIS2 has it. */
interface Side {
  uid: string
  orgUnit: string | null
  status: string | null
  /** yyyy-MM-dd */
  enrolledAt: string | null
  occurredAt: string | null
  /** attribute or data element → value; null: it is emptied */
  values: Record<string, string | null>
}
interface PreviewedObject {
  kind: Kind
  recordKey: string
  /** an event's enrollment */
  parent: string | null
  program: string | null
  programStage: string | null
  effect: Effect
  /** null: nothing of it is sent */
  sending: Side | null
  /** null: DHIS2 does not have it */
  there: Side | null
  rejection: Rejection | null
}
export interface PatientPreview {
  objects: PreviewedObject[]
  /** uid → name */
  names: Record<string, string>
}

export interface PatientOptions {
  store: Store
  client: Dhis2Client
  facts: PreviewFacts
  uidOf: UidFactory
  /** uid, when the site names it */
  trackedEntityType: string | null
  /** IANA */
  timeZone: string
}

/** @returns null: the Mart has nothing of this patient @throws MartMisfitError, and what DHIS2 throws */
export async function previewPatient(mapping: Mapping, patient: string, options: PatientOptions): Promise<PatientPreview | null> {
  const { store, client, facts } = options
  const all = await collect(store.streamDelta(mapping, { from: null, to: null, resync: true }, { patient }))
  if (all.length === 0) return null
  const delta = await collect(store.streamDelta(mapping, { from: null, to: null, resync: false }, { patient }))
  const { caught, rows, uids } = await store.rehearse(mapping, refsOf(delta), async (rehearsal) => ({
    caught: await rehearseSteps(contextOf(rehearsal, options), rehearsal.run, rehearsal.chunk),
    rows: await rehearsal.rows(),
    uids: await rehearsal.knownUids(all),
  }))
  const outcomes = new Map(rows.map((row) => [keyOf(row), row]))
  const records = [...new Map(all.map((row) => [keyOf(row), row])).values()].map((row) => {
    const outcome = outcomes.get(keyOf(row)) ?? null
    return { row, outcome, uid: outcome?.uid ?? uids.get(keyOf(row)) ?? null }
  })
  const there = await readThere(client, facts.metadata, records)
  const objects = records.map(({ row, outcome, uid }): PreviewedObject => ({
    kind: row.kind,
    recordKey: row.recordKey,
    parent: row.kind === 'event' ? (linkedEnrollment(row, mapping)?.recordKey ?? null) : null,
    program: row.program,
    programStage: row.programStage,
    effect: effectOf(outcome),
    sending: uid === null || outcome?.state === 'rejected' ? null : sendingSide(row.kind, uid, caught),
    there: uid === null ? null : (there.get(uid) ?? null),
    rejection: outcome?.rejection ?? null,
  }))
  return { objects, names: await namesOf(objects, facts.metadata, client) }
}

async function collect(rows: AsyncIterable<DeltaRow>): Promise<DeltaRow[]> {
  const all: DeltaRow[] = []
  for await (const row of rows) all.push(row)
  return all
}

const refsOf = (rows: readonly DeltaRow[]) => rows.map(({ kind, recordKey }) => ({ kind, recordKey }))
const keyOf = ({ kind, recordKey }: { kind: Kind; recordKey: string }) => `${kind} ${recordKey}`

const contextOf = ({ store }: Rehearsal, { client, facts, uidOf, trackedEntityType, timeZone }: PatientOptions) => ({
  store,
  client,
  metadata: () => Promise.resolve(facts.metadata),
  uidOf,
  requestSize: () => null,
  settings: { chunkSize: 1, trackedEntityType, timeZone },
})

const EFFECTS: Readonly<Record<RehearsedRow['state'], Effect>> = {
  created: 'new',
  updated: 'update',
  unchanged: 'unchanged',
  rejected: 'rejected',
  // it came along because its patient did
  context: 'unchanged',
  pending: 'unchanged',
  // somebody said that it need not go
  dismissed: 'unchanged',
}
/** What no step looked at has nothing that is to be sent. */
const effectOf = (outcome: RehearsedRow | null): Effect => (outcome ? EFFECTS[outcome.state] : 'unchanged')

function sendingSide(kind: Kind, uid: string, { trackedEntities, enrollments, events }: Caught): Side | null {
  const side: Side = { uid, orgUnit: null, status: null, enrolledAt: null, occurredAt: null, values: {} }
  if (kind === 'trackedEntity') {
    const sent = trackedEntities.get(uid)
    return sent ? { ...side, orgUnit: sent.orgUnit, values: Object.fromEntries(sent.attributes.map((a) => [a.attribute, a.value])) } : null
  }
  if (kind === 'enrollment') {
    const fields = enrollments.get(uid)?.fields
    return fields ? { ...side, ...fields } : null
  }
  const sent = events.get(uid)
  if (!sent) return null
  const values = Object.fromEntries(sent.dataValues.map((d) => [d.dataElement, d.value]))
  return { ...side, orgUnit: sent.orgUnit, status: sent.status, occurredAt: sent.occurredAt, values }
}

async function readThere(
  client: Dhis2Client,
  metadata: Metadata,
  records: readonly { row: DeltaRow; uid: string | null }[],
): Promise<Map<string, Side>> {
  const sides = new Map<string, Side>()
  const person = records.find(({ row, uid }) => row.kind === 'trackedEntity' && uid !== null)?.uid
  if (person == null) return sides
  const [found] = await client.readTrackedEntities([person])
  if (!found) return sides
  sides.set(person, sideOfPerson(found))
  const programs = new Set(records.flatMap(({ row }) => (row.program !== null && metadata.programs.has(row.program) ? [row.program] : [])))
  const enrollments: Dhis2Enrollment[] = []
  for (const program of programs) enrollments.push(...(await client.readEnrollments(program, [person])))
  for (const enrollment of enrollments) sides.set(enrollment.enrollment, sideOfEnrollment(enrollment))
  for (const [program, ofProgram] of groupBy(enrollments, ({ program }) => program))
    for (const event of await client.readEvents(program, ofProgram)) sides.set(event.event, sideOfEvent(event))
  return sides
}

const day = (text: string | null) => text?.slice(0, 10) ?? null

const sideOfPerson = ({ trackedEntity, orgUnit, attributes }: Dhis2TrackedEntity): Side => ({
  uid: trackedEntity,
  orgUnit,
  status: null,
  enrolledAt: null,
  occurredAt: null,
  values: Object.fromEntries(attributes),
})
const sideOfEnrollment = ({ enrollment, orgUnit, status, enrolledAt, occurredAt }: Dhis2Enrollment): Side => ({
  uid: enrollment,
  orgUnit,
  status,
  enrolledAt: day(enrolledAt),
  occurredAt: day(occurredAt),
  values: {},
})
const sideOfEvent = ({ event, orgUnit, status, occurredAt, dataValues }: Dhis2Event): Side => ({
  uid: event,
  orgUnit,
  status,
  enrolledAt: null,
  occurredAt: day(occurredAt),
  values: Object.fromEntries(dataValues),
})

async function namesOf(objects: readonly PreviewedObject[], metadata: Metadata, client: Dhis2Client): Promise<Record<string, string>> {
  const stages = [...metadata.programs.values()].flatMap((program) => [...program.stages.values()])
  const known = new Map(
    [
      ...metadata.attributes.values(),
      ...metadata.dataElements.values(),
      ...metadata.orgUnitsByCode.values(),
      ...metadata.programs.values(),
      ...stages,
    ].map(({ uid, name }) => [uid, name]),
  )
  const asked = new Set(
    objects.flatMap(({ program, programStage, sending, there }) =>
      [program, programStage, ...[sending, there].flatMap((side) => (side ? [side.orgUnit, ...Object.keys(side.values)] : []))].filter(
        (uid) => uid !== null,
      ),
    ),
  )
  const strange = [...asked].filter((uid) => !known.has(uid))
  if (strange.length > 0) for (const [uid, { name }] of await client.identify(strange)) known.set(uid, name)
  return Object.fromEntries([...asked].flatMap((uid) => (known.has(uid) ? [[uid, known.get(uid)!]] : [])))
}
