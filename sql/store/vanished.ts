/** Records that DHIS2 has by our tables, and that no mapping's relations have any more: voided in Bahmni, or lost to the Mart's SQL. Read only. */
import { sql, type CommonQueryMethods, type DatabasePool, type FragmentSqlToken } from 'slonik'
import { z } from 'zod'
import type { Mapping } from '../../src/core/mapping.ts'
import { KINDS, type Kind } from '../../src/core/model.ts'
import { RunFailure } from '../../src/errors.ts'
import { readRelations, type Relation } from '../mart/catalogue.ts'
import { selectRows } from '../mart/rows.ts'
import { listMappings } from './mappings.ts'
import type { MartOptions, VanishedRow } from './store.ts'

const vanishedRow = z.object({ record_key: z.string(), uid: z.string(), patient_id: z.string().nullable(), at: z.date().nullable() })

/** Patients, then enrollments, then events. @throws RunFailure when the mapping's own relations cannot be read */
export async function readVanished(pool: DatabasePool, { martSchema }: MartOptions, mapping: Mapping): Promise<VanishedRow[]> {
  return pool.transaction(async (tx) => {
    await tx.query(sql.unsafe`set transaction isolation level repeatable read read only`)
    const own = await readRelations(tx, martSchema, mapping)
    const all = [...own, ...(await readOthers(tx, martSchema, mapping))]
    const programs = await programsOf(tx, martSchema, mapping.name, own)
    const vanished: VanishedRow[] = []
    for (const kind of KINDS) {
      const present = sql.join(
        all
          .filter((relation) => relation.kind === kind)
          .map((relation) => sql.fragment`select d.record_key from (${selectRows(relation, martSchema, sql.fragment`true`)}) as d`),
        sql.fragment` union all `,
      )
      const rows = await tx.any(sql.type(vanishedRow)`
        with present as materialized (${present}), known as (
          ${tracked(kind, mapping.name, programs)}
          union all
          select record_key, uid, null, confirmed_at from sync_confirmed where mapping_name = ${mapping.name} and kind = ${kind} and hash is not null
        )
        select record_key, uid, max(at) as at, ${patientOf(kind)} as patient_id
        from known where not exists (select from present p where p.record_key = known.record_key)
        group by record_key, uid order by patient_id, record_key, uid`)
      vanished.push(...rows.map((r) => ({ kind, patientId: r.patient_id, recordKey: r.record_key, uid: r.uid, lastConfirmedAt: r.at })))
    }
    return vanished
  })
}

/** Those that cannot be read now say nothing of what they have. */
async function readOthers(tx: CommonQueryMethods, martSchema: string, mapping: Mapping): Promise<Relation[]> {
  const others: Relation[] = []
  for (const other of (await listMappings(tx)).filter(({ name }) => name !== mapping.name)) {
    try {
      others.push(...(await readRelations(tx, martSchema, other)))
    } catch (error) {
      if (!(error instanceof RunFailure)) throw error
    }
  }
  return others
}

/** Of the relations now, and of what the mapping sent before: the last record of a program may be the one that vanished. */
async function programsOf(
  tx: CommonQueryMethods,
  martSchema: string,
  mappingName: string,
  relations: readonly Relation[],
): Promise<readonly string[]> {
  const now = relations
    .filter(({ kind }) => kind !== 'trackedEntity')
    .map(({ table, constants: { program } }) =>
      program === undefined
        ? sql.fragment`select btrim(program::text) as program from ${sql.identifier([martSchema, table])} where program is not null`
        : sql.fragment`select ${program}::text as program`,
    )
  return tx.anyFirst(sql.type(z.object({ program: z.string() }))`
    ${sql.join(now, sql.fragment` union `)}
    union select unnest(programs) from sync_run where mapping_name = ${mappingName}
    union select split_part(record_key, '/', 1) from sync_confirmed where mapping_name = ${mappingName} and kind <> 'trackedEntity'`)
}

/** record_key, uid, instance_id, at. Tracker rows name no mapping: those of the mapping's programs that no other mapping has delivered. */
function tracked(kind: Kind, mappingName: string, programs: readonly string[]): FragmentSqlToken {
  const ofPrograms = sql.fragment`= any (${sql.array([...programs], 'text')})`
  const others = sql.fragment`
    exists (select from sync_confirmed o where o.mapping_name <> ${mappingName} and o.kind = ${kind} and o.record_key = t.record_key)`
  const from = (table: FragmentSqlToken) =>
    sql.fragment`select t.record_key, t.uid, t.instance_id, t.at from (${table}) as t where not ${others}`
  if (kind === 'enrollment')
    return from(sql.fragment`
      select btrim(program) || '/' || btrim(program_unique_id) as record_key, enrollment_id as uid, instance_id, date_created at time zone 'UTC' as at
      from enrollment_tracker where btrim(program) ${ofPrograms} and program_unique_id is not null`)
  if (kind === 'event')
    return from(sql.fragment`
      select btrim(program) || '/' || btrim(program_stage) || '/' || btrim(event_unique_id) as record_key, event_id as uid, instance_id,
        date_created at time zone 'UTC' as at
      from event_tracker where btrim(program) ${ofPrograms} and program_stage is not null and event_unique_id is not null`)
  // one without an enrollment may be any mapping's
  return from(sql.fragment`
    select btrim(patient_id) as record_key, instance_id as uid, instance_id, date_created at time zone 'UTC' as at
    from instance_tracker i
    where exists (select from enrollment_tracker e where e.instance_id = i.instance_id and btrim(e.program) ${ofPrograms})
      or not exists (select from enrollment_tracker e where e.instance_id = i.instance_id)`)
}

const patientOf = (kind: Kind) =>
  kind === 'trackedEntity'
    ? sql.fragment`record_key`
    : sql.fragment`(select string_agg(distinct i.patient_id, ', ') from instance_tracker i where i.instance_id = max(known.instance_id))`
