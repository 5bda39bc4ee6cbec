/** Bull Board: progress and failures of the queues, for admins. */
import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { ExpressAdapter } from '@bull-board/express'
import type { Express } from 'express'
import type { SyncQueues } from '../queues/sync-queues.ts'

/** Read only: a job that is retried or removed here by hand would leave its run in a state that nobody recorded. */
export function bullBoard({ steps, chunks }: Pick<SyncQueues, 'steps' | 'chunks'>, basePath: string): Express {
  const server = new ExpressAdapter()
  server.setBasePath(basePath)
  createBullBoard({
    queues: [
      new BullMQAdapter(steps, { readOnlyMode: true, description: 'The steps of each sync, one after the other' }),
      new BullMQAdapter(chunks, { readOnlyMode: true, description: 'Ranges of patients within a step' }),
    ],
    serverAdapter: server,
    options: { uiConfig: { boardTitle: 'Bahmni → DHIS2 sync' } },
  })
  return (server.getRouter() as Express).disable('x-powered-by')
}
