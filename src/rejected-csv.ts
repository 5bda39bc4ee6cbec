/** The work list of rejected records as a file, read page by page: memory does not grow with it. */
import { KIND_WORDS, REJECTION_CATALOGUE } from './core/rejection.ts'
import { csvLine } from './csv.ts'
import type { RejectedFilter, RejectedRecord, Store } from '../sql/store/store.ts'

const PAGE = 1000

export async function* recordsOf(store: Store, filter: RejectedFilter): AsyncGenerator<RejectedRecord> {
  let after: string | null = null
  for (;;) {
    const page: readonly RejectedRecord[] = await store.listRejected(filter, { after, limit: PAGE })
    yield* page
    if (page.length < PAGE) return
    after = page.at(-1)!.id
  }
}

const HEAD =
  'Number,Mapping,State,Kind,Patient,Record,Code,Cause,Relation,Column,DHIS2 Name,Value,Message,What to do,Attempts,First,Last,Dismissed By,Reason'

export async function* rejectedCsv(store: Store, filter: RejectedFilter): AsyncGenerator<string> {
  yield csvLine(HEAD.split(','))
  for await (const { rejection, ...r } of recordsOf(store, filter))
    yield csvLine([
      r.id,
      r.mapping,
      r.state,
      KIND_WORDS[r.kind],
      r.patientId,
      r.recordKey,
      rejection.code,
      r.cause,
      r.relation,
      rejection.column,
      rejection.dhis2Name,
      rejection.value,
      rejection.message,
      REJECTION_CATALOGUE[rejection.code].remedy,
      String(r.attempts),
      r.firstAt.toISOString(),
      r.lastAt.toISOString(),
      r.dismissed?.by ?? null,
      r.dismissed?.reason ?? null,
    ])
}
