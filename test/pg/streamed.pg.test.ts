/** Rows as fast as they are taken: whoever takes no more keeps no connection. */
import { sql, type DatabasePool } from 'slonik'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { streamed } from '../../sql/mart/streamed.ts'
import { openPool } from '../../sql/pool.ts'
import { createTestDatabase, type TestDatabase } from '../support/postgres.ts'

let db: TestDatabase
let pool: DatabasePool
beforeAll(async () => {
  db = await createTestDatabase()
  // one connection: if it is not given back, the next query waits for ever
  pool = await openPool({ databaseUrl: db.url, storeSchema: 'public', timeZone: 'UTC', size: 1 })
})
afterAll(async () => {
  await pool.end()
  await db.drop()
})

const MANY = sql.fragment`select n from generate_series(1, 10000) as n`
const row = z.object({ n: z.int() })
const rest = async (rows: AsyncIterable<unknown>) => {
  for await (const _ of rows);
}
const isFree = () => pool.oneFirst(sql.type(z.object({ one: z.int() }))`select 1 as one`)

describe('a query’s rows', () => {
  test('all of them, in order', async () => {
    let sum = 0
    for await (const { n } of streamed(pool, MANY, row)) expect(n).toBe(++sum)
    expect(sum).toBe(10_000)
  })
  test('whoever stops early gives the connection back', async () => {
    for await (const { n } of streamed(pool, MANY, row)) if (n === 300) break
    expect(await isFree()).toBe(1)
  })
  test('whoever takes no more gives it back, too, and is told when it asks for more', async () => {
    const rows = streamed(pool, MANY, row, 200)
    expect(await rows.next()).toMatchObject({ value: { n: 1 } })
    // nobody asks for the second row
    expect(await isFree()).toBe(1)
    await expect(rest(rows)).rejects.toThrow(/took no row for/)
  })
  test('what the database refuses is said', async () => {
    const broken = sql.fragment`select 1 / (n - 500) as n from generate_series(1, 1000) as n`
    await expect(rest(streamed(pool, broken, row))).rejects.toThrow(/division by zero/)
    expect(await isFree()).toBe(1)
  })
})
