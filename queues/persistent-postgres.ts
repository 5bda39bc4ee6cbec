/**
 * BullMQ 6.7 remembers for good that its first connection to PostgreSQL failed, and its worker then asks again without a pause: the process would do
 * nothing else any more, nor notice that the database is back. Here each try is a new one, and the next waits a moment.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { createPostgresBackend } from 'bullmq'

const PAUSE_MS = 1000

export const createPersistentPostgresBackend: typeof createPostgresBackend = (name, options, more) => {
  const backend = createPostgresBackend(name, options, more)
  const { connection } = backend
  // given when the first connection is there; the later ones need it as well: workers are counted by it
  Reflect.set(connection, 'listenClientName', Reflect.get(backend, 'listenClientName'))
  const connect = connection.waitUntilReady.bind(connection)
  let connecting: Promise<void> | null = null
  connection.waitUntilReady = () =>
    (connecting ??= connect().catch(async (error: unknown) => {
      await sleep(PAUSE_MS)
      Reflect.deleteProperty(connection, 'readyPromise')
      connecting = null
      throw error
    }))
  return backend
}
