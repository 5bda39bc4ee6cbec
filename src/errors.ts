/** A run, or one of its chunks, cannot go on. The message is written for users and Bull Board: it says what to do and holds no patient data. */
export class RunFailure extends Error {
  /** true: the same may pass later */
  readonly transient: boolean
  constructor(message: string, options: { transient?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.name = new.target.name
    this.transient = options.transient ?? false
  }
}
