/**
 * Which of DHIS2's events, that no tracker row names, are events of the Mart? A Java service that was cut off between its request and its tracker rows
 * leaves such ones. Taken over is what is beyond doubt; all else is sent as new.
 */
import { groupBy } from './group-by.ts'
import type { Dhis2Event, EventPayload, Metadata } from './model.ts'
import { convertValue, DATA_ELEMENT_LENGTH } from './value.ts'

/** An event of the Mart without a tracker row, as it would be sent. */
export interface NewEvent {
  rowId: string
  payload: EventPayload
  /** data elements that the columns of its relation fill */
  mapped: readonly string[]
}

export interface SameEventContext {
  metadata: Metadata
  timeZone: string
  /** the enrollment's: the Java services gave new events its org unit */
  enrollmentOrgUnits: readonly (string | null)[]
}

/**
 * rowId → uid. Same enrollment (both lists are of one), stage, day and org unit, and the same value or none in every mapped data element, at least one of
 * them filled; and as many of DHIS2's as of ours fit each other: which of two twins is which is no matter.
 */
export function sameEvents(news: readonly NewEvent[], nobodys: readonly Dhis2Event[], ctx: SameEventContext): Map<string, string> {
  const fitting = news.flatMap((event) => {
    const uids = nobodys.filter((there) => fits(event, there, ctx)).map((there) => there.event)
    return uids.length > 0 ? [{ rowId: event.rowId, uids: uids.toSorted() }] : []
  })
  const same = new Map<string, string>()
  for (const twins of groupBy(fitting, (f) => f.uids.join()).values()) {
    const { uids } = twins[0]!
    const claimed = fitting.filter((f) => f.uids.some((uid) => uids.includes(uid)))
    if (uids.length === twins.length && claimed.length === twins.length)
      for (const [i, { rowId }] of twins.entries()) same.set(rowId, uids[i]!)
  }
  return same
}

function fits({ payload, mapped }: NewEvent, there: Dhis2Event, { metadata, timeZone, enrollmentOrgUnits }: SameEventContext): boolean {
  const ours = new Map(payload.dataValues.map((d) => [d.dataElement, d.value]))
  const asWeSend = (uid: string) => {
    const text = there.dataValues.get(uid) ?? null
    const field = metadata.dataElements.get(uid)
    const made = field ? convertValue(text, field, { maxLength: DATA_ELEMENT_LENGTH, timeZone }) : null
    return made && 'value' in made ? made.value : text
  }
  return (
    there.programStage === payload.programStage &&
    there.occurredAt?.slice(0, 10) === payload.occurredAt &&
    [payload.orgUnit, ...enrollmentOrgUnits].includes(there.orgUnit) &&
    [...ours.values()].some((value) => value !== null) &&
    mapped.every((uid) => (ours.get(uid) ?? null) === asWeSend(uid))
  )
}
