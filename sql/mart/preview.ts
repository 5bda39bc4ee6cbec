/** What a sync would look at, without writing anything: the snapshot's own select, read as a stream. */
import { sql, type DatabasePool } from 'slonik'
import { z } from 'zod'
import type { Mapping } from '../../src/core/mapping.ts'
import type { Kind } from '../../src/core/model.ts'
import { readMarkers } from '../store/markers.ts'
import type { MartOptions, PreviewRow, RunRequest } from '../store/store.ts'
import { readRelations } from './catalogue.ts'
import { inDelta } from './delta.ts'
import { selectRows } from './rows.ts'

const previewRow = z.object({
  patient_id: z.string(),
  record_key: z.string(),
  org_unit_code: z.string().nullable(),
  enrollment_date: z.string().nullable(),
  incident_date: z.string().nullable(),
  event_date: z.string().nullable(),
  status: z.string().nullable(),
  mart_values: z.array(z.string().nullable()),
  what: z.enum(['new', 'update', 'unchanged']),
})

/** Calls `onRow` for every row of the delta, relation by relation, patients in order. Memory does not grow with the Mart. */
export async function previewDelta(
  pool: DatabasePool,
  { martSchema, overlapDays }: MartOptions,
  mapping: Mapping,
  request: Pick<RunRequest, 'from' | 'to' | 'resync'>,
  onRow: (row: PreviewRow) => void,
): Promise<void> {
  const markers = await readMarkers(pool, mapping.name)
  for (const relation of await readRelations(pool, martSchema, mapping)) {
    const { kind, table, columns } = relation
    const delta = inDelta(kind, request, { mappingName: mapping.name, marker: markers[kind], overlapDays })
    const query = sql.type(previewRow)`
      select d.*, case when c.hash is not null and c.hash = d.hash then 'unchanged' when ${tracked(kind)} or c.hash is not null then 'update' else 'new' end as what
      from (${selectRows(relation, martSchema, delta)}) as d
      left join sync_confirmed c on c.mapping_name = ${mapping.name} and c.kind = ${kind} and c.record_key = d.record_key
      order by d.patient_id, d.record_key`
    await pool.stream(query, (stream) => {
      stream.on('data', ({ data: row }) => {
        try {
          onRow({
            kind,
            relation: table,
            what: row.what,
            patientId: row.patient_id,
            recordKey: row.record_key,
            orgUnit: row.org_unit_code,
            enrollmentDate: row.enrollment_date,
            incidentDate: row.incident_date,
            eventDate: row.event_date,
            status: row.status,
            values: Object.fromEntries(columns.map(([name], i) => [name, row.mart_values[i] ?? null])),
          })
        } catch (error) {
          // thrown here it would reach nobody, and the query would never end
          stream.destroy(error as Error)
        }
      })
    })
  }
}

const tracked = (kind: Kind) =>
  ({
    trackedEntity: sql.fragment`exists (select from instance_tracker t where t.patient_id = d.patient_id)`,
    enrollment: sql.fragment`exists (select from enrollment_tracker t where t.program = d.program and t.program_unique_id = d.unique_id)`,
    event: sql.fragment`exists (select from event_tracker t where t.program = d.program and t.program_stage = d.program_stage and t.event_unique_id = d.unique_id)`,
  })[kind]
