/** What the handlers of one server share for as long as it runs. */
import { hasEnded } from '../../sql/store/store.ts'
import type { Config } from '../config.ts'
import { openShared, type Shared } from '../preview/shared.ts'
import type { Service } from '../service.ts'
import type { PreviewBody } from './contract/previews.ts'
import type { SyncDetail } from './contract/syncs.ts'
import { openFollowing, type Following, type Seen } from './following.ts'
import { detailOf, syncOf } from './handlers/syncs/sync-view.ts'
import { openStatus, type Status } from './status.ts'

export interface Live {
  following: Following<SyncDetail>
  status: () => Promise<Status>
  previews: Shared<PreviewBody>
  close: () => void
}

/** As often as a person can see. */
const POLL_MS = 500

/** @param dearMs a preview that takes so long is shown to others for a while */
export function openLive(parts: Pick<Service, 'store' | 'queues'> & { config: Config }, dearMs: number): Live {
  const following = openFollowing((id) => lookAt(parts, id), POLL_MS)
  const status = openStatus(parts)
  return {
    following,
    status: status.read,
    previews: openShared(dearMs),
    close() {
      following.close()
      status.close()
    },
  }
}

async function lookAt({ store }: Pick<Service, 'store'>, id: string): Promise<Seen<SyncDetail> | null> {
  const progress = await store.readProgress(id)
  if (!progress) return null
  const { run, steps, at } = progress
  // how fast it goes and for how long yet changes with time alone
  return { state: detailOf(progress), mark: JSON.stringify([syncOf(run), steps]), version: at.getTime(), last: hasEnded(run) }
}
