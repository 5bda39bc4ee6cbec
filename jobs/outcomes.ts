import type { Rejection } from '../src/core/rejection.ts'
import type { Outcome } from '../sql/store/store.ts'

/** The outcome of a record that was not delivered. */
export function rejected(rowId: string, rejection: Rejection): Outcome {
  return { rowId, state: 'rejected', uid: null, trackedEntity: null, status: null, adopted: false, sent: [], rejection, warnings: [] }
}
