/** Where a page ended, as the client hands it back. */
import { z } from 'zod'
import type { DeltaPlace } from '../../../../sql/store/store.ts'
import { isStorable } from '../../../core/loose-json.ts'
import { KINDS } from '../../../core/model.ts'
import { refuseCursor } from '../cursor.ts'

const text = z.string().refine(isStorable)
const placeSchema = z.tuple([z.enum(KINDS), text, text, text])

export const textOf = ({ kind, patientId, recordKey, hash }: DeltaPlace) =>
  Buffer.from(JSON.stringify([kind, patientId, recordKey, hash])).toString('base64url')

/** @throws ApiProblem bad-request */
export function placeOf(text: string): DeltaPlace {
  try {
    const [kind, patientId, recordKey, hash] = placeSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString()))
    return { kind, patientId, recordKey, hash }
  } catch {
    return refuseCursor()
  }
}
