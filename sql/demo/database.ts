import pg from 'pg'

/** A database of this name on the server, emptied when `fresh`. @returns its URL */
export async function demoDatabase(serverUrl: string, name: string, fresh: boolean): Promise<string> {
  const client = new pg.Client({ connectionString: serverUrl })
  await client.connect()
  try {
    const identifier = pg.escapeIdentifier(name)
    if (fresh) await client.query(`drop database if exists ${identifier} with (force)`)
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name])
    if (rowCount === 0) await client.query(`create database ${identifier}`)
  } finally {
    await client.end()
  }
  const url = new URL(serverUrl)
  url.pathname = `/${encodeURIComponent(name)}`
  return url.href
}
