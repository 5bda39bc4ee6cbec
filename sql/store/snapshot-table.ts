import { sql, type FragmentSqlToken } from 'slonik'

/** The table that a row of sync_snapshot_row comes from, by the mapping of its run. */
export const tableOf = (row: FragmentSqlToken, mapping: FragmentSqlToken) => sql.fragment`
  case ${row}.kind when 'trackedEntity' then ${mapping} #>> '{instance,table}' when 'enrollment' then ${mapping} #>> '{enrollments,table}'
    else ${mapping} #>> array['events', ${row}.source::text, 'table'] end`
