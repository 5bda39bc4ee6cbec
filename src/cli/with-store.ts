import type { Store } from '../../sql/store/store.ts'
import { readConfig } from '../config.ts'
import { openStore } from '../open-store.ts'

export type Env = Readonly<Record<string, string | undefined>>

/** For commands that need the database alone. */
export async function withStore<T>(env: Env, work: (store: Store) => Promise<T>): Promise<T> {
  const store = await openStore(readConfig(env, ['database']))
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}
