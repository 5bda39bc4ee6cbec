/** Bull Board: progress and failures of the queues, in words that an administrator knows. Whoever may not sync looks only. */
import express, { type Request, type Response, type Router } from 'express'
import { may } from '../src/api/principal.ts'
import type { ApiContext } from '../src/api/handler.ts'
import { boardActions, principalOf } from './board-actions.ts'
import { board } from './board.ts'
import { tidyPage } from './tidy-page.ts'

/** After requireRight. @param basePath of its pages, as a browser writes it */
export function queueBoard(ctx: Pick<ApiContext, 'queues' | 'store'>, basePath: string): Router {
  const router = express.Router()
  const [looking, acting] = [board(ctx.queues, basePath, false), board(ctx.queues, basePath, true)]
  router.use(tidyPage, boardActions(ctx), (request: Request, response: Response, next) =>
    (may(principalOf(response), ['upload']) ? acting : looking)(request, response, next),
  )
  return router
}
