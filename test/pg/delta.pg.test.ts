/** Random dates, arriving in any order over several runs: every row is delivered exactly once, and those too late for the overlap by a re-sync. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createMart } from '../../sql/demo/mart.ts'
import { openPool } from '../../sql/pool.ts'
import { openChunkLocks } from '../../sql/store/chunk-locks.ts'
import { createStore } from '../../sql/store/postgres.ts'
import type { Store } from '../../sql/store/store.ts'
import { Clinic, mappingOf } from '../support/clinic-model.ts'
import { createMigratedDatabase, type TestDatabase } from '../support/postgres.ts'

const OVERLAP_DAYS = 3
const DAY = 86_400_000

let db: TestDatabase
let store: Store
beforeAll(async () => {
  db = await createMigratedDatabase()
  const pool = await openPool({ databaseUrl: db.url, storeSchema: 'public', timeZone: 'Africa/Harare', size: 4 })
  store = createStore(pool, openChunkLocks(db.url, 'public', 2), {
    martSchema: 'mart',
    storeSchema: 'public',
    overlapDays: OVERLAP_DAYS,
  })
})
afterAll(async () => {
  await store.close()
  await db.drop()
})

/** A run in which DHIS2 accepts everything. @returns who was sent */
async function deliver(mappingName: string, resync = false): Promise<string[]> {
  const request = { mappingName, requestedBy: 'clerk', comment: 'a test', dryRun: false, from: null, to: null, resync }
  const run = await store.createRun(request)
  await store.startRun(run.runId)
  await store.takeSnapshot(run)
  const rows = await db.query<{ row_id: string; patient_id: string }>(
    `select row_id::text, patient_id from sync_snapshot_row where run_id = $1 and state = 'pending'`,
    [run.runId],
  )
  await store.recordOutcomes(
    run.runId,
    'patients',
    rows.map(({ row_id, patient_id }) => ({
      rowId: row_id,
      state: 'created',
      uid: `uid ${patient_id}`,
      trackedEntity: `uid ${patient_id}`,
      status: null,
      adopted: false,
      sent: [],
      rejection: null,
      warnings: [],
    })),
  )
  await store.finishRun(run.runId, { state: 'succeeded', failure: null, statusInfo: '', moveMarkers: true })
  return rows.map((row) => row.patient_id).toSorted()
}

/** What is no date to go by: such rows are in every snapshot. */
const ODD = [null, '0001-01-01', '1899-12-31 23:59:59', '2999-01-01', 'infinity', '-infinity', '4714-11-24 BC']
const SECOND = fc.integer({ min: 0, max: 12 * 4 }).map((sixHours) => Date.UTC(2024, 2, 1) + (sixHours * DAY) / 4)
const text = (time: number) => new Date(time).toISOString().slice(0, 19).replace('T', ' ')

let services = 0
test('every row once', async () => {
  const rows = fc.array(fc.record({ at: fc.oneof(SECOND, fc.constantFrom(...ODD)), round: fc.integer({ min: 0, max: 3 }) }), {
    minLength: 1,
    maxLength: 12,
  })
  await fc.assert(
    fc.asyncProperty(rows, async (arriving) => {
      const service = `d${++services}`
      const mapping = mappingOf(service)
      await store.saveMappings([mapping], 'admin')
      const clinic = new Clinic(service)
      const delivered = new Set<string>()
      let marker = -Infinity
      for (const round of [0, 1, 2, 3]) {
        const expected: string[] = []
        for (const [i, { at }] of arriving.entries()) {
          const id = String(i).padStart(2, '0')
          if (arriving[i]!.round === round) clinic.patient(id, { dateCreated: typeof at === 'number' ? text(at) : at })
          const late = typeof at === 'number' && at < marker - OVERLAP_DAYS * DAY
          if (arriving[i]!.round <= round && !late && !delivered.has(id)) expected.push(id)
        }
        await createMart(db.url, 'mart', [clinic.service(service)])
        expect(await deliver(mapping.name), `run ${round}`).toEqual(expected.map((id) => `${service}-${id}`))
        for (const id of expected) delivered.add(id)
        // rows beyond the overlap do not move the marker: it is behind them already
        for (const { at, round: when } of arriving) if (when <= round && typeof at === 'number') marker = Math.max(marker, at)
      }
      const late = arriving.flatMap((_, i) =>
        delivered.has(String(i).padStart(2, '0')) ? [] : [`${service}-${String(i).padStart(2, '0')}`],
      )
      expect((await deliver(mapping.name, true)).filter((id) => late.includes(id))).toEqual(late)
      expect(await deliver(mapping.name)).toEqual([])
    }),
    { numRuns: 40 },
  )
})
