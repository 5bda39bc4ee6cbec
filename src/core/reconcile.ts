/**
 * Which DHIS2 enrollment does a Bahmni enrollment go to? The appendix's tables (Y1–Y14, N1–N15) and the lines decided beside them, as one fold
 * over a patient's enrollments in one program: each decision sees what the earlier ones did.
 */
import type { Dhis2Enrollment, EnrollmentFields } from './model.ts'
import { reject, type Rejection } from './rejection.ts'

/** One Bahmni enrollment of the patient in the program. */
export interface Episode {
  rowId: string
  programUniqueId: string
  /** what would be sent; for one that is not decided now, what the Mart says of it */
  fields: EnrollmentFields
  /** `decide`: it has to be delivered. `events`: only its events have (decided 7). `context`: it only binds a uid. */
  work: 'decide' | 'events' | 'context'
  /** enrollment_tracker's uid */
  tracker: string | null
  /** an enrollment, ours or another's, that it was on its way to when a run was cut off: DHIS2 may have got it */
  sending: string | null
  /** the uid that we derive for it: DHIS2 may have it from a send whose answer was lost */
  derived: string
}

export interface ReconcileInput {
  patientId: string
  trackedEntity: string
  program: string
  openLatestCompletedEnrollment: boolean
  /** false for the legacy API, see Dhis2Client.addsEventsToAnyEnrollment */
  addsEventsToAnyEnrollment: boolean
  episodes: readonly Episode[]
  /** enrollment_tracker's rows of this tracked entity whose Bahmni enrollment the Mart no longer has, or has with a mistake */
  vanished: readonly { enrollment: string; programUniqueId: string }[]
  dhis2: readonly Dhis2Enrollment[]
}

/** The step of a run that sends it, in the order of the run. */
export const ENROLLMENT_STEPS = ['new-completed', 'updated-completed', 'new-active', 'updated-active'] as const
export type EnrollmentStep = (typeof ENROLLMENT_STEPS)[number]

export interface EnrollmentPlan {
  enrollment: string
  /** false: another Bahmni enrollment owns it (decided 3), or only events are due (decided 7) */
  sendFields: boolean
  /** what DHIS2 has when this is sent; null: it is created */
  existing: Dhis2Enrollment | null
  /** it was nobody's: neither our uid nor a tracker row's */
  adopted: boolean
  /** uid of an active enrollment beside this one, because of which this API cannot add new events */
  newEventsBlockedBy: string | null
}

export type Decision = { rowId: string; step: EnrollmentStep } & ({ plan: EnrollmentPlan } | { rejection: Rejection })

interface Known {
  now: Dhis2Enrollment
  /** Bahmni enrollments that are bound to it */
  bound: Episode[]
  /** bound by a tracker row whose Bahmni enrollment is not among the episodes */
  vanishedAs: string | null
  /** nobody's, and certainly this one's: no other episode takes it */
  sameAs: Episode | null
}

/** Decides every episode that has work; the result does not depend on the order of the input. */
export function reconcile(input: ReconcileInput): Decision[] {
  const decisions = fold(input, new Set())
  // whoever ends an active enrollment makes room for the others, which would pass only in the next run otherwise; or not even then, when a new active
  // one has come meanwhile, and so it would matter where a run was cut off
  const enders = new Set(decisions.flatMap((d) => ('plan' in d && ends(d.plan, input, d.rowId) ? [d.rowId] : [])))
  return enders.size === 0 ? decisions : fold(input, enders)
}

function ends({ sendFields, existing }: EnrollmentPlan, { episodes }: ReconcileInput, rowId: string): boolean {
  return sendFields && existing?.status === 'ACTIVE' && !isActive(episodes.find((e) => e.rowId === rowId)!)
}

