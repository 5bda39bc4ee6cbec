/** Where a page ended, as the client hands it back. */
import { z } from 'zod'
import type { DeltaPlace } from '../../../../sql/store/store.ts'
import { KINDS } from '../../../core/model.ts'
import { ApiProblem } from '../../api-problem.ts'

const placeSchema = z.tuple([z.enum(KINDS), z.string(), z.string(), z.string()])

export const textOf = ({ kind, patientId, recordKey, hash }: DeltaPlace) =>
  Buffer.from(JSON.stringify([kind, patientId, recordKey, hash])).toString('base64url')

/** @throws ApiProblem bad-request */
export function placeOf(text: string): DeltaPlace {
  try {
    const [kind, patientId, recordKey, hash] = placeSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString()))
    return { kind, patientId, recordKey, hash }
  } catch {
    throw new ApiProblem('bad-request', 'query.after: is not the "next" of an earlier page.')
  }
}
