/** The Mart's rows in the snapshot's columns: one select for each relation, used by the snapshot and by the preview. */
import { createHash } from 'node:crypto'
import { sql, type FragmentSqlToken } from 'slonik'
import { ORG_UNIT, PATIENT } from '../../src/core/fixed-columns.ts'
import type { Kind } from '../../src/core/model.ts'
import type { Relation } from './catalogue.ts'

const column = (name: string) => sql.fragment`m.${sql.identifier([name])}`
export const text = (name: string) => sql.fragment`${column(name)}::text`
const optional = ({ types }: Relation, name: string) => (types.has(name) ? text(name) : sql.fragment`null::text`)

/** Blank identifiers count as none. */
const identifier = (fragment: FragmentSqlToken) => sql.fragment`nullif(btrim(${fragment}), '')`

/** What the mapping gives for all rows, otherwise the row's own. */
export function given({ constants }: Relation, name: string): FragmentSqlToken {
  const constant = constants[name]
  return constant === undefined ? identifier(text(name)) : sql.fragment`${constant}::text`
}

/** date_created as a timestamp, whatever the column's type; what is no date is null. */
export function dateCreated({ types }: Relation): FragmentSqlToken {
  const type = types.get('date_created') ?? 'text'
  return /^(date|timestamp)/.test(type)
    ? sql.fragment`${column('date_created')}::timestamp`
    : sql.fragment`sync_timestamp(${text('date_created')})`
}

/**
 * select … from the relation (as m): patient_id, record_key, the fixed columns as text, mart_values (texts in the order of the relation's mapped columns),
 * hash, created. The hash covers all that is sent and the uids it is sent to, so that a changed mapping sends a record again. It is PostgreSQL's own of an array,
 * which takes a third of the time of md5, and 64 bits: one change in 10^19 is not seen. A later PostgreSQL with another would send all once more.
 */
export function selectRows(relation: Relation, martSchema: string, where: FragmentSqlToken): FragmentSqlToken {
  const { kind, columns } = relation
  const values = sql.fragment`array[${sql.join([...columns.map(([name]) => text(name)), sql.fragment`null`].slice(0, Math.max(columns.length, 1)), sql.fragment`, `)}]::text[]`
  const isPatient = kind === 'trackedEntity'
  const isEvent = kind === 'event'
  const none = sql.fragment`null::text`
  const program = isPatient ? none : given(relation, 'program')
  const stage = isEvent ? given(relation, 'program_stage') : none
  const uniqueId = isPatient ? none : identifier(text(isEvent ? 'event_unique_id' : 'program_unique_id'))
  const patient = sql.fragment`coalesce(${identifier(text(PATIENT))}, '')`
  // "offset 0" keeps PostgreSQL from writing an expression out wherever its name stands: each is found once, and of rows that are wanted only
  return sql.fragment`
    select r.*,
      hash_array_extended((array[patient_id, org_unit_code, program, program_stage, unique_id, patient_program_id, enrollment_date, incident_date, event_date, status]
        || mart_values) collate "C", ${sentTo(relation)}::bigint)::text as hash
    from (
      select r.* from (
        select k.*, ${recordKey(kind)} as record_key
        from (
          select ${patient} as patient_id, ${given(relation, ORG_UNIT)} as org_unit_code, ${program} as program, ${stage} as program_stage,
            ${uniqueId} as unique_id, ${isEvent ? identifier(optional(relation, 'patient_program_id')) : none} as patient_program_id,
            ${isPatient ? none : text('enrollment_date')} as enrollment_date, ${kind === 'enrollment' ? optional(relation, 'incident_date') : none} as incident_date,
            ${isEvent ? text('event_date') : none} as event_date, ${isPatient ? none : optional(relation, 'status')} as status,
            ${values} as mart_values, ${dateCreated(relation)} as created
          from ${sql.identifier([martSchema, relation.table])} as m
        ) as k
      ) as r
      where ${where}
      offset 0
    ) as r
    offset 0`
}

/** Where the values go, as a number of 64 bits: the uid of each mapped column, and what its values are translated to. */
function sentTo({ columns }: Relation): string {
  const places = columns.map(([, uid, translation]) => [uid, Object.entries(translation).toSorted(([a], [b]) => (a < b ? -1 : 1))])
  return createHash('sha256').update(JSON.stringify(places)).digest().readBigInt64BE().toString()
}

/** As src/core/uid.ts builds it. A row without a part of its key gets one of its own: it is rejected later, and must not hide another. */
function recordKey(kind: Kind): FragmentSqlToken {
  const odd = sql.fragment`'?' || md5(k::text)`
  if (kind === 'trackedEntity') return sql.fragment`case when patient_id = '' then ${odd} else patient_id end`
  if (kind === 'enrollment') return sql.fragment`coalesce(program || '/' || unique_id, ${odd})`
  return sql.fragment`coalesce(program || '/' || program_stage || '/' || unique_id, ${odd})`
}
