/** The configuration without its secrets, and the checks of all parts. */
import { afterEach, describe, expect, inject, test } from 'vitest'
import { openApi, type Api } from '../support/api.ts'
import { PASSWORD, until } from '../support/site.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'

let api: Api
let proxy: TcpProxy | null = null
afterEach(async () => {
  await api.close()
  await proxy?.close()
  proxy = null
})
const checks = async () => {
  const { status, body } = await api.call('POST', '/checks', { as: ['mapping'] })
  expect(status).toBe(200)
  return Object.fromEntries(body.checks.map((check: { name: string }) => [check.name, check])) as Record<
    string,
    { ok: boolean; text: string; ms: number }
  >
}
const NAMES = [
  'Database',
  'Tables',
  'Disk of the database',
  'Queue',
  'Mart',
  'DHIS2',
  'Account in DHIS2',
  'Mappings and org units',
  'OpenMRS',
]

describe('settings', () => {
  test('all of them, with what they mean; no secret in any place', async () => {
    api = await openApi({
      patients: 0,
      env: { DHIS2_TIMEOUT: '300', SYNC_CHUNK_SIZE: '7', PUBLIC_URL: 'https://admin:hush@example.org/x' },
    })
    const { status, body, text } = await api.call('GET', '/settings', { as: ['mapping'] })
    expect(status).toBe(200)
    const named = Object.fromEntries(body.settings.map((setting: { name: string }) => [setting.name, setting]))
    expect(named['SYNC_CHUNK_SIZE']).toMatchObject({ value: '7', isDefault: false, meaning: expect.stringContaining('patients') as string })
    expect(named['DHIS2_TIMEOUT']).toMatchObject({ value: '300', isDefault: true })
    expect(named['SYNC_CONCURRENCY']).toMatchObject({ value: '', isDefault: true })
    expect(named['DHIS2_TOKEN']).toMatchObject({ value: '', isDefault: true })
    expect(named['DHIS2_PASSWORD'].value).toBe('********')
    expect(named['DATABASE_URL'].value).toBe('********')
    expect(named['PUBLIC_URL'].value).toBe('https://********@example.org/x')
    for (const secret of [PASSWORD, `:${new URL(api.site.db.url).password}@`, 'hush']) expect(text).not.toContain(secret)
    expect(body.versions).toEqual(
      expect.arrayContaining([
        { name: 'bahmni-dhis2-sync', version: expect.stringMatching(/^\d+\.\d+\.\d+/) as string },
        { name: 'PostgreSQL', version: expect.stringMatching(/^\d+/) as string },
        { name: 'DHIS2', version: expect.stringContaining('2.41') as string },
      ]),
    )
  })

  test('are for administrators', async () => {
    api = await openApi({ patients: 0 })
    for (const [method, path] of [['GET', '/settings'] as const, ['POST', '/checks'] as const]) {
      expect((await api.call(method, path, { as: null })).status).toBe(401)
      expect((await api.call(method, path, { as: ['log', 'upload'] })).status).toBe(403)
    }
  })
})

describe('checks', () => {
  test('all is well: each says what it found', async () => {
    api = await openApi({ workers: true })
    await until(async () => (await api.service.queues.countWorkers()) > 0)
    const found = await checks()
    expect(Object.keys(found)).toEqual(NAMES)
    for (const [name, check] of Object.entries(found))
      expect(check, name).toMatchObject({ ok: true, text: expect.stringMatching(/\.$/) as string })
    expect(found['Account in DHIS2']!.text).toMatch(
      /^It may capture data in \d+ org units and those below, and write to all \d tracker programs/,
    )
  })

  test('no patient is named, also when a mapping does not fit', async () => {
    api = await openApi()
    await api.site.db.query(`update mart.hts_instance_table set "OrgUnit" = 'NOWHERE-1'`)
    const found = await checks()
    expect(found['Mappings and org units']).toMatchObject({ ok: false, text: expect.stringContaining('"HTS Service"') as string })
    const text = JSON.stringify(found)
    for (const patient of api.site.clinic.patients)
      for (const value of Object.values(patient.values)) if (value && value.length > 3) expect(text).not.toContain(value)
  })

  test.each([
    ['the account is refused', 'DHIS2', { kind: 'status', status: 401, body: {}, times: 1000 }, /Check DHIS2_USERNAME and DHIS2_PASSWORD/],
    ['DHIS2 never answers', 'DHIS2', { kind: 'timeout', times: 1000 }, /in time/],
    ['DHIS2 hangs up', 'Account in DHIS2', { kind: 'reset', path: 'api/me', times: 1000 }, /breaks the connection/],
  ] as const)('%s: told, and the others are looked at all the same', async (_what, name, fault, sentence) => {
    api = await openApi({ patients: 0 })
    api.site.sandbox.control.inject(fault)
    const found = await checks()
    expect(found[name]).toMatchObject({ ok: false, text: expect.stringMatching(sentence) as string })
    expect(found['Database']!.ok).toBe(true)
    expect(found['Mart']!.ok).toBe(true)
  })

  test('no process works on syncs; a relation is gone; the database is away', async () => {
    const url = new URL(inject('databaseUrl'))
    proxy = await startTcpProxy({ host: url.hostname, port: Number(url.port) })
    api = await openApi({ patients: 0, through: proxy })
    await api.site.db.query('drop view mart.hts_program_events_table')
    const found = await checks()
    expect(found['Queue']).toMatchObject({ ok: false, text: expect.stringContaining('no process works on syncs') as string })
    expect(found['Mart']).toMatchObject({ ok: false, text: expect.stringContaining('hts_program_events_table') as string })
    const { steps, chunks, schedules } = api.service.queues
    await Promise.all([steps, chunks, schedules].map((queue) => queue.waitUntilReady()))
    proxy.cut()
    const away = await checks()
    expect(away['Database']).toMatchObject({ ok: false, text: expect.stringMatching(/database|in time/) as string })
    expect(away['DHIS2']!.ok).toBe(true)
    proxy.mend()
  })
})
