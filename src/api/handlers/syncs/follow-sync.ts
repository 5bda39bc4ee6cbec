import { hasEnded } from '../../../../sql/store/store.ts'
import type { SyncDetail, syncOperations } from '../../contract/syncs.ts'
import { eventStream } from '../../event-stream.ts'
import type { Seen } from '../../following.ts'
import type { Handler } from '../../handler.ts'
import { found } from './found.ts'

const HEARTBEAT_MS = 15_000
const LONGEST_MS = 15 * 60_000
/** of an id: there is nothing after it */
const END = '-end'

const HEADERS = {
  'cache-control': 'no-store, no-transform',
  // nginx would keep the events back until it has a buffer full
  'x-accel-buffering': 'no',
}

export const followSync: Handler<typeof syncOperations.followSync> = async ({ params, headers }, { store, live }) => {
  const run = found(params.id, await store.readRun(params.id))
  // a browser comes again after the end of a stream, unless it is told that there is no more
  if (headers['last-event-id']?.endsWith(END) && hasEnded(run)) return { status: 204 }
  const stream = eventStream<SyncDetail>((follower) => live.following.follow(params.id, follower), {
    textOf,
    heartbeatMs: HEARTBEAT_MS,
    longestMs: LONGEST_MS,
  })
  return { status: 200, headers: HEADERS, stream }
}

const textOf = ({ version, last, state }: Seen<SyncDetail>) =>
  `event: ${last ? 'end' : 'sync'}\nid: ${version}${last ? END : ''}\ndata: ${JSON.stringify(state)}\n\n`
