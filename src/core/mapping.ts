/** A mapping: which Mart columns go to which DHIS2 attributes and data elements. Format: spec of the original services' export. */
import { z } from 'zod'

const tableName = z.string().trim().min(1)
const columns = z.record(z.string(), z.string())

export const mappingSchema = z.object({
  name: z.string().trim().min(1),
  tables: z.object({ instance: tableName, enrollments: tableName, event: tableName }),
  /** instance relation's column → attribute UID, in the order of the export */
  instance: columns,
  /** event relation's column → data element UID */
  event: columns,
  searchable: z.array(z.string()),
  comparable: z.array(z.string()),
  openLatestCompletedEnrollment: z.enum(['yes', 'no']),
  onRejected: z.enum(['stop', 'continue']),
})
export type Mapping = z.infer<typeof mappingSchema>