function fold(input: ReconcileInput, first: ReadonlySet<string>): Decision[] {
  const known = new Map<string, Known>(input.dhis2.map((now) => [now.enrollment, { now, bound: [], vanishedAs: null, sameAs: null }]))
  for (const { enrollment, programUniqueId } of input.vanished) {
    const there = known.get(enrollment)
    if (there) there.vanishedAs = programUniqueId
  }
  // events of an enrollment that was never delivered bring it along
  const episodes = input.episodes.map((e) => (e.work === 'events' && boundUid(e, known) === null ? { ...e, work: 'decide' as const } : e))
  for (const episode of episodes) known.get(boundUid(episode, known) ?? '')?.bound.push(episode)
  for (const [found, episode] of sameEnrollments(episodes, known)) found.sameAs = episode

  let latestStep = 0
  return inFoldOrder(episodes, first).map((episode) => {
    const choice = choose(episode, known, input)
    if ('rejection' in choice) return { rowId: episode.rowId, step: ownStep(episode), rejection: choice.rejection }
    // decided 1: an enrollment waits for the earlier ones of its patient, so that sending in steps ends as the fold does
    latestStep = Math.max(latestStep, ENROLLMENT_STEPS.indexOf(ownStep(episode)))
    return { rowId: episode.rowId, step: ENROLLMENT_STEPS[latestStep]!, plan: apply(episode, choice.enrollment, known, input) }
  })
}

/**
 * Completed and cancelled ones first, then active ones, each by date and id (decided 1). Those that only bring events follow the decided ones of
 * their group: a completion may have made room for them.
 */
function inFoldOrder(episodes: readonly Episode[], first: ReadonlySet<string>): Episode[] {
  const group = (e: Episode) => (first.has(e.rowId) ? 0 : 1) + (isActive(e) ? 2 : 0) + (e.work === 'events' ? 1 : 0)
  return episodes.filter((e) => e.work !== 'context').toSorted((a, b) => group(a) - group(b) || byAge(a, b))
}

const isActive = (episode: Episode) => episode.fields.status === 'ACTIVE'
const ownStep = (episode: Episode): EnrollmentStep =>
  `${episode.tracker === null && episode.work === 'decide' ? 'new' : 'updated'}-${isActive(episode) ? 'active' : 'completed'}`

/** 9 before 10, and any text somewhere. */
const IDS = new Intl.Collator('en', { numeric: true })

/** Oldest first; equal dates by Bahmni's id. */
function byAge(a: Episode, b: Episode): number {
  return compareText(a.fields.enrolledAt, b.fields.enrolledAt) || IDS.compare(a.programUniqueId, b.programUniqueId)
}

const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

/** "Ours" is what a tracker row binds, what a lost send may have gone to, or what carries the uid that we derive. */
function boundUid(episode: Episode, known: ReadonlyMap<string, Known>): string | null {
  return episode.tracker ?? [episode.sending, episode.derived].find((uid) => uid !== null && known.has(uid)) ?? null
}

/**
 * Nobody's enrollments that are an episode's beyond doubt: same dates and org unit, and no second one of either sort that fits. A Java service that was cut
 * off leaves them, and so does the loss of our own tracker tables; it sends a completed or cancelled one as ACTIVE first.
 */
function sameEnrollments(episodes: readonly Episode[], known: ReadonlyMap<string, Known>): [Known, Episode][] {
  const nobodys = [...known.values()].filter((k) => !isOurs(k))
  const fresh = episodes.filter((e) => e.work === 'decide' && boundUid(e, known) === null)
  const fits = ({ now }: Known, { fields }: Episode) =>
    now.orgUnit === fields.orgUnit &&
    now.enrolledAt.slice(0, 10) === fields.enrolledAt &&
    (now.occurredAt ?? fields.occurredAt).slice(0, 10) === fields.occurredAt &&
    (now.status === fields.status || now.status === 'ACTIVE')
  return nobodys.flatMap((k): [Known, Episode][] => {
    const [episode, ...others] = fresh.filter((e) => fits(k, e))
    const only = episode && others.length === 0 && nobodys.filter((other) => fits(other, episode)).length === 1
    return only ? [[k, episode]] : []
  })
}

