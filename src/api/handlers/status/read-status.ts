import type { statusOperations } from '../../contract/status.ts'
import type { Handler } from '../../handler.ts'

export const readStatus: Handler<typeof statusOperations.readStatus> = async (_call, { live }) => ({
  status: 200,
  body: await live.status(),
})
