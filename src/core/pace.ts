/**
 * How many requests to have on their way to a DHIS2, and how large they should be: found by what becomes of each request, within bounds. Pure, and it knows no
 * clock: patience is counted in answers.
 *
 * More at a time for as long as that brings more; fewer when the rate falls or answers take too long; half as many, and smaller ones, when one fails.
 */

export interface PaceBounds {
  /** requests at a time; least = most: the site has set it */
  least: number
  start: number
  most: number
  /** of a chunk's patients, in one request; 1: the size is set */
  leastShare: number
}

/** What a request brings along from its beginning. */
export interface Ticket {
  moves: number
  cuts: number
  /** there were as many on their way as there may be */
  full: boolean
}

export interface Pace {
  /** requests at a time */
  readonly inFlight: number
  /** how much of a chunk goes in one request, up to 1 */
  readonly share: number
  /** changes of inFlight: what began before the last one says nothing about the new number */
  readonly moves: number
  /** what began before the last cut is of the same trouble, and not cut for once more */
  readonly cuts: number
  readonly answers: number
  /** answers with this number at a time */
  readonly window: { answers: number; bytes: number; ms: number }
  /** a request's usual size: small ones, the rests of chunks, say nothing about the rate */
  readonly usual: number
  readonly trying: { way: 1 | -1; rateBefore: number } | null
  /** bytes in a millisecond with this number, when it is not only being tried; null: not known yet */
  readonly rate: number | null
  readonly nextTry: { way: 1 | -1; at: number }
  /** one more at a time made it worse: there may be too many already */
  readonly crowded: boolean
  /** a number that failed is left alone for a while */
  readonly ceiling: { at: number; until: number; patience: number }
  /** a share that failed, too */
  readonly tooLarge: { share: number; until: number }
  /** answers since the last cut */
  readonly calm: number
}

/** Answers that a number of requests is judged by, or two of each request that may be on its way. */
const WINDOW = 8
/** One more at a time has to bring so much; one fewer may cost so little. */
const MARGIN = 0.05
/** One more at a time, and so much was lost. */
const CROWDED = 0.1
/** The capacity of DHIS2 has changed. */
const CHANGED = 0.35
/** Answers between tries of the next number. */
const BETWEEN_TRIES = 64
/** … when answers took too long before; and until a size that failed is tried again */
const SOON = 16
const PATIENCE = { least: 16, most: 256 }
/** A quarter of the minute after which proxies end a request. */
const SLOW_MS = 15_000
const SHARE_STEP = 1 / 16

const NOTHING = { answers: 0, bytes: 0, ms: 0 }

export function startPace({ start, most }: PaceBounds): Pace {
  return {
    inFlight: start,
    share: 1,
    moves: 0,
    cuts: 0,
    answers: 0,
    window: NOTHING,
    usual: 0,
    trying: null,
    rate: null,
    nextTry: { way: 1, at: 0 },
    crowded: false,
    ceiling: { at: most + 1, until: 0, patience: PATIENCE.least },
    tooLarge: { share: Infinity, until: 0 },
    calm: 0,
  }
}

/** @param onTheWay with the new one */
export const ticketOf = (pace: Pace, onTheWay: number): Ticket => ({
  moves: pace.moves,
  cuts: pace.cuts,
  full: onTheWay >= pace.inFlight,
})

export interface Answered {
  ticket: Ticket
  /** at the end there were, with this one, as many on their way as there may be */
  full: boolean
  ms: number
  /** of the request */
  bytes: number
}

/** A request that writes was answered. */
export function afterAnswer(before: Pace, bounds: PaceBounds, { ticket, full, ms, bytes }: Answered): Pace {
  const answers = before.answers + 1
  if (ticket.cuts !== before.cuts) return { ...before, answers }
  const usual = Math.max(bytes, before.usual * 0.9)
  const calm = { ...before, answers, calm: before.calm + 1, usual }
  if (bytes < usual / 2) return calm
  if (ms > SLOW_MS) return slower(calm, bounds)
  const larger = Math.min(1, calm.share + SHARE_STEP)
  const mayGrow = ms < SLOW_MS / 2 && (larger < calm.tooLarge.share || answers >= calm.tooLarge.until)
  const pace = mayGrow ? { ...calm, share: larger } : calm
  if (!ticket.full || !full || ticket.moves !== pace.moves) return pace
  const window = { answers: pace.window.answers + 1, bytes: pace.window.bytes + bytes, ms: pace.window.ms + ms }
  if (window.answers < Math.max(WINDOW, 2 * pace.inFlight)) return { ...pace, window }
  // Little's law: whatever we did between the requests does not count
  return judge({ ...pace, window: NOTHING }, bounds, (pace.inFlight * window.bytes) / Math.max(window.ms, 1))
}

