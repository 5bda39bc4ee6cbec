/** The delta as the originals' preview shows it: a row for each event, with its enrollment and its patient where those are in the delta too. */
import { sql, type DatabasePool, type FragmentSqlToken } from 'slonik'
import { z } from 'zod'
import type { Mapping } from '../../src/core/mapping.ts'
import type { Kind } from '../../src/core/model.ts'
import { readMarkers } from '../store/markers.ts'
import type { MartOptions, RunRequest } from '../store/store.ts'
import { readRelations, type Relation } from './catalogue.ts'
import { inDelta } from './delta.ts'
import { selectRows } from './rows.ts'

const text = z.string().nullable()
const values = z.array(text).nullable()
const joinedRow = z.object({
  patient_id: z.string(),
  org_unit: text,
  instance_values: values,
  instance_created: text,
  enrollment_date: text,
  incident_date: text,
  enrollment_status: text,
  enrollment_created: text,
  event_date: text,
  program: text,
  program_stage: text,
  event_status: text,
  /** which of the mapping's event relations; null: the row has no event */
  source: z.int().nullable(),
  event_values: values,
  event_created: text,
})
export type JoinedRow = z.infer<typeof joinedRow>

/** Calls `onRow` for every row; the next ones are read when it has done. @throws RunFailure naming the relation or the column */
export async function joinedDelta(
  pool: DatabasePool,
  { martSchema, overlapDays }: MartOptions,
  mapping: Mapping,
  period: Pick<RunRequest, 'from' | 'to'>,
  onRow: (row: JoinedRow, relations: readonly Relation[]) => Promise<void>,
): Promise<void> {
  await pool.transaction(async (tx) => {
    await tx.query(sql.unsafe`set transaction isolation level repeatable read read only`)
    const [relations, markers] = [await readRelations(tx, martSchema, mapping), await readMarkers(tx, mapping.name)]
    const rows = (kind: Kind) =>
      sql.join(
        relations
          .filter((relation) => relation.kind === kind)
          .map((relation) =>
            unconfirmed(
              mapping,
              relation,
              martSchema,
              inDelta(kind, { ...period, resync: false }, { mappingName: mapping.name, marker: markers[kind], overlapDays }),
            ),
          ),
        sql.fragment` union all `,
      )
    await tx.query(sql.unsafe`
      declare joined no scroll cursor for
      with i as materialized (${rows('trackedEntity')}), e as materialized (${rows('enrollment')}), v as materialized (${rows('event')}), joined as (
        select v.patient_id, coalesce(v.org_unit_code, e.org_unit_code, i.org_unit_code) as org_unit, i.mart_values as instance_values, i.created as instance_at,
          v.enrollment_date, e.incident_date, e.status as enrollment_status, e.created as enrollment_at, v.event_date, v.program, v.program_stage,
          v.status as event_status, v.source, v.mart_values as event_values, v.created as event_at
        from v left join e on ${SAME_ENROLLMENT} left join i on i.patient_id = v.patient_id
        union all
        select e.patient_id, coalesce(e.org_unit_code, i.org_unit_code), i.mart_values, i.created, e.enrollment_date, e.incident_date, e.status, e.created,
          null, e.program, null, null, null, null, null
        from e left join i on i.patient_id = e.patient_id where not exists (select from v where ${SAME_ENROLLMENT})
        union all
        select i.patient_id, i.org_unit_code, i.mart_values, i.created, null, null, null, null, null, null, null, null, null, null, null
        from i where not exists (select from e where e.patient_id = i.patient_id) and not exists (select from v where v.patient_id = i.patient_id)
      )
      select *, instance_at::text as instance_created, enrollment_at::text as enrollment_created, event_at::text as event_created
      from joined order by event_at, enrollment_at, instance_at, patient_id`)
    for (;;) {
      const batch = await tx.any(sql.type(joinedRow)`fetch 1000 from joined`)
      for (const row of batch) await onRow(row, relations)
      if (batch.length < 1000) return
    }
  })
}

const SAME_ENROLLMENT = sql.fragment`
  e.patient_id = v.patient_id and left(e.enrollment_date, 10) = left(v.enrollment_date, 10)
  and (v.patient_program_id is null or e.unique_id = v.patient_program_id)`

/** What DHIS2 has as it is would not be sent. */
function unconfirmed({ name }: Mapping, relation: Relation, martSchema: string, delta: FragmentSqlToken): FragmentSqlToken {
  return sql.fragment`
    select d.*, ${relation.source}::int as source from (${selectRows(relation, martSchema, delta)}) as d
    where not exists (
      select from sync_confirmed c where c.mapping_name = ${name} and c.kind = ${relation.kind} and c.record_key = d.record_key and c.hash = d.hash)`
}
