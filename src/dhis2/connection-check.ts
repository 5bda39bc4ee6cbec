/** Does DHIS2 answer, and which one is it? Asked at most twice a minute, however many ask. */
import { RunFailure } from '../errors.ts'
import type { Dhis2Client } from './client.ts'

export interface Dhis2State {
  answers: boolean
  /** why not, in a sentence */
  problem: string | null
  version: string | null
  api: Dhis2Client['api'] | null
  account: string | null
  checkedAt: Date
}

const KEPT_MS = 30_000

/** @returns what never throws */
export function openConnectionCheck(connect: () => Promise<Dhis2Client>, now: () => number = Date.now): () => Promise<Dhis2State> {
  let last: { at: number; state: Promise<Dhis2State> } | null = null
  return () => {
    if (last === null || now() - last.at >= KEPT_MS) last = { at: now(), state: check(connect, new Date(now())) }
    return last.state
  }
}

async function check(connect: () => Promise<Dhis2Client>, checkedAt: Date): Promise<Dhis2State> {
  try {
    const client = await connect()
    const { version, account } = await client.readAccount()
    return { answers: true, problem: null, version, api: client.api, account, checkedAt }
  } catch (error) {
    // all that is thrown of DHIS2 is written for users
    const problem = error instanceof RunFailure ? error.message : 'DHIS2 answers something that this program does not understand.'
    return { answers: false, problem, version: null, api: null, account: null, checkedAt }
  }
}