const isOurs = (k: Known) => k.bound.length > 0 || k.vanishedAs !== null

function choose(
  episode: Episode,
  known: ReadonlyMap<string, Known>,
  input: ReconcileInput,
): { enrollment: string } | { rejection: Rejection } {
  const uid = boundUid(episode, known)
  if (uid !== null) return chooseBound(episode, uid, known, input)
  const { status } = episode.fields
  const same = [...known.values()].find((k) => k.sameAs === episode)
  // from here on as one that a tracker row names
  if (same && (status === 'CANCELLED' || same.now.status === status)) return chooseBound(episode, same.now.enrollment, known, input)
  if (status === 'CANCELLED') return { enrollment: episode.derived } // decided 6

  const active = activeBeside(null, known)
  const free = active.filter((k) => k.sameAs === null || k.sameAs === episode)
  const foreign = free.find((k) => !isOurs(k))
  const second = active.find((k) => k !== foreign)
  // only 2.30 lets two be active (case 12): nobody can tell which is meant
  if (foreign && second) return { rejection: conflict(episode, second.now.enrollment, foreign.now.enrollment, input) }
  if (foreign) return { enrollment: foreign.now.enrollment } // decided 5, Y2, Y11, N2, N11, N12
  if (input.openLatestCompletedEnrollment) {
    const choice = free[0] ?? latestCompleted(known) // Y3, Y4, Y10
    return { enrollment: choice?.now.enrollment ?? episode.derived } // Y1, Y9
  }
  // decided 2: with `no`, ours for another Bahmni enrollment is never chosen, and DHIS2 allows one active
  if (status === 'ACTIVE' && active[0]) return { rejection: severalActive(episode, active[0], input) }
  return { enrollment: episode.derived } // N1, N3, N4, N9, N10
}

function chooseBound(
  episode: Episode,
  uid: string,
  known: ReadonlyMap<string, Known>,
  input: ReconcileInput,
): { enrollment: string } | { rejection: Rejection } {
  const target = known.get(uid)
  if (!target) return { rejection: gone(episode, uid, input) } // decided 9
  const others = activeBeside(uid, known)
  const foreign = others.find((k) => !isOurs(k) && k.sameAs === null)
  if (episode.work === 'events') {
    // decided 7: the legacy API would have to re-open it
    const reopens = !input.addsEventsToAnyEnrollment && target.now.status !== 'ACTIVE'
    return foreign && reopens ? { rejection: conflict(episode, uid, foreign.now.enrollment, input) } : { enrollment: uid }
  }
  // Y6, Y14, N6, N15; a cancelled one never re-opens anything, so an active one beside it is no matter (decided 6)
  if (foreign && episode.fields.status !== 'CANCELLED') return { rejection: conflict(episode, uid, foreign.now.enrollment, input) }
  if (isActive(episode) && owner(target, episode) === episode && others[0]) return { rejection: severalActive(episode, others[0], input) }
  return { enrollment: uid } // decided 4: an older episode of ours is corrected in place
}

function activeBeside(uid: string | null, known: ReadonlyMap<string, Known>): Known[] {
  return [...known.values()]
    .filter((k) => k.now.status === 'ACTIVE' && k.now.enrollment !== uid)
    .toSorted((a, b) => compareText(b.now.enrolledAt, a.now.enrolledAt) || compareText(a.now.enrollment, b.now.enrollment))
}

/** The one with the greatest completed date; ties: greatest enrollment date, then uid. 2.30 leaves the completed date out at times (case 13). */
function latestCompleted(known: ReadonlyMap<string, Known>): Known | undefined {
  return [...known.values()]
    .filter((k) => k.now.status === 'COMPLETED' && k.sameAs === null)
    .toSorted(
      (a, b) =>
        compareText(b.now.completedAt ?? '', a.now.completedAt ?? '') ||
        compareText(b.now.enrolledAt, a.now.enrolledAt) ||
        compareText(b.now.enrollment, a.now.enrollment),
    )[0]
}

