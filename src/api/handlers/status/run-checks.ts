import { runChecks as checkAll } from '../../../checks.ts'
import type { statusOperations } from '../../contract/status.ts'
import type { Handler } from '../../handler.ts'

export const runChecks: Handler<typeof statusOperations.runChecks> = async (_call, ctx) => ({
  status: 200,
  body: { checks: await checkAll(ctx) },
})
