import { createBullBoard } from '@bull-board/api'
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter'
import { ExpressAdapter } from '@bull-board/express'
import type { Express } from 'express'
import type { SyncQueues } from '../queues/sync-queues.ts'

/** @param acting with buttons: see board-actions for what they do */
export function board(
  { steps, chunks, schedules }: Pick<SyncQueues, 'steps' | 'chunks' | 'schedules'>,
  basePath: string,
  acting: boolean,
): Express {
  // its type leaves out allowCompletedRetries
  const buttons = { readOnlyMode: !acting, allowCompletedRetries: false }
  const server = new ExpressAdapter()
  server.setBasePath(basePath)
  createBullBoard({
    queues: [
      new BullMQAdapter(steps, {
        displayName: 'Syncs, step by step',
        description: 'Each sync is eight jobs, one after the other. A failed one can be retried: a new sync sends what is missing.',
        ...buttons,
      }),
      new BullMQAdapter(chunks, {
        displayName: 'Chunks of patients',
        description: 'What a step does for some patients at a time. One that fails is tried again by itself, three times in all.',
        ...buttons,
      }),
      new BullMQAdapter(schedules, {
        displayName: 'Schedules',
        description: 'When the next scheduled syncs start. They are changed on the page Schedules.',
        readOnlyMode: true,
      }),
    ],
    serverAdapter: server,
    options: { uiConfig: { boardTitle: 'Bahmni → DHIS2', hideDocsLink: true } },
  })
  const app = server.getRouter() as Express
  app.disable('x-powered-by')
  return app
}