/** Decided 3: a shared enrollment belongs to the newest of its Bahmni enrollments. */
function owner(target: Known, candidate: Episode): Episode {
  return [...target.bound.filter((e) => e !== candidate), candidate].toSorted(byAge).at(-1)!
}

/** Makes the plan and brings `known` to where DHIS2 will be after it. */
function apply(episode: Episode, uid: string, known: Map<string, Known>, input: ReconcileInput): EnrollmentPlan {
  const before = known.get(uid)
  const blockedBy = input.addsEventsToAnyEnrollment ? undefined : activeBeside(uid, known)[0]
  const sendFields = episode.work === 'decide' && (before === undefined || owner(before, episode) === episode)
  const adopted = before !== undefined && !isOurs(before)
  if (before) before.sameAs = null
  const bound = [...(before?.bound ?? []).filter((e) => e !== episode), episode]
  if (before) before.bound = bound
  if (sendFields) {
    const { enrolledAt, occurredAt, status, orgUnit } = episode.fields
    const completedBefore = before?.now.status === 'COMPLETED' ? before.now.completedAt : null
    // DHIS2 keeps the date of a completion that it has, and takes the time of the import otherwise: later than any that it has, and than those before it
    const completedAt = status === 'COMPLETED' ? (completedBefore ?? inFuture(known)) : null
    const now = {
      enrollment: uid,
      trackedEntity: input.trackedEntity,
      program: input.program,
      orgUnit,
      status,
      enrolledAt,
      occurredAt,
      completedAt,
    }
    known.set(uid, { now, bound, vanishedAs: before?.vanishedAs ?? null, sameAs: null })
  }
  return { enrollment: uid, sendFields, existing: before?.now ?? null, adopted, newEventsBlockedBy: blockedBy?.now.enrollment ?? null }
}

function inFuture(known: ReadonlyMap<string, Known>): string {
  const completions = [...known.values()].filter((k) => k.now.completedAt?.startsWith('9999')).length
  return `9999 ${String(completions).padStart(6, '0')}`
}

const nameOf = (episode: Episode) => `program_unique_id ${episode.programUniqueId} of ${episode.fields.enrolledAt}`

function conflict(episode: Episode, ours: string, active: string, input: ReconcileInput): Rejection {
  const cannot = episode.work === 'events' ? 'add events to' : isActive(episode) ? 're-open' : 'complete'
  return reject(
    'conflict',
    `DHIS has another active enrollment going on. Can't ${cannot} this enrollment. BAHMNI enrollment id: ${ours} and DHIS enrollment id: ${active}. Patient ${input.patientId}, ${nameOf(episode)}.`,
    { dhis2Uid: active },
  )
}

function severalActive(episode: Episode, other: Known, input: ReconcileInput): Rejection {
  const newest = other.bound.toSorted(byAge).at(-1) ?? other.sameAs
  const name = newest ? nameOf(newest) : `program_unique_id ${other.vanishedAs}, which the Mart no longer has or has with a mistake`
  return reject(
    'several-active',
    `Patient ${input.patientId} has two active enrollments in Bahmni for one program: ${nameOf(episode)}, and ${name} (DHIS2 enrollment ${other.now.enrollment}).`,
    { column: 'status', dhis2Uid: other.now.enrollment, value: episode.fields.status },
  )
}

function gone(episode: Episode, uid: string, input: ReconcileInput): Rejection {
  return reject('gone', `Patient ${input.patientId}: the DHIS2 enrollment ${uid} of ${nameOf(episode)} was deleted in DHIS2.`, {
    dhis2Uid: uid,
  })
}
