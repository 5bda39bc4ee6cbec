/** For BullMQ: it listens to no connection while it opens a queue, and one that breaks then would end the process, instead of the query that waits for its answer. */
import pg from 'pg'

export class HeardClient extends pg.Client {
  constructor(config?: pg.ClientConfig) {
    super(config)
    this.on('error', () => {})
  }
}
