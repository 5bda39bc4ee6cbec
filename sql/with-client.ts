/** One connection for one piece of work, ended with it. */
import pg from 'pg'

/** @param at a URL, or more than it */
export async function withClient<T>(at: string | pg.ClientConfig, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(at)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
