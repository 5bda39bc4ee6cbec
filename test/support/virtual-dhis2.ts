/** A DHIS2 in virtual time, and a sync that has always something to send: what a pace does to both, without a clock. */
import { afterAnswer, afterFailure, startPace, ticketOf, type Pace, type PaceBounds, type Ticket } from '../../src/core/pace.ts'

export interface Capacity {
  /** requests that go on side by side at full speed; more share it */
  cores: number
  /** milliseconds of one core for a request, and for each patient in it */
  perRequest: number
  perPatient: number
  /** the n-th request's work differs from the others' by this factor */
  varies?: (n: number) => number
  /** what each request beyond the cores costs all of them */
  thrash?: number
  /** requests beyond this are refused with 429 at once */
  admits?: number
  /** requests that take longer end with 504 */
  limitMs?: number
  /** this one ends with 503, counted from the first */
  fails?: (n: number) => boolean
}

interface Going {
  ticket: Ticket
  patients: number
  failure: 'busy' | 'broke' | null
  begun: number
  /** milliseconds of a core that are left */
  left: number
}

export interface Seen {
  inFlight: number
  patients: number
  failed: boolean
}

/** A chunk's patients. */
const CHUNK = 100
/** Until one that is refused is over. */
const REFUSED_MS = 250

export class VirtualSync {
  pace: Pace
  now = 0
  /** every request that has come to its end */
  readonly seen: Seen[] = []
  private readonly bounds: PaceBounds
  private going: Going[] = []
  private sent = 0

  constructor(bounds: PaceBounds) {
    this.bounds = bounds
    this.pace = startPace(bounds)
  }

  /** @returns patients in a second */
  run(capacity: Capacity, requests: number): number {
    const [began, until] = [this.now, this.seen.length + requests]
    let patients = 0
    while (this.seen.length < until) {
      this.send(capacity)
      patients += this.step(capacity)
    }
    return (1000 * patients) / (this.now - began)
  }

  private send({ perRequest, perPatient, admits = Infinity, fails = () => false, varies = () => 1 }: Capacity): void {
    while (this.going.length < this.pace.inFlight) {
      const ticket = ticketOf(this.pace, this.going.length + 1)
      const patients = Math.max(1, Math.ceil(CHUNK * this.pace.share))
      const failure = this.going.filter((one) => one.failure === null).length >= admits ? 'busy' : fails(this.sent) ? 'broke' : null
      const left = (perRequest + perPatient * patients) * varies(this.sent++)
      this.going.push({ ticket, patients, failure, begun: this.now, left })
    }
  }

  /** To the next end of a request. @returns the patients in it */
  private step({ cores, thrash = 0, limitMs = Infinity }: Capacity): number {
    const working = this.going.filter((one) => one.failure === null).length
    const speed = Math.min(1, cores / working) / (1 + thrash * Math.max(0, working - cores))
    const limitOf = (one: Going) => one.begun + (one.failure === null ? limitMs : REFUSED_MS)
    const endOf = (one: Going) => Math.min(one.failure === null ? this.now + one.left / speed : Infinity, limitOf(one))
    const first = this.going.reduce((a, b) => (endOf(b) < endOf(a) ? b : a))
    const at = endOf(first)
    const failure = first.failure ?? (at === limitOf(first) ? 'broke' : null)
    for (const one of this.going) one.left -= (at - this.now) * speed
    this.now = at
    const full = this.going.length >= this.pace.inFlight
    this.seen.push({ inFlight: this.going.length, patients: first.patients, failed: failure !== null })
    this.going = this.going.filter((one) => one !== first)
    const { ticket, patients, begun } = first
    this.pace =
      failure === null
        ? afterAnswer(this.pace, this.bounds, { ticket, full, ms: at - begun, bytes: patients * 2000 })
        : afterFailure(this.pace, this.bounds, ticket, failure)
    return failure === null ? patients : 0
  }
}

/** The rate of the best number at a time, of those within the bounds. */
export function bestFixed(capacity: Capacity, { least, most }: PaceBounds, requests: number): { inFlight: number; rate: number } {
  const all = Array.from({ length: most - least + 1 }, (_, i) => {
    const inFlight = least + i
    const fixed = { least: inFlight, start: inFlight, most: inFlight, leastShare: 1 }
    return { inFlight, rate: new VirtualSync(fixed).run(capacity, requests) }
  })
  return all.reduce((a, b) => (b.rate > a.rate * 1.001 ? b : a))
}
