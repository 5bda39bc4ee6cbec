import { mappingSchema } from '../../../core/mapping.ts'
import type { mappingOperations } from '../../contract/mappings.ts'
import type { Handler } from '../../handler.ts'
import { findingsFor } from './validation.ts'

/** Also of one that could not be saved: what keeps it from that is among the findings. */
export const validateMapping: Handler<typeof mappingOperations.validateMapping> = async ({ body, principal }, ctx) => ({
  status: 200,
  body: await findingsFor(mappingSchema.safeParse(body).data ?? body, principal, ctx),
})