/** `busy`: DHIS2 asks for fewer requests. `broke`: no answer, or it or what stands before it broke down under this one. */
export function afterFailure(pace: Pace, bounds: PaceBounds, ticket: Ticket, kind: 'busy' | 'broke'): Pace {
  if (ticket.cuts !== pace.cuts) return { ...pace, window: NOTHING }
  const { answers, share } = pace
  return {
    ...moved(pace, Math.max(bounds.least, pace.inFlight >> 1)),
    ceiling: ceilingAfter(pace, bounds),
    ...(kind === 'broke' && { share: Math.max(bounds.leastShare, share / 2), tooLarge: { share, until: answers + SOON } }),
    window: NOTHING,
    cuts: pace.cuts + 1,
    calm: 0,
    usual: 0,
    trying: null,
    rate: null,
    nextTry: { way: 1, at: answers },
  }
}

function ceilingAfter({ ceiling, answers, inFlight, calm, trying, rate }: Pace, { least }: PaceBounds): Pace['ceiling'] {
  // with the least at a time it is not their number
  if (inFlight === least) return ceiling
  // the same trouble as before cuts once more
  if (calm === 0) return { ...ceiling, at: Math.min(ceiling.at, inFlight), until: answers + ceiling.patience }
  const wentWell = trying === null && rate !== null
  const patience = wentWell ? PATIENCE.least : Math.min(PATIENCE.most, ceiling.patience * 2)
  return { at: inFlight, until: answers + patience, patience }
}

/** Fewer at a time than it was tried with; smaller ones when these are not many anyway. */
function slower(pace: Pace, bounds: PaceBounds): Pace {
  const many = pace.inFlight > bounds.start
  const nextTry = { way: many ? -1 : 1, at: pace.answers + SOON } as const
  const cut = { ...pace, cuts: pace.cuts + 1, usual: 0, trying: null, rate: null, nextTry }
  if (many) return moved(cut, pace.inFlight - 1)
  if (pace.share > bounds.leastShare) return { ...cut, share: Math.max(bounds.leastShare, pace.share * 0.75), window: NOTHING }
  return moved(cut, Math.max(bounds.least, pace.inFlight - 1))
}

/** A step at a time towards the best rate, and down for as long as fewer are as good. */
function judge(pace: Pace, bounds: PaceBounds, rate: number): Pace {
  const { trying, inFlight, nextTry, answers } = pace
  const mayGo = (way: 1 | -1) => (way === 1 ? inFlight < bounds.most && mayReach(pace, inFlight + 1) : inFlight > bounds.least)
  if (trying) {
    const gain = rate / trying.rateBefore - 1
    if (gain > MARGIN * trying.way) return mayGo(trying.way) ? tried(pace, trying.way, rate) : settled(pace, rate)
    return settled({ ...moved(pace, inFlight - trying.way), crowded: trying.way === 1 && gain < -CROWDED }, trying.rateBefore)
  }
  const change = pace.rate === null ? 0 : rate / pace.rate - 1
  if (change < -CHANGED && mayGo(-1)) return tried(pace, -1, rate)
  const isDue = answers >= nextTry.at
  if ((change > CHANGED || (isDue && nextTry.way === 1)) && mayGo(1)) return tried(pace, 1, rate)
  // with few at a time one fewer may cost much
  if (isDue && nextTry.way === -1 && (inFlight > bounds.start || pace.crowded) && mayGo(-1)) return tried(pace, -1, rate)
  const waits = !isDue || (nextTry.way === 1 && inFlight < bounds.most)
  // requests differ: one window alone may be of light ones
  const smooth = pace.rate === null ? rate : (pace.rate + rate) / 2
  return waits ? { ...calmer(pace), rate: smooth } : settled(pace, smooth)
}

const mayReach = ({ ceiling, answers }: Pace, inFlight: number) => inFlight < ceiling.at || answers >= ceiling.until

const tried = (pace: Pace, way: 1 | -1, rate: number): Pace => ({
  ...moved(pace, pace.inFlight + way),
  trying: { way, rateBefore: rate },
  rate: null,
})

const settled = (pace: Pace, rate: number): Pace => ({
  ...calmer(pace),
  trying: null,
  rate,
  nextTry: { way: pace.nextTry.way === 1 ? -1 : 1, at: pace.answers + BETWEEN_TRIES },
})

/** A whole window without a failure, with as many as failed before or more: the trouble is over. */
const calmer = (pace: Pace): Pace =>
  pace.inFlight < pace.ceiling.at ? pace : { ...pace, ceiling: { ...pace.ceiling, patience: PATIENCE.least } }

const moved = (pace: Pace, inFlight: number): Pace => ({
  ...pace,
  inFlight,
  moves: pace.moves + (inFlight === pace.inFlight ? 0 : 1),
  window: NOTHING,
})
