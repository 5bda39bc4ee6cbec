/** Parts that many operations share. */
import { z } from 'zod'

export const kindSchema = z.enum(['trackedEntity', 'enrollment', 'event'])
export const instant = z.iso.datetime().meta({ description: 'UTC, ISO 8601' })
export const day = z.iso.date()

/** A flag in a query string. */
export const flag = z.stringbool({ truthy: ['true'], falsy: ['false'] }).default(false)

/** A keyset page: `after` is the `next` of the page before. */
export const pageQuery = z.object({
  after: z.string().max(500).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
})
export const pageOf = <Row extends z.ZodType>(row: Row) =>
  z.object({ rows: z.array(row), next: z.string().nullable().meta({ description: 'null: this is the last page' }) })

/** Both days or none, in order. */
export const periodFields = { from: day.optional(), to: day.optional() }
export const isPeriod = ({ from, to }: { from?: string | undefined; to?: string | undefined }) =>
  (from === undefined) === (to === undefined) && (from === undefined || from <= to!)
export const PERIOD = { error: '"from" and "to" go together, "from" not after "to"' }

export const countsSchema = z.object({
  created: z.int(),
  updated: z.int(),
  unchanged: z.int(),
  rejected: z.int(),
  adopted: z.int().meta({ description: 'of these, found in DHIS2 and synced from now on' }),
})
export const countsByKind = z.object({ trackedEntity: countsSchema, enrollment: countsSchema, event: countsSchema })

export const textSearch = z.string().trim().max(200)
