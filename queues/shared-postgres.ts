/** One pool of connections to PostgreSQL for all queues and workers of a process. BullMQ alone makes one for each, with their migrations looked at seven times. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createPostgresBackend, type PostgresConnection } from 'bullmq'

const PAUSE_MS = 1000

interface Shared {
  /** whose pool it is, and who looks at the migrations */
  first: PostgresConnection
  users: number
}

export function sharedPostgresBackend(): typeof createPostgresBackend {
  let shared: Shared | null = null
  return (name, options, more) => {
    const backend = createPostgresBackend(name, options, more)
    const { connection } = backend
    const own = (shared ??= { first: connection, users: 0 })
    const { first } = own
    own.users++
    Reflect.set(connection, 'pool', first.pool)
    Reflect.set(connection, 'ownsPool', false)
    // said when the first connection is there, and lost when that failed; workers are counted by it
    Reflect.set(connection, 'listenClientName', Reflect.get(backend, 'listenClientName'))
    if (connection === first) {
      const connect = first.waitUntilReady.bind(first)
      let connecting: Promise<void> | null = null
      // BullMQ 6.7 remembers a first connection that failed for good, and its worker asks again without a pause: the process would do nothing else any more
      first.waitUntilReady = () =>
        (connecting ??= connect().catch(async (error: unknown) => {
          await sleep(PAUSE_MS)
          Reflect.deleteProperty(first, 'readyPromise')
          connecting = null
          throw error
        }))
    } else connection.waitUntilReady = () => first.waitUntilReady()
    const close = connection.close.bind(connection)
    let closed: Promise<void> | null = null
    connection.close = () => (closed ??= closeIt())
    async function closeIt(): Promise<void> {
      await close()
      if (--own.users > 0) return
      if (shared === own) shared = null
      await first.pool.end()
    }
    return backend
  }
}
