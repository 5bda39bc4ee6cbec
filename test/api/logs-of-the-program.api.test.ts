/** What the program's log tells: each sync, step, chunk and request, and nothing of a patient. */
import { Writable } from 'node:stream'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openApi, type Api } from '../support/api.ts'
import { MAPPING, until } from '../support/site.ts'

type Line = Record<string, unknown> & { msg: string; level: number }
const [DEBUG, INFO, WARN] = [20, 30, 40]

const text: string[] = []
const sink = new Writable({
  write(chunk: Buffer, _encoding, done) {
    text.push(chunk.toString())
    done()
  },
})
const lines = () =>
  text
    .join('')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line)
const told = (msg: string) => lines().filter((line) => line.msg === msg)

let api: Api
beforeAll(async () => {
  api = await openApi({ patients: 2, workers: true, env: { SYNC_CHUNK_SIZE: '1' }, log: pino({ level: 'debug', base: null }, sink) })
})
afterAll(() => api.close())

const sync = async () => {
  const { body } = await api.call('POST', '/syncs', { body: { mapping: MAPPING.name, comment: 'nightly' } })
  await until(() => told('sync ends').some((line) => line['runId'] === body.id))
  return body.id as string
}

test('a sync from its begin to its end, with its steps and chunks', async () => {
  const runId = await sync()
  expect(told('sync begins')).toMatchObject([{ level: INFO, runId, mapping: MAPPING.name, user: 'clerk' }])
  expect(told('sync ends')).toMatchObject([{ level: INFO, runId, mapping: MAPPING.name, state: 'succeeded', counts: { created: 8 } }])
  const steps = ['snapshot', 'patients', 'enrollments', 'new-completed', 'updated-completed', 'new-active', 'updated-active', 'finish']
  expect(told('step begins').map((line) => line['step'])).toEqual(steps)
  await until(() => told('step ends').length === steps.length)
  for (const line of [...told('step begins'), ...told('step ends')])
    expect(line).toMatchObject({ level: INFO, runId, mapping: MAPPING.name })
  expect(
    told('chunk done')
      .filter((line) => line['step'] === 'patients')
      .map((line) => line['chunk']),
  ).toEqual(expect.arrayContaining([0, 1]))
  for (const line of told('chunk done')) expect(line).toMatchObject({ level: DEBUG, runId, ms: expect.any(Number) as number })
})

test('a failure with its reason', async () => {
  await api.site.db.query(`update mart.hts_instance_table set "First Name" = 'Zanele-2', date_created = now()`)
  api.site.sandbox.control.inject({ kind: 'status', status: 401, body: {}, method: 'POST', path: 'api/tracker', times: 1000 })
  const runId = await sync()
  api.site.sandbox.control.clearFaults()
  const reason = expect.stringContaining('Check DHIS2_USERNAME') as string
  expect(told('sync ends').at(-1)).toMatchObject({ level: WARN, runId, state: 'failed', failure: reason })
  expect(told('step failed')).toEqual(expect.arrayContaining([expect.objectContaining({ level: WARN, runId, step: 'patients', reason })]))
  expect(told('a chunk failed')[0]).toMatchObject({ level: WARN, runId, step: 'patients', reason })
})

test('a request with its id, status and time, by its pattern', async () => {
  await api.call('GET', '/schedules?x=SECRET-1', { headers: { 'x-request-id': 'mine-7' } })
  await api.call('DELETE', '/schedules/PATIENT-NAME', { headers: { 'x-request-id': 'mine-8' } })
  await until(() => told('request').some((line) => line['requestId'] === 'mine-8'))
  await api.call('GET', '/api/PATIENT-NAME', { headers: { 'x-request-id': 'mine-9' } })
  await until(() => told('request').some((line) => line['requestId'] === 'mine-9'))
  const of = (id: string) => told('request').find((line) => line['requestId'] === id)
  expect(of('mine-7')).toMatchObject({
    level: DEBUG,
    method: 'GET',
    path: '/api/v1/schedules',
    status: 400,
    ms: expect.any(Number) as number,
  })
  expect(of('mine-8')).toMatchObject({ method: 'DELETE', path: '/api/v1/schedules/:mapping', status: 404 })
  expect(of('mine-9')).toMatchObject({ path: '/api', status: 404 })
  expect(text.join('')).not.toMatch(/SECRET-1|PATIENT-NAME/)
})

test('no patient in any line, at any level', () => {
  const all = text.join('')
  expect(lines().length).toBeGreaterThan(50)
  for (const patient of api.site.clinic.patients)
    for (const value of Object.values(patient.values)) if (value && value.length > 3) expect(all).not.toContain(value)
  expect(all).not.toContain('Zanele')
})
