import pg from 'pg'
import { withClient } from '../with-client.ts'

/** A database of this name on the server, emptied when `fresh`. @returns its URL */
export async function demoDatabase(serverUrl: string, name: string, fresh: boolean): Promise<string> {
  await withClient(serverUrl, async (client) => {
    const identifier = pg.escapeIdentifier(name)
    if (fresh) await client.query(`drop database if exists ${identifier} with (force)`)
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name])
    if (rowCount === 0) await client.query(`create database ${identifier}`)
  })
  const url = new URL(serverUrl)
  url.pathname = `/${encodeURIComponent(name)}`
  return url.href
}
