/** What a test did to the program, for the table of docs/08-promises.md: the reporter adds it up. */
import type { TestContext } from 'vitest'

export interface Figures {
  /** syncs, and what else was started to work on them */
  syncs: number
  /** requests to DHIS2 that were answered wrongly, late or not at all */
  disturbed: number
  /** processes ended by kill -9 */
  killed: number
  /** PostgreSQL or Redis stopped or cut off, and back */
  servers: number
}

declare module 'vitest' {
  interface TaskMeta {
    figures?: Figures
  }
}

/** The test's own, to be counted up. */
export function figuresOf({ task }: Pick<TestContext, 'task'>): Figures {
  return (task.meta.figures ??= { syncs: 0, disturbed: 0, killed: 0, servers: 0 })
}
