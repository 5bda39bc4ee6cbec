/** What DHIS2 has by our tables and the Mart no longer has: by mapping, also of the Java services' time. */
import { afterAll, beforeEach, expect, test } from 'vitest'
import { createMart } from '../../sql/demo/mart.ts'
import { openPool } from '../../sql/pool.ts'
import { openChunkLocks } from '../../sql/store/chunk-locks.ts'
import { createStore } from '../../sql/store/postgres.ts'
import type { Store } from '../../sql/store/store.ts'
import { Clinic, FOLLOW_UP, HTS, INITIAL, mappingOf } from '../support/clinic-model.ts'
import { createMigratedDatabase, type TestDatabase } from '../support/postgres.ts'

const A = mappingOf('hts', { name: 'HTS Service' })
const B = mappingOf('art', { name: 'ART Service' })
const ART = 'PRGArtTest1'

const open: { db: TestDatabase; store: Store }[] = []
let db: TestDatabase
let store: Store
beforeEach(async () => {
  db = await createMigratedDatabase()
  store = createStore(
    await openPool({ databaseUrl: db.url, storeSchema: 'public', timeZone: 'UTC', size: 2 }),
    openChunkLocks(db.url, 'public', 2),
    {
      martSchema: 'mart',
      storeSchema: 'public',
      overlapDays: 7,
    },
  )
  open.push({ db, store })
  await store.saveMappings([A, B], 'admin')
})
afterAll(async () => {
  for (const each of open) {
    await each.store.close()
    await each.db.drop()
  }
})

/** Everything of these clinics is delivered, by a Java service: tracker rows alone. */
async function trackedByJava(...clinics: Clinic[]): Promise<void> {
  for (const { patients, enrollments, visits } of clinics) {
    for (const p of patients)
      await db.query(`insert into instance_tracker values ($1, 'te-' || $1, 'java', '2020-01-01 10:00') on conflict do nothing`, [
        p.patientId,
      ])
    for (const e of enrollments)
      await db.query(`insert into enrollment_tracker values ('te-' || $1, $2, 'ACTIVE', 'java', '2020-01-02 10:00', 'en-' || $3, $3)`, [
        e.patientId,
        e.program,
        e.programUniqueId,
      ])
    for (const v of visits)
      await db.query(`insert into event_tracker values ('ev-' || $1, 'te-' || $2, $3, $4, $1, 'java', '2020-01-03 10:00')`, [
        v.eventUniqueId,
        v.patientId,
        v.program,
        v.programStage,
      ])
  }
}

const person = (clinic: Clinic, id: string, program: string) => {
  const patient = clinic.patient(id)
  const enrollment = clinic.enroll(patient, { program })
  return { patient, enrollment, visits: [clinic.visit(enrollment, INITIAL), clinic.visit(enrollment, FOLLOW_UP)] as const }
}
const mart = (hts: Clinic, art: Clinic) => createMart(db.url, 'mart', [hts.service('hts'), art.service('art')])
const remove = <T>(list: T[], item: T) => list.splice(list.indexOf(item), 1)

test('of a Java service: a patient with all records, an enrollment, an event; each mapping its own', async () => {
  const [hts, art] = [new Clinic('P'), new Clinic('P')]
  const gone = person(hts, 'gone', HTS)
  const stays = person(hts, 'stays', HTS)
  const other = person(art, 'other', ART)
  // one patient in both services
  const [here, there] = [person(hts, 'both', HTS), person(art, 'both', ART)]
  await trackedByJava(hts, art)
  await mart(hts, art)
  expect(await store.readVanished(A)).toEqual([])
  expect(await store.readVanished(B)).toEqual([])

  remove(hts.patients, gone.patient)
  remove(hts.enrollments, gone.enrollment)
  for (const visit of [...gone.visits, stays.visits[1]]) remove(hts.visits, visit)
  remove(hts.patients, here.patient)
  remove(art.visits, there.visits[0])
  remove(art.enrollments, other.enrollment)
  await mart(hts, art)
  const key = (v: { programStage: string | null; eventUniqueId: string | null }, program: string) =>
    `${program}/${v.programStage}/${v.eventUniqueId}`
  const events = (patientId: string, list: readonly (typeof gone.visits)[number][], program: string) =>
    list
      .map((v) => ({
        kind: 'event',
        patientId,
        recordKey: key(v, program),
        uid: `ev-${v.eventUniqueId}`,
        lastConfirmedAt: new Date('2020-01-03T10:00:00Z'),
      }))
      .toSorted((a, b) => (a.recordKey < b.recordKey ? -1 : 1))
  expect(await store.readVanished(A)).toEqual([
    {
      kind: 'trackedEntity',
      patientId: 'P-gone',
      recordKey: 'P-gone',
      uid: 'te-P-gone',
      lastConfirmedAt: new Date('2020-01-01T10:00:00Z'),
    },
    {
      kind: 'enrollment',
      patientId: 'P-gone',
      recordKey: `${HTS}/${gone.enrollment.programUniqueId}`,
      uid: `en-${gone.enrollment.programUniqueId}`,
      lastConfirmedAt: new Date('2020-01-02T10:00:00Z'),
    },
    ...events('P-gone', gone.visits, HTS),
    ...events('P-stays', [stays.visits[1]], HTS),
  ])
  expect((await store.readVanished(B)).map((r) => [r.kind, r.patientId])).toEqual([
    ['enrollment', 'P-other'],
    ['event', 'P-both'],
  ])
})

