/** What machines ask: health, readiness, metrics. */
import { afterEach, describe, expect, inject, test } from 'vitest'
import { readConfig } from '../../src/config.ts'
import { createLog } from '../../src/log.ts'
import { openService } from '../../src/service.ts'
import { openApi, type Api } from '../support/api.ts'
import { REDIS_IS_HERE, startRedis } from '../support/redis.ts'
import { MAPPING, until } from '../support/site.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'

let api: Api
let proxy: TcpProxy | null = null
afterEach(async () => {
  await api.close()
  await proxy?.close()
  proxy = null
})

const ready = async () => {
  const { status, body } = await api.call('GET', '/readyz', { as: null })
  return { status, said: body.status as string, parts: Object.fromEntries(body.parts.map((part: { name: string }) => [part.name, part])) }
}

test('healthz and readyz are for anyone, and kept by nobody', async () => {
  api = await openApi({ patients: 0 })
  const health = await api.call('GET', '/healthz', { as: null })
  expect(health).toMatchObject({ status: 200, body: { status: 'ok' } })
  expect(health.headers.get('cache-control')).toBe('no-store')
  const { status, said, parts } = await ready()
  expect({ status, said }).toEqual({ status: 200, said: 'ready' })
  expect(Object.keys(parts)).toEqual(['database', 'migrations', 'queue', 'dhis2'])
  for (const part of Object.values(parts)) expect(part).toMatchObject({ ok: true, text: expect.stringMatching(/\.$/) as string })
})

test('without DHIS2 the process is ready, and says that DHIS2 is away', async () => {
  api = await openApi({ patients: 0 })
  api.site.sandbox.control.inject({ kind: 'reset', times: 1000 })
  const { status, parts } = await ready()
  expect(status).toBe(200)
  expect(parts['dhis2']).toMatchObject({ ok: false, required: false, text: expect.stringContaining('DHIS2') as string })
})

test('a DHIS2 that never answers keeps nobody waiting', async () => {
  api = await openApi({ patients: 0 })
  api.site.sandbox.control.inject({ kind: 'timeout', times: 1000 })
  const { status, parts } = await ready()
  expect({ status, text: parts['dhis2'].text }).toEqual({ status: 200, text: expect.stringContaining('in time') as string })
})

test('without its database it is not ready, and it is again when that is back', async () => {
  const url = new URL(inject('databaseUrl'))
  proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) })
  api = await openApi({ patients: 0, through: proxy })
  expect((await ready()).status).toBe(200)
  const { steps, chunks, schedules } = api.service.queues
  await Promise.all([steps, chunks, schedules].map((queue) => queue.waitUntilReady()))
  proxy.cut()
  await until(async () => (await ready()).status === 503)
  const { said, parts } = await ready()
  expect(said).toBe('not ready')
  expect(parts['database']).toMatchObject({ ok: false, text: expect.stringMatching(/database|in time/) as string })
  expect((await api.call('GET', '/healthz', { as: null })).status).toBe(200)
  proxy.mend()
  await until(async () => (await ready()).status === 200)
})

test.each([
  [
    'lacks a migration',
    `delete from sync_migration where name = '0004-schedules'`,
    /lacks 0004-schedules\. Run "bahmni-dhis2-sync migrate"/,
  ],
  ['is newer', `insert into sync_migration (name, run_on) values ('9999-later', now())`, /newer than this program: it has 9999-later/],
])('a database that %s: not ready', async (_what, change, sentence) => {
  api = await openApi({ patients: 0 })
  await api.site.db.query(change)
  expect(await ready()).toMatchObject({
    status: 503,
    parts: { migrations: { ok: false, text: expect.stringMatching(sentence) as string } },
  })
})

