/** Bull Board behind the same session and rights. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openApi, USER, type Api } from '../support/api.ts'
import { MAPPING, until } from '../support/site.ts'

let api: Api
let failed: string
beforeAll(async () => {
  api = await openApi({ patients: 2, workers: true, env: { SYNC_CHUNK_SIZE: '1' } })
  api.site.sandbox.control.inject({ kind: 'status', status: 401, body: {}, method: 'POST', path: 'api/tracker', times: 1000 })
  const request = {
    mappingName: MAPPING.name,
    requestedBy: 'nurse',
    comment: 'nightly',
    dryRun: false,
    from: null,
    to: null,
    resync: false,
  }
  failed = (await api.service.queues.enqueue(request)).runId
  await noneGoesOn()
  api.site.sandbox.control.clearFaults()
})
afterAll(() => api.close())

const noneGoesOn = () => until(async () => (await api.service.store.listActiveRuns()).length === 0)
const queues = async (as: ('log' | 'upload')[], query = '') => (await api.call('GET', `/queues/api/queues${query}`, { as })).body.queues

test('nobody who is not signed in, and nobody without one of the rights, sees a job', async () => {
  for (const path of ['/queues', '/queues/api/queues', '/queues/static/favicon.ico', `/queues/api/queues/sync-steps/${failed}-finish`]) {
    expect((await api.call('GET', path, { as: null })).status).toBe(401)
    expect((await api.call('GET', path, { as: ['mapping'] })).status).toBe(403)
  }
})

test('the page needs nothing of the Internet', async () => {
  const { status, text, headers } = await api.call('GET', '/queues/', { as: ['log'] })
  expect(status).toBe(200)
  expect(text).not.toMatch(/https?:\/\//)
  expect(headers.get('content-security-policy')).toMatch(/default-src 'self'/)
})

test('behind a proxy its parts are found where users have them', async () => {
  const behind = await openApi({ patients: 0, env: { PUBLIC_URL: 'https://bahmni.example.org/dhis2-sync' } })
  try {
    expect((await behind.call('GET', '/queues/', { as: ['log'] })).text).toMatch('<base href="/dhis2-sync/queues/" />')
  } finally {
    await behind.close()
  }
})

test('queues and jobs in words, failures with their sentence, the flow as a tree', async () => {
  const [steps, chunks, schedules] = await queues(['log'], '?activeQueue=sync-steps&status=failed')
  expect([steps, chunks, schedules].map((queue) => queue.displayName)).toEqual(['Syncs, step by step', 'Chunks of patients', 'Schedules'])
  expect(steps.jobs.map((job: { name: string }) => job.name)).toContain('HTS Service · 2/7 patients')
  for (const job of steps.jobs) expect(job.failedReason).toMatch(/Check DHIS2_USERNAME/)
  const { flowRoot } = (
    await api.call('GET', `/queues/api/queues/sync-steps/${failed}-finish/flow?depth=9&maxChildren=20`, { as: ['log'] })
  ).body
  expect(flowRoot.children[0].name).toBe('HTS Service · 7/7 updated active enrollments')
})

test('without the right to sync it shows no button, and does nothing', async () => {
  for (const queue of await queues(['log'])) expect(queue).toMatchObject({ readOnlyMode: true, allowRetries: false })
  for (const path of [`sync-steps/${failed}-finish/retry`, 'sync-steps/pause', 'pause', `sync-steps/${failed}-finish/clean`])
    expect(await api.call('PUT', `/queues/api/queues/${path}`, { as: ['log'] })).toMatchObject({
      status: 403,
      body: { message: expect.stringContaining('app:dhis2sync:upload') as string },
    })
  expect(await api.service.queues.steps.isPaused()).toBe(false)
})

test('a request of another web site is refused', async () => {
  const foreign = await api.call('PUT', '/queues/api/queues/sync-steps/pause', { headers: { origin: 'https://evil.example' } })
  expect(foreign).toMatchObject({ status: 403, body: { code: 'foreign-origin' } })
  expect(await api.service.queues.steps.isPaused()).toBe(false)
})

test.each([
  ['PUT', 'sync-steps/retry/failed'],
  ['PUT', 'sync-steps/empty'],
  ['PUT', 'sync-steps/obliterate'],
  ['PUT', 'sync-steps/clean/failed'],
  ['PUT', 'sync-steps/promote'],
  ['PUT', 'sync-steps/concurrency'],
  ['PUT', 'sync-steps/JOB/clean'],
  ['PUT', 'sync-steps/JOB/promote'],
  ['PATCH', 'sync-steps/JOB/update-data'],
  ['PATCH', 'sync-steps/JOB/delay'],
  ['POST', 'sync-steps/add'],
  ['PUT', 'sync-schedules/job-schedulers/schedule-1/remove'],
  ['PATCH', 'sync-schedules/job-schedulers/schedule-1'],
  ['DELETE', 'sync-steps/JOB'],
])('%s %s: what would leave a sync in a state that nobody recorded is forbidden', async (method, path) => {
  const before = await api.service.queues.steps.getJobCounts()
  const refused = await api.call(method, `/queues/api/queues/${path.replace('JOB', `${failed}-finish`)}`, { body: {} })
  expect(refused).toMatchObject({ status: 405, body: { message: expect.stringContaining('Retry a failed step') as string } })
  expect(await api.service.queues.steps.getJobCounts()).toEqual(before)
})

test('pause and resume, and who did it', async () => {
  expect((await api.call('PUT', '/queues/api/queues/sync-steps/pause')).status).toBeLessThan(300)
  expect(await api.service.queues.steps.isPaused()).toBe(true)
  expect((await api.call('PUT', '/queues/api/queues/sync-steps/resume')).status).toBeLessThan(300)
  expect(await api.service.queues.steps.isPaused()).toBe(false)
  const messages = (await api.service.store.listAudit({}, 10)).map(({ type, message }) => `${type} ${message}`)
  expect(messages).toEqual(
    expect.arrayContaining([
      `PAUSE_QUEUE User ${USER} paused the queue sync-steps`,
      `RESUME_QUEUE User ${USER} resumed the queue sync-steps`,
    ]),
  )
})

test('only a failed job of a sync is retried', async () => {
  const [completed] = await api.service.queues.steps.getJobs(['completed'])
  const retry = (path: string) => api.call('PUT', `/queues/api/queues/${path}/retry`)
  expect(await retry(`sync-steps/${completed!.id}`)).toMatchObject({ status: 409 })
  expect(await retry('sync-steps/nothing')).toMatchObject({ status: 404 })
  expect(await retry('nowhere/nothing')).toMatchObject({ status: 404 })
  expect(await retry(`sync-schedules/${failed}-finish`)).toMatchObject({ status: 404 })
})

test.each(['patients', 'finish', 'patients-0'])(
  'retry of the failed %s: a sync that ends well, said in the job and in the audit',
  async (job) => {
    const queue = job.endsWith('0') ? 'sync-chunks' : 'sync-steps'
    const answer = await api.call('PUT', `/queues/api/queues/${queue}/${failed}-${job}/retry`)
    expect(answer.status, answer.text).toBe(204)
    // a second click, while it goes on
    const twice = await api.call('PUT', `/queues/api/queues/${queue}/${failed}-${job}/retry`)
    expect([204, 409]).toContain(twice.status)
    await noneGoesOn()
    const runs = await api.site.db.query<{ run_id: string; state: string; requested_by: string }>(
      'select run_id::text, state, requested_by from sync_run order by created_at',
    )
    expect(runs.at(-1)).toMatchObject({ state: 'succeeded', requested_by: USER })
    expect(runs[0]).toMatchObject({ run_id: failed, state: 'failed' })
    const { logs } = await api.service.queues[queue === 'sync-steps' ? 'steps' : 'chunks'].getJobLogs(`${failed}-${job}`)
    expect(logs.join('\n')).toMatch(new RegExp(`Retried by ${USER}: sync [0-9a-f-]{36} was started`))
    const [entry] = await api.service.store.listAudit({ type: 'RETRY_SYNC' }, 1)
    expect(entry).toMatchObject({ user: USER })
  },
)
