/** A sync that is cut off: by a signal, by kill -9, or because the database goes. Nothing is half-remembered, and the next sync completes it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, test } from 'vitest'
import { openSite, until, type Site } from '../support/site.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'

const PATIENTS = 6
const LOST = 'The connection to the database was lost. Check that PostgreSQL runs; the next sync sends what is missing.'
const CUT_OFF = 'The run was cut off before its end. Sync again to send what is missing.'

let site: Site
let proxy: TcpProxy
afterEach(async () => {
  await proxy?.close()
  await site.close()
})

/** A sync with a patient in each request, of a DHIS2 that is slow: stopped in time, it has sent some patients and not others. */
async function inMidSync(): Promise<ReturnType<Site['startSync']>> {
  site = await openSite({ patients: PATIENTS, env: { SYNC_CHUNK_SIZE: '1', SYNC_CONCURRENCY: '1' } })
  const url = new URL(site.db.url)
  proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) })
  url.port = String(proxy.address.port)
  site.sandbox.control.latency = 600
  const going = site.startSync([], { DATABASE_URL: url.href })
  await until(() => site.sandbox.control.importRequests() >= 2)
  return going
}

/** Runs are as old as they are in life, where the next one comes hours later. */
const hoursPass = () =>
  site.db.query(`update sync_run set created_at = created_at - interval '1 hour', alive_at = alive_at - interval '1 hour'`)

const inDhis2 = () => {
  const people = site.sandbox.control.dump().trackedEntities
  return { uics: people.map((p) => p.attributes['TEAUicCode1']).toSorted(), enrollments: people.flatMap((p) => p.enrollments) }
}

async function nextSyncCompletes(): Promise<void> {
  site.sandbox.control.latency = 0
  const ended = await site.sync(['--json'])
  expect(ended.code, ended.err).toBe(0)
  expect(JSON.parse(ended.out)).toMatchObject({ state: 'succeeded', rejected: [] })
  const { uics, enrollments } = inDhis2()
  expect(uics).toEqual(site.clinic.patients.map((p) => p.values['UIC']).toSorted())
  expect(enrollments).toHaveLength(PATIENTS)
  expect(enrollments.map((e) => e.events.length)).toEqual(enrollments.map(() => 2))
  expect(Object.keys(await site.markers())).toEqual(['enrollment', 'event', 'instance'])
  expect((await site.logRows()).at(-1)).toMatchObject({ status: 'success' })
}

describe('the database goes in mid-sync', () => {
  test('and stays away: 1, with what to do; the next sync settles the run and sends the rest', async () => {
    const going = await inMidSync()
    proxy.cut()
    expect(await going.ended).toMatchObject({ code: 1, out: '', err: expect.stringContaining(LOST) as string })
    expect(inDhis2().uics.length).toBeLessThan(PATIENTS)
    expect(await site.markers()).toEqual({})
    await hoursPass()
    await nextSyncCompletes()
    expect(await site.runs()).toEqual([
      { state: 'failed', failure: CUT_OFF },
      { state: 'succeeded', failure: null },
    ])
    expect((await site.logRows())[0]).toEqual({ status: 'failed', status_info: CUT_OFF })
  })

  test('and comes back: the run is settled as failed at once', async () => {
    const going = await inMidSync()
    proxy.cut()
    // many looks at the run, which is looked at four times a second; and it is tried to be settled for longer than that
    await sleep(2000)
    proxy.mend()
    expect(await going.ended).toMatchObject({ code: 1, err: expect.stringContaining(LOST) as string })
    expect(await site.runs()).toEqual([{ state: 'failed', failure: LOST }])
    expect(await site.logRows()).toEqual([{ status: 'failed', status_info: LOST }])
    expect(await site.markers()).toEqual({})
    await nextSyncCompletes()
  })

  test('and when it is back, the run was completed by others: 0, with its report', async () => {
    const going = await inMidSync()
    proxy.cut()
    await sleep(2000)
    await site.db.query(`update sync_run set state = 'succeeded', ended_at = now()`)
    proxy.mend()
    expect(await going.ended).toMatchObject({
      code: 0,
      out: expect.stringContaining('Sync of "HTS Service" succeeded') as string,
    })
    expect(await site.runs()).toEqual([{ state: 'succeeded', failure: null }])
  })

  test('its server ends our sessions: the run is completed, or it failed and says so', async () => {
    const going = await inMidSync()
    await site.db.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
    )
    const { code } = await going.ended
    const [run] = await site.runs()
    expect(run).toEqual(code === 0 ? { state: 'succeeded', failure: null } : { state: 'failed', failure: LOST })
    expect(Object.keys(await site.markers())).toHaveLength(code === 0 ? 3 : 0)
    await nextSyncCompletes()
  })
})

test('kill -9: the next sync settles the run and sends the rest', async () => {
  const going = await inMidSync()
  going.child.kill('SIGKILL')
  await going.ended
  expect(await site.logRows()).toEqual([{ status: 'pending', status_info: '' }])
  await hoursPass()
  await nextSyncCompletes()
  expect(await site.runs()).toEqual([
    { state: 'failed', failure: CUT_OFF },
    { state: 'succeeded', failure: null },
  ])
})

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s: the requests in flight are finished, the rest is left, and the run is cancelled',
  async (signal) => {
    const going = await inMidSync()
    going.child.kill(signal)
    const ended = await going.ended
    expect(ended).toMatchObject({ code: 1, out: expect.stringContaining('Sync of "HTS Service" cancelled') as string })
    expect(await site.runs()).toEqual([{ state: 'cancelled', failure: 'Cancelled' }])
    expect(await site.logRows()).toEqual([{ status: 'failed', status_info: 'Cancelled' }])
    expect(await site.markers()).toEqual({})
    expect(inDhis2().uics.length).toBeLessThan(PATIENTS)
  },
)

test('cancel: from another process, the same; and not twice', async () => {
  const going = await inMidSync()
  // it must not end before other processes have started
  site.sandbox.control.latency = 5000
  const [{ run_id: runId }] = (await site.db.query<{ run_id: string }>('select run_id::text from sync_run')) as [{ run_id: string }]
  expect(await site.run(['cancel', 'nobody'])).toEqual({
    code: 2,
    out: '',
    err: `No sync with the run id nobody is going on. Going on: ${runId} (HTS Service).\n`,
  })
  expect(await site.run(['cancel', runId])).toMatchObject({ code: 0, err: '' })
  expect(await going.ended).toMatchObject({ code: 1, out: expect.stringContaining('Sync of "HTS Service" cancelled') as string })
  expect(await site.runs()).toEqual([{ state: 'cancelled', failure: 'Cancelled' }])
  expect(await site.run(['cancel', runId])).toMatchObject({ code: 2, err: expect.stringContaining('Going on: none') as string })
  await nextSyncCompletes()
})

test('a sync that goes on is not disturbed: a second one of its mapping is refused and names it, however old it is', async () => {
  const going = await inMidSync()
  site.sandbox.control.latency = 5000
  await hoursPass()
  const [{ run_id: runId }] = (await site.db.query<{ run_id: string }>('select run_id::text from sync_run')) as [{ run_id: string }]
  expect(await site.sync()).toEqual({
    code: 1,
    out: '',
    err: `A sync of "HTS Service" is already going on. Wait for its end, or end it with "bahmni-dhis2-sync cancel ${runId}".\n`,
  })
  site.sandbox.control.latency = 0
  expect(await going.ended).toMatchObject({ code: 0 })
  expect(await site.runs()).toEqual([{ state: 'succeeded', failure: null }])
})
