/** Journeys on the whole program: what is shown is what is in PostgreSQL, and what is sent is in DHIS2. */
import { readFile } from 'node:fs/promises'
import { createServer, request as ask } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { expectAccessible } from './support/browser.ts'
import { openRealSite, type RealSite } from './support/real-site.ts'

let real: RealSite
beforeAll(async () => {
  real = await openRealSite({
    env: { DHIS2_RETRY_SECONDS: '40' },
    prepare: ({ clinic }) => {
      // one whom DHIS2 will not have
      const wrong = clinic.healthy('99')
      wrong.orgUnit = 'NOWHERE'
    },
  })
})
afterEach(() => real.site.sandbox.control.clearFaults())
afterAll(() => real.close())

const SYNC = 'Sync to DHIS HTS Service'
const away = () => real.site.sandbox.control.inject({ kind: 'status', status: 503, times: 100_000 })

test('a clerk signs in, syncs, follows the steps to the end, and reads the log', async () => {
  const { page, complaints } = await real.open()
  await page.goto(`${real.url}/sync`)
  await page.getByLabel('User name').fill('superman')
  await page.getByLabel('Password', { exact: true }).fill(real.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  const row = page.getByRole('row', { name: /^HTS Service/ })
  await row.getByLabel('Comments for HTS Service').fill('Validated on Friday')
  await row.getByRole('button', { name: SYNC }).click()
  await page.getByText('Sync started for HTS Service').waitFor()
  await row.getByRole('link', { name: /Details|Failed|Succeeded/ }).click()
  await page.getByRole('heading', { name: 'Sync of HTS Service' }).waitFor()
  await page.getByText('Ended', { exact: true }).waitFor({ timeout: 60_000 })
  const patients = page.getByRole('table', { name: 'Records' }).getByRole('row', { name: /^Patients/ })
  expect((await patients.getByRole('cell').allInnerTexts()).slice(1, 5)).toEqual(['12', '0', '0', '1'])
  await page.getByText('Log of the sync').click()
  await page.locator('.log-lines li').first().waitFor()
  await expectAccessible(page)
  await page.getByRole('link', { name: 'Logs' }).click()
  const entry = page.getByRole('row', { name: /^HTS Service/ })
  await entry.getByText('superman').waitFor()
  await entry.getByText('Validated on Friday').waitFor()
  expect(real.site.sandbox.control.dump().trackedEntities).toHaveLength(12)
  expect(complaints).toEqual([])
})

test('the preview: what a sync would do with each row, and what DHIS2 would refuse; a file of it; one patient beside what DHIS2 has', async () => {
  const { page, complaints } = await real.openSignedIn('/preview/HTS%20Service')
  await page.getByText('Generated on').waitFor()
  await page.getByLabel('What will happen').selectOption('rejected')
  await page.getByRole('cell', { name: 'NOWHERE' }).first().waitFor()
  await page.getByLabel('What will happen').selectOption('')
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download' }).click()])
  const lines = (await readFile(await file.path(), 'utf8')).trim().split('\n')
  expect(lines.filter((line) => /C-99/.test(line) && /NOWHERE/.test(line)).length).toBeGreaterThan(0)
  await page.getByLabel('Patient', { exact: true }).fill('C-1')
  await page.getByRole('button', { name: 'What DHIS2 gets of patient C-1', exact: true }).first().click()
  const dialog = page.getByRole('dialog', { name: 'Patient C-1' })
  // the first sync stopped after the patients
  await dialog.getByText('DHIS2 does not have it yet.').first().waitFor()
  await dialog.getByRole('row', { name: /First name/ }).waitFor()
  await expectAccessible(page)
  expect(complaints).toEqual([])
})

test('rejected records: grouped by cause, dismissed and reopened, retried after they were mended in Bahmni', async () => {
  const { page, complaints } = await real.openSignedIn('/rejected')
  const group = page.getByRole('article', { name: 'DHIS2 has no org unit with this code' })
  await group.getByText('1 record', { exact: true }).waitFor()
  await group.getByRole('button', { name: 'Show the records' }).click()
  await group.getByText('C-99').first().waitFor()
  await expectAccessible(page)
  await group
    .getByRole('button', { name: /^Dismiss/ })
    .first()
    .click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Why').fill('A test patient')
  await dialog.getByRole('button', { name: 'Dismiss' }).click()
  await group.waitFor({ state: 'detached' })
  await page.getByLabel('State').selectOption('dismissed')
  await page
    .getByRole('button', { name: /^Reopen/ })
    .first()
    .click()
  await page.getByText('1 record reopened').waitFor()
  await page.getByLabel('State').selectOption('open')
  await group.waitFor()
  const rows = await real.site.db.query<{ state: string }>('select state from sync_rejected')
  expect(rows).toEqual([{ state: 'open' }])

  real.site.clinic.patients.find(({ patientId }) => patientId === 'C-99')!.orgUnit = 'C-01'
  await real.site.mart()
  await group
    .getByRole('button', { name: /^Retry/ })
    .first()
    .click()
  await page.getByRole('dialog').getByLabel('Comments').fill('Mended in Bahmni')
  await page.getByRole('dialog').getByRole('button', { name: 'Retry' }).click()
  await page.getByText('1 record is being sent again.').waitFor()
  await expect.poll(() => real.site.db.query('select state from sync_rejected')).toEqual([{ state: 'settled' }])
  expect(real.site.sandbox.control.dump().trackedEntities).toHaveLength(13)
  // the others find it as it was
  real.site.clinic.patients.find(({ patientId }) => patientId === 'C-99')!.orgUnit = 'NOWHERE'
  await real.site.mart()
  expect(complaints).toEqual([])
})

test('home shows the state, the last sync and the records of the day', async () => {
  const { page, complaints } = await real.openSignedIn('/')
  for (const part of ['DHIS2', 'Mart', 'Queue']) await page.getByText(`${part} works`).waitFor()
  await page
    .getByRole('row', { name: /^HTS Service/ })
    .getByRole('link')
    .waitFor()
  await page.getByText('As a table').click()
  await page.getByRole('table', { name: 'Records of the last 30 days' }).getByRole('row').nth(1).waitFor()
  await expectAccessible(page)
  expect(complaints).toEqual([])
})

test('DHIS2 is away: said on the home page, and the sync waits for it, can be seen by others, and is cancelled', async () => {
  const { page } = await real.openSignedIn('/sync')
  away()
  const row = page.getByRole('row', { name: /^HTS Service/ })
  await row.getByLabel('Comments for HTS Service').fill('While it is away')
  await row.getByText('Everything again').click()
  await row.getByRole('button', { name: SYNC }).click()
  await row.getByRole('progressbar').waitFor()
  const other = await real.openSignedIn('/')
  // the state is looked at twice a minute
  await other.page.getByText('DHIS2 does not work').waitFor({ timeout: 90_000 })
  await other.page
    .getByRole('row', { name: /^HTS Service/ })
    .getByText(/\d %/)
    .waitFor()
  // somebody who has the page from before
  const started = await other.page.request.post(`${real.url}/api/v1/syncs`, {
    data: { mapping: 'HTS Service', comment: 'a second one' },
    headers: { origin: real.url },
  })
  expect(await started.json()).toMatchObject({ code: 'sync-active' })
  await row.getByRole('link', { name: 'Details' }).click()
  await page.getByRole('button', { name: 'Cancel the sync' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel the sync' }).click()
  await page.getByText('The sync has ended: Cancelled').waitFor({ state: 'attached', timeout: 110_000 })
})

test('a session of Bahmni just works, and one that ends in mid-form loses nothing', async () => {
  const { page, complaints } = await real.open()
  const session = real.openmrs.signIn('nurse')
  const cookie = (value: string) => page.context().addCookies([{ name: 'reporting_session', value, url: real.url }])
  await cookie(session)
  await page.goto(`${real.url}/sync`)
  const row = page.getByRole('row', { name: /^HTS Service/ })
  await row.getByLabel('Comments for HTS Service').fill('A comment of the nurse’s')
  await row.getByText('Dry run').click()
  real.openmrs.signOut(session)
  // what the server knows of the session it forgets after a while; the cookie of a new day is unknown to it
  await cookie('FORGOTTEN')
  await row.getByRole('button', { name: SYNC }).click()
  const dialog = page.getByRole('dialog', { name: 'Your session has ended' })
  await dialog.getByText('Nothing is lost', { exact: false }).waitFor()
  await cookie(real.openmrs.signIn('nurse'))
  await dialog.getByRole('button', { name: 'I have signed in' }).click()
  await page.getByText('Sync started for HTS Service').waitFor()
  await expect.poll(async () => (await real.site.runs()).at(-1)?.state, { timeout: 60_000 }).toMatch(/succeeded|failed/)
  const [{ comment, requested_by: user } = { comment: '', requested_by: '' }] = await real.site.db.query<{
    comment: string
    requested_by: string
  }>('select comment, requested_by from sync_run order by created_at desc limit 1')
  expect([comment, user]).toEqual(['A comment of the nurse’s', 'nurse'])
  expect(complaints).toEqual([])
})

test('Bull Board is one click away', async () => {
  const { page } = await real.openSignedIn('/')
  await page.getByRole('navigation').getByRole('link', { name: 'Queues' }).click()
  await page.getByText('Syncs, step by step').first().waitFor()
})

test('below Bahmni’s path, and behind a proxy with a prefix of its own, every page opens by its address', async () => {
  const { page, complaints } = await real.openSignedIn('/dhis-integration/logs?all=yes')
  await page
    .getByRole('row', { name: /^HTS Service/ })
    .first()
    .waitFor()
  await page.getByRole('link', { name: 'Sync to DHIS' }).click()
  await page.waitForURL(`${real.url}/dhis-integration/sync`)
  await page.reload()
  await page.getByRole('row', { name: /^HTS Service/ }).waitFor()

  const proxy = createServer((incoming, outgoing) => {
    const path = incoming.url!.replace(/^\/some\/prefix/, '')
    incoming.pipe(
      ask(real.url + path, { method: incoming.method, headers: incoming.headers }, (answer) => {
        outgoing.writeHead(answer.statusCode!, answer.headers)
        answer.pipe(outgoing)
      }),
    )
  })
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done))
  const base = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/some/prefix`
  await page.goto(`${base}/mapping/edit/HTS%20Service`)
  await page.getByRole('heading', { name: 'Edit HTS Service' }).waitFor()
  await page.goto(`${base}/sync`)
  const row = page.getByRole('row', { name: /^HTS Service/ })
  await row.getByLabel('Comments for HTS Service').fill('Through the proxy')
  await row.getByText('Dry run').click()
  await row.getByRole('button', { name: SYNC }).click()
  await page.getByText('Sync started for HTS Service').waitFor()
  await page.goto('about:blank')
  proxy.closeAllConnections()
  await new Promise((done) => proxy.close(done))
  expect(complaints).toEqual([])
})

test('a schedule is made, and is told in words', async () => {
  const { page, complaints } = await real.openSignedIn('/schedules')
  await page.getByRole('button', { name: 'Add Schedule: HTS Service' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Cron expression').fill('99 99 * * *')
  await dialog.locator('#cron-told').waitFor()
  await dialog.getByRole('button', { name: 'Sundays at 3' }).click()
  await expect.poll(() => dialog.getByRole('listitem').count()).toBe(5)
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByText('The schedule of HTS Service is saved').waitFor()
  await page.getByText('At 03:00, only on Sunday').waitFor()
  await page.getByRole('button', { name: 'Pause HTS Service' }).click()
  await page.getByText('Paused').waitFor()
  await page.getByRole('button', { name: 'Delete HTS Service' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.getByText('Nothing is synced by itself yet.').waitFor()
  expect(complaints).toEqual([])
})

test('an administrator makes a mapping of the Mart’s columns and DHIS2’s fields, is told what is wrong, saves it, and it is synced', async () => {
  const { page, complaints } = await real.openSignedIn('/mapping/new')
  const pick = async (label: string, typed: string, option: RegExp) => {
    await page.getByRole('combobox', { name: label }).fill(typed)
    await page.getByRole('option', { name: option }).first().click()
  }
  await page.getByLabel('Mapping Name').fill('Made here')
  await pick('Please select patient instance table', 'hts_ins', /^hts_instance_table/)
  await page.getByText('used by the sync itself').first().waitFor()
  await pick('Please select program enrollment table', 'hts_program_enr', /^hts_program_enrollment_table/)
  await pick('Please select program events table', 'hts_program_ev', /^hts_program_events_table/)
  await pick('DHIS2 field for UIC', 'TEAUicCode1', /TEAUicCode1/)
  await page.getByRole('checkbox', { name: 'UIC is searchable' }).press('Space')
  await pick('DHIS2 field for Visit number', 'DEFupVisNo1', /DEFupVisNo1/)
  const gender = page.getByRole('combobox', { name: 'DHIS2 field for Gender' })
  await gender.fill('Abcdefghij1')
  await gender.press('Tab')
  const row = page.getByRole('row', { name: /^Gender/ })
  await row.locator('.bad').waitFor()
  await expectAccessible(page)
  await row.getByRole('button', { name: /^Clear/ }).click()
  await page.getByRole('radio', { name: /^No/ }).check()
  // what DHIS2 requires in this stage, and a facility that it does not know
  await page.getByText('requires "HTS test date"', { exact: false }).waitFor()
  await page.getByText(/DHIS2 does not know 1 org unit code .*NOWHERE/).waitFor()
  await pick('DHIS2 field for Date of HIV test', 'DEHtsTstDt1', /DEHtsTstDt1/)
  await pick('DHIS2 field for HIV result given to client ?', 'DEHtsResul1', /DEHtsResul1/)
  await page.getByText('1 error, 0 warnings').waitFor()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Made here is saved').waitFor()
  await page.getByRole('link', { name: 'Made here', exact: true }).click()
  await page.getByText('TEAUicCode1').waitFor()
  await page.goto(`${real.url}/sync`)
  const sync = page.getByRole('row', { name: /^Made here/ })
  await sync.getByLabel('Comments for Made here').fill('First')
  await sync.getByText('Dry run').click()
  await sync.getByRole('button', { name: 'Sync to DHIS Made here' }).click()
  await page.getByText('Sync started for Made here').waitFor()
  expect(complaints).toEqual([])
})

test('a file that is broken imports nothing, and one that is right shows what it changes', async () => {
  const { page, complaints } = await real.openSignedIn('/mapping')
  await page.getByRole('button', { name: 'Import Mapping' }).click()
  const dialog = page.getByRole('dialog', { name: 'Import Mapping' })
  const drop = (content: string) =>
    dialog.locator('input[type=file]').setInputFiles({ name: 'mappings.json', mimeType: 'application/json', buffer: Buffer.from(content) })
  await drop('{ "cut off')
  await dialog.getByText('Error while validating json file. Please import valid json file').waitFor()
  await drop(JSON.stringify([{ mapping_name: 'Half' }]))
  await dialog.getByText('Nothing is imported. Please correct the file and import again.').waitFor()
  await expectAccessible(page)
  const file = await (await page.request.get(`${real.url}/api/v1/mapping-file?name=HTS%20Service`)).json()
  await drop(JSON.stringify([{ ...file[0], mapping_name: 'Imported' }]))
  await dialog.getByText('is new').waitFor()
  await dialog.getByRole('button', { name: 'Import 1 mapping' }).click()
  await page.getByText('1 mapping imported').waitFor()
  await page.getByRole('button', { name: 'Delete Imported' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.getByText('Imported deleted').waitFor()
  expect(complaints).toEqual([])
})

test('settings show the configuration without its secrets, and test everything with one click', async () => {
  const { page, complaints } = await real.openSignedIn('/settings')
  await page
    .getByRole('row', { name: /^DHIS2_URL/ })
    .getByText(real.site.sandbox.url)
    .waitFor()
  await page.getByRole('button', { name: 'Test everything' }).click()
  await page.locator('.checks li').first().waitFor()
  await expectAccessible(page)
  expect(await page.content()).not.toContain('Sync-2024!pw')
  expect(complaints).toEqual([])
})
