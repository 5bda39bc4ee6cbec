/** Requests that met an ended session wait here until somebody has signed in again. */
export interface SessionGate {
  lost: () => Promise<void>
  /** @returns whether requests are waiting */
  waiting: () => boolean
  subscribe: (changed: () => void) => () => void
  open: () => void
}

export function sessionGate(): SessionGate {
  let waiters: (() => void)[] = []
  const listeners = new Set<() => void>()
  const tell = () => {
    for (const listener of listeners) listener()
  }
  return {
    lost: () =>
      new Promise((done) => {
        waiters.push(done)
        tell()
      }),
    waiting: () => waiters.length > 0,
    subscribe(changed) {
      listeners.add(changed)
      return () => void listeners.delete(changed)
    },
    open() {
      const ready = waiters
      waiters = []
      tell()
      for (const done of ready) done()
    },
  }
}
