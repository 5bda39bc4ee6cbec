import { sql } from 'slonik'

/** Many rows as one parameter, to be named and typed with `as …`. JSON.stringify is three times as fast as slonik's own jsonb, which sorts and checks each object. */
export const recordset = (rows: readonly object[]) => sql.fragment`jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)`
