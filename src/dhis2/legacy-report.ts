/** Import summaries of the legacy API → results by uid. Nothing in them can be trusted but what is read at every level (2.30, points 2, 3 and 6). */
import { z } from 'zod'
import type { ImportError, ImportReport, Kind, ObjectResult } from '../core/model.ts'

const count = z.object({ imported: z.number().default(0), updated: z.number().default(0), ignored: z.number().default(0) })
const eventSummary = z.object({
  status: z.string(),
  description: z.string().optional(),
  reference: z.string().optional(),
  importCount: count.optional(),
  conflicts: z.array(z.object({ object: z.string().nullish(), value: z.string().nullish() })).nullish(),
})
const summary = eventSummary.extend({ events: z.object({ importSummaries: z.array(eventSummary).nullish() }).nullish() })
type Summary = z.infer<typeof eventSummary>
const bodySchema = z.object({ response: z.union([z.object({ importSummaries: z.array(summary) }), summary]) })

export interface SentObject {
  uid: string
  events: readonly string[]
}

/** @returns null when the body has no summaries: the request was refused as a whole (point 5) */
export function parseSummaries(body: unknown, sent: readonly SentObject[], kind: 'trackedEntity' | 'enrollment'): ImportReport | null {
  const parsed = bodySchema.safeParse(body)
  if (!parsed.success) return null
  const { response } = parsed.data
  const summaries = 'importSummaries' in response ? response.importSummaries : [response]
  const results = new Map<string, ObjectResult>()
  for (const object of sent) {
    // an ERROR for "no write access" has no reference: alone in its request it is the object's, among others the object is sent again alone
    const own =
      summaries.find((s) => s.reference === object.uid) ?? (sent.length === 1 && summaries.length === 1 ? summaries[0] : undefined)
    const result = own ? resultOf(own, kind) : unreported()
    results.set(object.uid, result)
    const eventSummaries = own?.events?.importSummaries ?? []
    for (const uid of object.events) {
      const eventOwn = eventSummaries.find((s) => s.reference === uid) ?? onlyUnnamed(eventSummaries, object.events, uid)
      results.set(uid, result.state === 'refused' ? { state: 'parentRefused' } : eventOwn ? resultOf(eventOwn, 'event') : unreported())
    }
  }
  return results
}

function onlyUnnamed(summaries: readonly Summary[], uids: readonly string[], uid: string): Summary | undefined {
  const unnamed = summaries.filter((s) => s.reference === undefined || !uids.includes(s.reference))
  const missing = uids.filter((u) => !summaries.some((s) => s.reference === u))
  return unnamed.length === 1 && missing.length === 1 && missing[0] === uid ? unnamed[0] : undefined
}

const unreported = (): ObjectResult => ({
  state: 'refused',
  errors: [{ code: 'UNREPORTED', message: 'DHIS2 said neither that it saved the object nor why not', field: null }],
})

/** Saved is: SUCCESS, no conflicts, and something imported or updated. An event's WARNING saved it without the value in question (18b, 18j–m). */
function resultOf(s: Summary, kind: Kind): ObjectResult {
  const conflicts = s.conflicts ?? []
  const counted = (s.importCount?.imported ?? 0) + (s.importCount?.updated ?? 0) > 0
  // an event without data values counts nothing (importCount of a 2.30 event counts its values)
  if (s.status === 'SUCCESS' && conflicts.length === 0 && (counted || kind === 'event'))
    return { state: (s.importCount?.updated ?? 0) > 0 ? 'updated' : 'created', warnings: [] }
  const errors = conflicts.map((c) => errorOf(c.value ?? '', c.object ?? null, kind))
  if (s.description) errors.push(errorOf(s.description, null, kind))
  if (errors.length === 0) return unreported()
  return { state: 'refused', errors }
}

/** The legacy API has texts only: they get the codes that /api/tracker has for the same thing. */
const TEXTS: readonly (readonly [RegExp, string | Readonly<Record<Kind, string>>])[] = [
  [
    /already exists or was deleted earlier|already used|already been deleted|doesn't point to a valid enrollment/i,
    { trackedEntity: 'E1114', enrollment: 'E1113', event: 'E1082' },
  ],
  [/invalid attribute/i, 'E1006'],
  [/missing mandatory attribute/i, 'E1018'],
  [/non-unique attribute/i, 'E1064'],
  [/not a valid option/i, 'E1125'],
  [/exceeds the character limit/i, 'E1077'],
  [/is not a valid date for attribute|value_not_/i, { trackedEntity: 'E1007', enrollment: 'E1007', event: 'E1302' }],
  [/value_required_but_not_provided/i, 'E1303'],
  [/not a valid data element|doesn't exist in the system/i, 'E1304'],
  [/not defined in program stage/i, 'E1305'],
  [/already has an active enrollment|multiple active/i, 'E1015'],
  [/is not enrolled in program/i, 'NOT_ENROLLED'],
  [/can't be future date/i, 'E1020'],
  [/date format is not correct/i, 'E1031'],
  [/no write access/i, 'E1000'],
  [/invalid trackedEntityType/i, 'E1005'],
  [/not assigned to this organisation unit/i, 'E1041'],
  [/no org unit|org unit null|organisationunit can not be null/i, 'E1121'],
  [/invalid org unit|valid organisation unit/i, { trackedEntity: 'E1049', enrollment: 'E1070', event: 'E1011' }],
  [/program can not be null/i, 'E1069'],
  [/valid programStage/i, 'E1013'],
  [/not repeatable/i, 'E1039'],
]

function errorOf(text: string, object: string | null, kind: Kind): ImportError {
  const code = TEXTS.find(([pattern]) => pattern.test(text))?.[1] ?? 'LEGACY'
  // an event's conflict names the data element as its object, an unknown one in its text (18b: its object is the word "dataElement", which looks like
  // a uid); a person's names the attribute in its text
  const inText = /attribute ([A-Za-z][A-Za-z0-9]{10})\b|\b([A-Za-z][A-Za-z0-9]{10}) is not a valid data element/.exec(text)
  const field =
    kind === 'event' && object !== null && object !== 'dataElement' && UID.test(object) ? object : (inText?.[1] ?? inText?.[2] ?? null)
  return { code: typeof code === 'string' ? code : code[kind], message: text, field }
}

const UID = /^[A-Za-z][A-Za-z0-9]{10}$/
