/** OpenMRS could not be asked. The message is written for users; it holds no cookie and no password. */
export class OpenmrsUnavailable extends Error {
  /** false: the request never reached OpenMRS */
  readonly mayHaveArrived: boolean
  /** HTTP's, when there was an answer */
  readonly status: number | null
  constructor(message: string, options: { mayHaveArrived?: boolean; status?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.name = new.target.name
    this.mayHaveArrived = options.mayHaveArrived ?? true
    this.status = options.status ?? null
  }
}