test.skipIf(!REDIS_IS_HERE)('without its Redis it is not ready, and says so at once', async () => {
  const redis = await startRedis()
  proxy = await startTcpProxy(redis)
  try {
    api = await openApi({ patients: 0, env: { REDIS_URL: `redis://127.0.0.1:${proxy.address.port}` } })
    expect((await ready()).parts['queue'].text).toBe('The queue in Redis answers.')
    proxy.cut()
    await until(async () => (await ready()).status === 503)
    expect((await ready()).parts['queue']).toMatchObject({ ok: false, required: true })
    proxy.mend()
    await until(async () => (await ready()).status === 200)
  } finally {
    await api.close()
    await redis.stop()
    // for afterEach
    api = { close: () => Promise.resolve() } as Api
  }
})

describe('metrics', () => {
  const request = {
    mappingName: MAPPING.name,
    requestedBy: 'nurse',
    comment: 'nightly',
    dryRun: false,
    from: null,
    to: null,
    resync: false,
  }

  test('need the right to see the log', async () => {
    api = await openApi({ patients: 0 })
    expect((await api.call('GET', '/metrics', { as: null })).status).toBe(401)
    expect((await api.call('GET', '/metrics', { as: ['upload', 'mapping'] })).status).toBe(403)
    const { status, headers } = await api.call('GET', '/metrics', { as: ['log'] })
    expect(status).toBe(200)
    expect(headers.get('content-type')).toMatch(/^text\/plain; version=/)
  })

  test('counts are right and the same in every process, and nothing in them is of a patient', async () => {
    api = await openApi({ patients: 3, workers: true })
    const { USER: _, ...env } = api.site.env
    const other = await openService(readConfig(env, ['database', 'dhis2']), createLog('silent'))
    try {
      await api.service.queues.enqueue(request)
      await until(async () => (await api.service.store.listActiveRuns()).length === 0)
      const { text } = await api.call('GET', '/metrics', { as: ['log'] })
      const counts = (metrics: string) => metrics.split('\n').filter((line) => /^bahmni_dhis2_(syncs|records|open|last|queue)/.test(line))
      expect(counts(text)).toEqual(
        expect.arrayContaining([
          'bahmni_dhis2_syncs{mapping="HTS Service",state="succeeded"} 1',
          'bahmni_dhis2_records{mapping="HTS Service",kind="trackedEntity",outcome="created"} 3',
          'bahmni_dhis2_records{mapping="HTS Service",kind="event",outcome="created"} 6',
          expect.stringMatching(/^bahmni_dhis2_last_step_seconds\{mapping="HTS Service",step="snapshot"\} /) as string,
          expect.stringMatching(/^bahmni_dhis2_last_success_timestamp_seconds\{mapping="HTS Service"\} 1\d{9}/) as string,
        ]),
      )
      // this process sent them, with endpoints that name no object
      expect(text).toMatch(/^bahmni_dhis2_dhis2_request_seconds_count\{method="POST",endpoint="tracker",status="200"\} [1-9]/m)
      // the run has ended, its last job a moment later
      await expect
        .poll(async () => {
          const [ours, others] = [(await api.call('GET', '/metrics', { as: ['log'] })).text, await other.metrics.read()]
          return [counts(others), counts(ours)].map((lines) => lines.join('\n'))
        })
        .toSatisfy(([others, ours]: [string, string]) => others === ours)
      for (const patient of api.site.clinic.patients)
        for (const value of Object.values(patient.values)) if (value && value.length > 3) expect(text).not.toContain(value)
    } finally {
      await other.close()
    }
  })

  test('rejected records that wait for somebody, and since when', async () => {
    api = await openApi({ patients: 0 })
    await api.site.db.query(`
      insert into sync_rejected (mapping_name, kind, record_key, patient_id, relation, code, rejection, cause, hash, run_id, first_at)
      select 'HTS Service', 'event', n::text, 'P-' || n, 'r', 'gone', '{}', 'c', 'h', '00000000-0000-4000-8000-000000000000', to_timestamp(1000 * n)
      from generate_series(1, 3) as n`)
    const { text } = await api.call('GET', '/metrics', { as: ['log'] })
    expect(text).toMatch('bahmni_dhis2_open_rejected_records{mapping="HTS Service"} 3')
    expect(text).toMatch('bahmni_dhis2_oldest_open_rejected_timestamp_seconds{mapping="HTS Service"} 1000')
  })
})
