/** What becomes of a row of the delta, as far as it can be known before anything is sent. */
import { DateTime } from 'luxon'
import { knownRejection, type DeltaRow, type JudgeContext } from '../core/delta-row.ts'
import type { Mapping } from '../core/mapping.ts'
import type { Rejection } from '../core/rejection.ts'
import type { FactsOf } from './facts.ts'

const EFFECTS = ['new', 'update', 'unchanged', 'rejected'] as const
export type Effect = (typeof EFFECTS)[number]

export interface Judged {
  row: DeltaRow
  effect: Effect
  rejection: Rejection | null
}
export interface Judge {
  judge: (row: DeltaRow) => Judged
  /** why DHIS2's own demands are not known; null: they are */
  dhis2Problem: string | null
}

export async function openJudge(mapping: Mapping, factsOf: FactsOf, timeZone: string): Promise<Judge> {
  const facts = await factsOf(mapping)
  const today = DateTime.now().setZone(timeZone).toISODate()!
  const ctx: JudgeContext | null = 'problem' in facts ? null : { ...facts, mapping, timeZone, today }
  return {
    judge: (row) => {
      const rejection = knownRejection(row, ctx)
      return { row, rejection, effect: rejection ? 'rejected' : row.what }
    },
    dhis2Problem: 'problem' in facts ? facts.problem : null,
  }
}

/** What a row may be by the Mart and our tables alone, that may have this effect: only what is sent is rejected. */
export function whatOf(effect: Effect | undefined): DeltaRow['what'][] | undefined {
  if (effect === undefined) return undefined
  // of rows that differ, one that DHIS2 has goes down with the other
  return effect === 'rejected' ? ['new', 'update', 'unchanged'] : [effect]
}
