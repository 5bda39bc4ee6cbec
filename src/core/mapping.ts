/** A mapping: which Mart columns go to which DHIS2 attributes and data elements. */
import { z } from 'zod'

const tableName = z.string().trim().min(1)
const columns = z.record(z.string(), z.string())

export const mappingSchema = z.object({
  name: z.string().trim().min(1),
  tables: z.object({ instance: tableName, enrollments: tableName, event: tableName }),
  /** instance relation's column → attribute UID; "" = not mapped */
  instance: columns,
  /** event relation's column → data element UID; "" = not mapped */
  event: columns,
  searchable: z.array(z.string()),
  comparable: z.array(z.string()),
  openLatestCompletedEnrollment: z.enum(['yes', 'no']),
  /** what a run does when a record was rejected: end after the step, as the document says, or go on */
  onRejected: z.enum(['stop', 'continue']),
})
export type Mapping = z.infer<typeof mappingSchema>

/** [column, uid] in the order of a row's `values`; the SQL that reads the Mart uses the same list. */
export type MappedColumns = readonly (readonly [column: string, uid: string])[]

export const instanceColumns = (mapping: Mapping): MappedColumns => mapped(mapping.instance)
export const eventColumns = (mapping: Mapping): MappedColumns => mapped(mapping.event)

function mapped(columnsOf: Readonly<Record<string, string>>): MappedColumns {
  // sorted: the order of keys in a JSON column must not change a record's hash
  return Object.entries(columnsOf)
    .filter(([, uid]) => uid.trim() !== '')
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
}
