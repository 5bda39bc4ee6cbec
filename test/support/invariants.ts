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

/** A run that ended otherwise than well may have left them anywhere behind, but never beyond a row that is rejected or that nobody ever sent. */
export async function passedByMarkers(db: Scene['db'], clinic: Clinic): Promise<string[]> {
  const markers = Object.fromEntries(
    (
      await db.query<{ kind: string; at: string | null }>(
        `select category as kind, last_synced_date::text as at from marker where category in ('instance', 'enrollment', 'event')`,
      )
    ).map(({ kind, at }) => [kind, at]),
  )
  const known = new Map(
    (
      await db.query<{ record: string; is: string }>(`
        select kind || ' ' || record_key as record, 'delivered' as is from sync_confirmed where hash is not null
        union all select kind || ' ' || record_key, state from sync_rejected where state = 'open'`)
    ).map(({ record, is }) => [record, is]),
  )
  const rows = [
    ...clinic.patients.map((p) => ({ marker: markers['instance'], record: `trackedEntity ${p.patientId}`, at: p.dateCreated })),
    ...clinic.enrollments.map((e) => ({
      marker: markers['enrollment'],
      record: `enrollment ${e.program}/${e.programUniqueId}`,
      at: e.dateCreated,
    })),
    ...clinic.visits.map((v) => ({
      marker: markers['event'],
      record: `event ${v.program}/${v.programStage}/${v.eventUniqueId}`,
      at: v.dateCreated,
    })),
  ]
  return rows
    .filter(({ marker, record, at }) => marker != null && at !== null && at < marker && known.get(record) !== 'delivered')
    .map(({ marker, record, at }) => `${record} of ${at} is ${known.get(record) ?? 'unsent'}, and the marker is at ${marker}`)
}