test('two mappings of one program: what the other one has, or has delivered, is not gone', async () => {
  const [hts, art] = [new Clinic('P'), new Clinic('P')]
  const mine = person(hts, 'mine', HTS)
  const theirs = person(art, 'theirs', HTS)
  const delivered = person(art, 'delivered', HTS)
  await trackedByJava(hts, art)
  await db.query(
    `insert into sync_confirmed (mapping_name, kind, record_key, uid, hash, run_id) values ($1, 'enrollment', $2, 'x', 'h', gen_random_uuid()),
      ($1, 'trackedEntity', 'P-delivered', 'x', 'h', gen_random_uuid())`,
    [B.name, `${HTS}/${delivered.enrollment.programUniqueId}`],
  )
  remove(art.enrollments, delivered.enrollment)
  remove(art.patients, delivered.patient)
  remove(hts.enrollments, mine.enrollment)
  await mart(hts, art)
  const enrollments = async (mapping: typeof A) => (await store.readVanished(mapping)).map((r) => `${r.kind} ${r.recordKey}`)
  expect(await enrollments(A)).toEqual([`enrollment ${HTS}/${mine.enrollment.programUniqueId}`])
  expect(await enrollments(B)).toContain(`enrollment ${HTS}/${delivered.enrollment.programUniqueId}`)
  // the other mapping's relations are being rebuilt: this one's report does not wait for them
  await db.query('drop table mart.art_instance_table')
  expect(await enrollments(A)).toContain(`enrollment ${HTS}/${mine.enrollment.programUniqueId}`)
  await expect(store.readVanished(B)).rejects.toThrow('art_instance_table')
  expect(theirs.patient.patientId).toBe('P-theirs')
})

test('of ours: the last record of a program, also when its tracker row is lost; what is on its way is not known to be there', async () => {
  await mart(new Clinic('P'), new Clinic('P'))
  await db.query(
    `insert into sync_confirmed (mapping_name, kind, record_key, uid, hash, run_id, confirmed_at) values
      ($1, 'event', '${HTS}/S/1', 'ev1', 'h', gen_random_uuid(), '2024-05-01T08:00:00Z'), ($1, 'event', '${HTS}/S/2', 'ev2', null, gen_random_uuid(), now()),
      ($1, 'enrollment', '${HTS}/9', 'en9', 'h', gen_random_uuid(), '2024-05-02T08:00:00Z')`,
    [A.name],
  )
  await db.query(`insert into enrollment_tracker values ('te', '${HTS}', 'ACTIVE', 'us', '2024-01-01', 'en9', '9')`)
  await db.query(`insert into instance_tracker values ('P1', 'te', 'us', '2024-01-01')`)
  expect(await store.readVanished(A)).toEqual([
    { kind: 'trackedEntity', patientId: 'P1', recordKey: 'P1', uid: 'te', lastConfirmedAt: new Date('2024-01-01T00:00:00Z') },
    { kind: 'enrollment', patientId: 'P1', recordKey: `${HTS}/9`, uid: 'en9', lastConfirmedAt: new Date('2024-05-02T08:00:00Z') },
    { kind: 'event', patientId: null, recordKey: `${HTS}/S/1`, uid: 'ev1', lastConfirmedAt: new Date('2024-05-01T08:00:00Z') },
  ])
  expect(await store.readVanished(B)).toEqual([])
})
