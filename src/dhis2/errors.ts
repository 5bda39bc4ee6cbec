import { RunFailure } from '../errors.ts'

/** DHIS2 could not be reached, or was too busy, for as long as the retry budget allowed. */
export class TransientFailure extends RunFailure {
  constructor(message: string, cause?: unknown) {
    super(message, { transient: true, cause })
  }
}

/** A request that can be sent in parts got no answer in time, and was not sent again. */
export class NotInTime extends TransientFailure {
  constructor(origin: string) {
    super(`DHIS2 at ${origin} does not answer in time.`)
  }
}

/** No HTTP with the server at all, and trying again would not help: a certificate that is not trusted, https on a port that speaks http. */
export class NotReached extends RunFailure {
  constructor(origin: string, code: string, cause: unknown) {
    super(
      `No connection to DHIS2 at ${origin} (${code || 'no reason given'}). Check DHIS2_URL, its http or https, and the server's certificate.`,
      {
        cause,
      },
    )
  }
}

/** DHIS2 does not let our account in. */
export class AccessRefused extends RunFailure {}

/** The server is not one that this program can talk to, or not in the way that was asked for. */
export class UnsupportedServer extends RunFailure {}

/**
 * DHIS2 refused a request as a whole, without a report by object: 400, 500, or 409 without summaries. `detail` is DHIS2's own sentence; it may hold
 * patient data and belongs in the database only.
 */
export class RequestRefused extends RunFailure {
  readonly status: number
  readonly detail: string | null
  constructor({ status, detail }: { status: number; detail: string | null }) {
    super(`DHIS2 refused a whole request with HTTP ${status}. Its own log says why; "check" tests the connection and the account.`)
    this.status = status
    this.detail = detail
  }
}
