/** What holds after every scenario, however it was disturbed. Reads our tables with SQL and DHIS2 with plain requests, and nothing through the program. */
import type { Clinic } from './clinic-model.ts'
import type { TestDatabase } from './postgres.ts'
import { readUids, type Readable } from './read-back.ts'

export interface Scene extends Readable {
  db: Pick<TestDatabase, 'query'>
}

/** uids of what others made in DHIS2 begin so in our tests */
const OTHERS = 'x'

/** Each broken one as a sentence. To be asked when all has come to its end: after an undisturbed sync. */
export async function brokenInvariants(scene: Scene): Promise<string[]> {
  const left = await scene.db.query<{ what: string }>(`
    select 'run ' || run_id || ' is ' || state as what from sync_run where state in ('queued', 'running')
    union all select 'log row ' || log_id || ' is pending' from log where status = 'pending'
    union all select kind || ' ' || record_key || ' is in doubt' from sync_doubt
    union all select kind || ' ' || record_key || ' is rejected and delivered' from sync_rejected j
      join sync_confirmed c using (mapping_name, kind, record_key) where j.state = 'open' and c.hash = j.hash
    union all select 'patient ' || patient_id || ' has several rows' from instance_tracker group by patient_id having count(*) > 1
    union all select 'tracked entity ' || instance_id || ' is of several patients' from instance_tracker group by instance_id having count(*) > 1
    union all select 'enrollment ' || program || '/' || program_unique_id || ' has several rows' from enrollment_tracker
      group by program, program_unique_id having count(*) > 1
    union all select 'event ' || program || '/' || program_stage || '/' || event_unique_id || ' has several rows' from event_tracker
      group by program, program_stage, event_unique_id having count(*) > 1
    union all select 'event ' || event_id || ' is of several rows' from event_tracker group by event_id having count(*) > 1`)
  return [...left.map(({ what }) => what), ...(await strangers(scene))]
}

/** Tracker rows of what DHIS2 has not, or has elsewhere; and what DHIS2 has that is neither a tracker row's nor others'. */
async function strangers(scene: Scene): Promise<string[]> {
  const there = await readUids(scene)
  const rows = async (table: string, column: string) =>
    new Map(
      (await scene.db.query<{ uid: string; person: string }>(`select distinct ${column} as uid, instance_id as person from ${table}`)).map(
        ({ uid, person }) => [uid, person],
      ),
    )
  const tables = [
    ['instance_tracker', 'instance_id', new Map([...there.people].map((uid) => [uid, uid]))],
    ['enrollment_tracker', 'enrollment_id', there.enrollments],
    ['event_tracker', 'event_id', there.events],
  ] as const
  const broken: string[] = []
  for (const [table, column, found] of tables) {
    const ours = await rows(table, column)
    for (const [uid, person] of ours) {
      if (!found.has(uid)) broken.push(`${table} names ${uid}, which DHIS2 has not`)
      else if (found.get(uid) !== person) broken.push(`${table} has ${uid} at ${person}, DHIS2 at ${found.get(uid)}`)
    }
    for (const uid of found.keys())
      if (!ours.has(uid) && !uid.startsWith(OTHERS)) broken.push(`DHIS2 has ${uid}, which no row of ${table} names`)
  }
  return broken
}

export interface Behind {
  record: string
  at: string
  marker: string
  /** open: rejected; unsent: neither delivered nor rejected */
  is: 'open' | 'unsent'
}

/** Rows of the Mart that are older than their kind's marker, and that DHIS2 has not as they are. What nobody ever sent must never be among them. */
export async function passedByMarkers(db: Scene['db'], clinic: Clinic): Promise<Behind[]> {
  const markers = new Map(
    (
      await db.query<{ category: string; at: string }>(
        'select category, last_synced_date::text as at from marker where last_synced_date is not null',
      )
    ).map(({ category, at }) => [category, at]),
  )
  const records = async (sql: string) => new Set((await db.query<{ record: string }>(sql)).map(({ record }) => record))
  const open = await records(`select kind || ' ' || record_key as record from sync_rejected where state = 'open'`)
  const delivered = await records(`select kind || ' ' || record_key as record from sync_confirmed where hash is not null`)
  const rows = [
    ...clinic.patients.map((p) => ({ category: 'instance', record: `trackedEntity ${p.patientId}`, at: p.dateCreated })),
    ...clinic.enrollments.map((e) => ({
      category: 'enrollment',
      record: `enrollment ${e.program}/${e.programUniqueId}`,
      at: e.dateCreated,
    })),
    ...clinic.visits.map((v) => ({
      category: 'event',
      record: `event ${v.program}/${v.programStage}/${v.eventUniqueId}`,
      at: v.dateCreated,
    })),
  ]
  return rows.flatMap(({ category, record, at }): Behind[] => {
    const marker = markers.get(category)
    if (marker === undefined || at === null || at >= marker) return []
    if (open.has(record)) return [{ record, at, marker, is: 'open' }]
    return delivered.has(record) ? [] : [{ record, at, marker, is: 'unsent' }]
  })
}
