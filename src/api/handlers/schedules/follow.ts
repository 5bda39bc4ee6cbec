import type { ApiContext } from '../../handler.ts'
import { within } from '../../../within.ts'

/** A queue that is away must not keep the user waiting: the workers bring it to what the table says, within a minute of its return. */
const WAIT_MS = 3000

export async function followed({ log }: Pick<ApiContext, 'log'>, mapping: string, work: Promise<unknown>): Promise<void> {
  await within(WAIT_MS, work).catch(() => log.warn({ mapping }, 'the queue does not follow the schedule yet'))
}
