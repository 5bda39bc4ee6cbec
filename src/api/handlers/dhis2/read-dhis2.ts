import type { dhis2Operations } from '../../contract/dhis2.ts'
import type { Handler } from '../../handler.ts'

export const readDhis2: Handler<typeof dhis2Operations.readDhis2> = async (_call, { checkDhis2, config }) => {
  const { checkedAt, ...state } = await checkDhis2()
  // without a password that somebody may have put there
  const { origin, pathname } = new URL(config.dhis2Url!)
  return { status: 200, body: { url: origin + pathname, ...state, checkedAt: checkedAt.toISOString() } }
}
