/** A JSON Schema of mapping files, for editors and other programs. What one part says of another, parseMappingFile alone can tell. */
import { z } from 'zod'
import { chunkSizeSchema, CONSTANTS, mappingSchema } from './mapping.ts'

const filled = z.string().regex(/\S/)
/** the import of the last Java service sent parts as text */
const orText = (part: z.ZodType) => z.union([part, z.string().regex(/^\s*\{/)])

const columns = (field: string) =>
  z.record(z.string(), z.string()).meta({ minProperties: 1, description: `column → UID of a ${field}; "": not mapped` })
const translations = z
  .record(z.string(), z.record(filled, z.string()))
  .meta({ description: 'mapped column → text of the Mart → text that is sent for it, converted as all others are' })
const constants = (part: keyof typeof CONSTANTS) =>
  z
    .strictObject(Object.fromEntries(CONSTANTS[part].map((column) => [column, filled.optional()])))
    .meta({ description: 'column → what stands in it in every row; the relation need not have it then' })

const config = z.object({
  searchable: z.array(z.string()).meta({ description: 'mapped instance columns by which a patient is looked for in DHIS2' }),
  comparable: z.array(z.string()).meta({ description: 'mapped instance columns that narrow several hits down' }),
  openLatestCompletedEnrollment: mappingSchema.shape.openLatestCompletedEnrollment,
  onRejected: mappingSchema.shape.onRejected.optional(),
  chunkSize: chunkSizeSchema.optional().meta({ description: 'patients in a request' }),
  constants: z
    .strictObject({
      instance: constants('instance').optional(),
      enrollments: constants('enrollments').optional(),
      event: constants('event').optional(),
    })
    .optional(),
  translations: z.strictObject({ instance: translations.optional(), event: translations.optional() }).optional(),
  events: z
    .array(
      z.object({
        table: filled,
        columns: columns('data element'),
        constants: constants('event').optional(),
        translations: translations.optional(),
      }),
    )
    .optional()
    .meta({ description: 'further event relations: one form table for each program stage, for example' }),
})

const item = z.object({
  mapping_name: z
    .string()
    .regex(/^\s*[\p{L}\p{N}][\p{L}\p{N} ]*\s*$/u)
    .meta({ description: 'letters, digits and blanks; once in the file' }),
  lookup_table: orText(z.object({ instance: filled, enrollments: filled, event: filled })),
  mapping_json: orText(z.object({ instance: columns('tracked entity attribute'), event: columns('data element') })),
  config: z.union([orText(config), z.literal(''), z.null()]).optional(),
})

/** Draft 2020-12. */
export const MAPPING_FILE_SCHEMA = z.toJSONSchema(z.array(orText(item)).min(1).meta({ title: 'Mappings of Bahmni Mart to DHIS2' }), {
  io: 'input',
})
