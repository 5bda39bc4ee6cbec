/** What users do day by day, and what meets them, on the API in memory. */
import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { fr } from '../../dashboard/src/i18n/fr.ts'
import { pt } from '../../dashboard/src/i18n/pt.ts'
import { ApiProblem } from '../../src/api/api-problem.ts'
import { expectAccessible } from './support/browser.ts'
import { openFakePage } from './support/fake-page.ts'

describe('syncing', () => {
  test('a comment is asked for, the sync runs in its place, and everyone sees it', async () => {
    const { page, go, state, url, complaints } = await openFakePage((s) => (s.syncMs = 120_000))
    await go('/sync')
    const row = page.getByRole('row', { name: /^Patient Program/ })
    await row.getByRole('button', { name: 'Sync to DHIS' }).click()
    await row.getByText('Enter comment before syncing Patient Program').waitFor()
    await expectAccessible(page)
    await row.getByLabel('Comments for Patient Program').fill('Validated on Friday')
    await row.getByRole('button', { name: 'Sync to DHIS' }).click()
    await page.getByText('Sync started for Patient Program').waitFor()
    await row.getByRole('progressbar').waitFor()
    await row.getByText(/ · \d+ %/).waitFor()
    expect(await row.getByRole('button', { name: 'Sync to DHIS' }).isDisabled()).toBe(true)
    await expectAccessible(page)
    const other = await page.context().newPage()
    await other.goto(`${url}/sync`)
    await other
      .getByRole('row', { name: /^Patient Program/ })
      .getByRole('progressbar')
      .waitFor()
    state.syncMs = 1
    await page.getByText('Patient Program: Succeeded').waitFor()
    await row.getByText(/\d{4}/).first().waitFor()
    expect(state.asked.find(({ name }) => name === 'startSync')?.body).toMatchObject({
      mapping: 'Patient Program',
      comment: 'Validated on Friday',
      dryRun: false,
    })
    expect(complaints).toEqual([])
  })

  test('a date range needs both days, in order', async () => {
    const { page, go, state } = await openFakePage()
    await go('/sync')
    const row = page.getByRole('row', { name: /^HTS Service/ })
    await row.getByLabel('Comments for HTS Service').fill('March')
    await row.getByText('Date Range Sync').click()
    await row.getByLabel('Start Date').fill('2026-03-31')
    await row.getByRole('button', { name: 'Sync to DHIS' }).click()
    await row.getByText('Please Enter End Date for HTS Service').waitFor()
    await row.getByLabel('End Date').fill('2026-03-01')
    await row.getByRole('button', { name: 'Sync to DHIS' }).click()
    await row.getByText('End Date Must be Greater Than StartDate for HTS Service').waitFor()
    await expectAccessible(page)
    expect(await row.getByRole('link', { name: 'Preview HTS Service' }).getAttribute('href')).toBe(
      '/preview/HTS%20Service/2026-03-31/2026-03-01',
    )
    await row.getByLabel('Start Date').fill('2026-03-01')
    await row.getByLabel('End Date').fill('2026-03-31')
    await row.getByText('Dry run').click()
    await row.getByRole('button', { name: 'Sync to DHIS' }).click()
    await page.getByText('Sync started with Date Range for HTS Service').waitFor()
    expect(state.asked.at(-1)?.body).toMatchObject({ from: '2026-03-01', to: '2026-03-31', dryRun: true })
  })

  test('one that is refused because another goes on says so and shows it', async () => {
    const { page, go, state } = await openFakePage((s) => (s.syncMs = 60_000))
    await go('/sync')
    const row = page.getByRole('row', { name: /^HTS Service/ })
    await row.getByLabel('Comments for HTS Service').fill('Mine')
    // somebody else was quicker, and this page has not heard of it yet
    await page.route('**/last-syncs', (route) => route.abort(), { times: 1 })
    const { id } = [...state.syncs.values()][0]!
    state.syncs.set(id, { ...state.syncs.get(id)!, state: 'running', endedAt: null, startedAt: new Date().toISOString() })
    await row.getByRole('button', { name: 'Sync to DHIS' }).click()
    await page.getByText('A sync of HTS Service is going on already.').waitFor()
    await row.getByRole('progressbar').waitFor()
    await expectAccessible(page)
  })

  test('one that cannot begin says why, keeps what was typed, and begins when it is pressed again', async () => {
    const { page, go, state } = await openFakePage((s) =>
      s.broken.set('startSync', new ApiProblem('unavailable', 'The queue is out of reach. Try again in a moment.')),
    )
    await go('/sync')
    const row = page.getByRole('row', { name: /^HTS Service/ })
    await row.getByLabel('Comments for HTS Service').fill('Mine')
    await row.getByRole('button', { name: 'Sync to DHIS' }).click()
    await page.getByText('The queue is out of reach. Try again in a moment.').waitFor()
    await expectAccessible(page)
    expect(await row.getByLabel('Comments for HTS Service').inputValue()).toBe('Mine')
    state.broken.clear()
    await row.getByRole('button', { name: 'Sync to DHIS' }).click()
    await row.getByRole('progressbar').waitFor()
  })

  test('a run shows its steps live, and can be cancelled', async () => {
    const { page, go, state, complaints } = await openFakePage((s) => (s.syncMs = 60_000))
    await go('/sync')
    const row = page.getByRole('row', { name: /^HTS Service/ })
    await row.getByLabel('Comments for HTS Service').fill('Mine')
    await page.keyboard.press('Enter')
    await row.getByRole('link', { name: 'Details' }).click()
    await page.getByRole('heading', { name: 'Sync of HTS Service' }).waitFor()
    await page.getByText('Step 1 of 6').waitFor()
    const before = await page.getByRole('progressbar', { name: 'Progress' }).getAttribute('aria-valuenow')
    await expect
      .poll(() => page.getByRole('progressbar', { name: 'Progress' }).getAttribute('aria-valuenow'), { timeout: 30_000 })
      .not.toBe(before)
    await expectAccessible(page)
    await page.getByRole('button', { name: 'Cancel the sync' }).click()
    await page.getByRole('dialog', { name: 'Cancel this sync?' }).waitFor()
    await expectAccessible(page)
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel the sync' }).click()
    await page.getByRole('main').getByText('Cancelled').first().waitFor()
    expect([...state.syncs.values()].some((sync) => sync.state === 'cancelled')).toBe(true)
    await page.getByText('The sync has ended: Cancelled').waitFor({ state: 'attached' })
    expect(complaints).toEqual([])
  })
})

describe('rejected records', () => {
  test('are grouped by cause with their remedy, shown, retried and dismissed', async () => {
    const { page, go, state } = await openFakePage()
    await go('/rejected')
    const group = page.getByRole('article', { name: 'The value is not an option of DHIS2’s option set' })
    await group.getByText('4 records').waitFor()
    await group.getByText('HTS: result given to client').waitFor()
    await group.getByText('Correct the answer in Bahmni').waitFor()
    await group.getByRole('button', { name: 'Show the records' }).click()
    await group.getByText('NAH000011').first().waitFor()
    await expectAccessible(page)
    await group.getByRole('checkbox', { name: 'Select the record of NAH000011' }).press('Space')
    await group.getByRole('button', { name: 'Dismiss: 1 selected' }).click()
    const dialog = page.getByRole('dialog', { name: 'Dismiss these records?' })
    expect(await dialog.getByRole('button', { name: 'Dismiss' }).isDisabled()).toBe(true)
    await dialog.getByLabel('Why').fill('A test patient')
    await expectAccessible(page)
    await dialog.getByRole('button', { name: 'Dismiss' }).click()
    await group.getByText('3 records').waitFor()
    await group
      .getByRole('button', { name: /^Retry/ })
      .first()
      .click()
    await page.getByRole('dialog').getByLabel('Comments').fill('Mended in Bahmni')
    await page.getByRole('dialog').getByRole('button', { name: 'Retry' }).click()
    await page.getByText('3 records are being sent again.').waitFor()
    expect(state.asked.find(({ name }) => name === 'retryRejected')?.body).toEqual({
      filter: { state: 'open', cause: 'value-not-an-option' },
      comment: 'Mended in Bahmni',
    })
    await page.getByLabel('State').selectOption('dismissed')
    await page.getByRole('button', { name: /^Reopen/ }).click()
    await page.getByText('1 record reopened').waitFor()
  })

  test.each([
    ['fr-CD', fr],
    ['pt-MZ', pt],
  ])('who reads %s is told the cause and what to do in that language, beside the server’s sentence', async (locale, texts) => {
    const { title, remedy } = texts.rejections['value-not-an-option']
    const { page, go, complaints } = await openFakePage(() => {}, { locale })
    await go('/rejected')
    const group = page.getByRole('article', { name: title })
    await group.getByText(remedy).waitFor()
    await group.getByRole('button', { name: texts.rejected.show }).click()
    await group.getByText('has "Maybe", which is not an option').first().waitFor()
    await expectAccessible(page)
    await go('/preview/HTS%20Service')
    const row = page.getByRole('row', { name: /NAH000002/ }).filter({ hasText: title })
    await row.getByText(texts.effects.rejected).click()
    await row.getByText(remedy).waitFor()
    await row.getByText('The value "Maybe" is no option.').waitFor()
    await expectAccessible(page)
    await row.getByRole('button', { name: texts.preview.openPatient('NAH000002') }).click()
    const dialog = page.getByRole('dialog', { name: texts.preview.patientTitle('NAH000002') })
    await dialog.getByText(title).waitFor()
    await dialog.getByText('The value "Maybe" is no option.').waitFor()
    await dialog.getByText(remedy).waitFor()
    await expectAccessible(page)
    expect(complaints).toEqual([])
  })
})

describe('mappings', () => {
  const file = (content: string) => ({ name: 'mappings.json', mimeType: 'application/json', buffer: Buffer.from(content) })

  test('a file shows what it would change, and changes it only then', async () => {
    const { page, go, state } = await openFakePage()
    await go('/mapping')
    await page.getByRole('button', { name: 'Import Mapping' }).click()
    const dialog = page.getByRole('dialog', { name: 'Import Mapping' })
    const drop = dialog.locator('input[type=file]')
    await drop.setInputFiles(file('{ not json'))
    await dialog.getByText('Error while validating json file. Please import valid json file').waitFor()
    await expectAccessible(page)
    await drop.setInputFiles(file('[]'))
    await dialog.getByText('Imported file should not be empty').waitFor()
    await drop.setInputFiles(file(JSON.stringify([{ mapping_name: 'Broken' }])))
    await dialog.getByText('Incorrect values provided for lookup_table property').waitFor()
    expect(await dialog.getByRole('button', { name: /^Import \d/ }).isDisabled()).toBe(true)
    await drop.setInputFiles(
      file(
        JSON.stringify([
          { mapping_name: 'HTS Service', lookup_table: {} },
          { mapping_name: 'New Service', lookup_table: {} },
        ]),
      ),
    )
    await dialog.getByText('will be replaced').waitFor()
    await dialog.getByText('is new').waitFor()
    expect([...state.mappings.keys()]).not.toContain('New Service')
    await expectAccessible(page)
    await dialog.getByRole('button', { name: 'Import 2 mappings' }).click()
    await page.getByText('2 mappings imported').waitFor()
    await page.getByRole('link', { name: 'New Service', exact: true }).waitFor()
  })

  test('are searched, exported, duplicated and deleted', async () => {
    const { page, go, state } = await openFakePage()
    await go('/mapping')
    const names = page.locator('td.row-header')
    await expect.poll(() => names.allInnerTexts()).toEqual(['HTS Service', 'Patient Program', 'TB Service'])
    const [saved] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Export HTS Service' }).click()])
    expect(saved.suggestedFilename()).toBe('HTS Service.json')
    expect(JSON.parse(await readFile(await saved.path(), 'utf8'))).toMatchObject([{ mapping_name: 'HTS Service' }])
    await page.getByText('Successfully exported HTS Service Mapping').waitFor()
    await page.getByRole('searchbox', { name: 'Search mappings' }).fill('tb')
    await expect.poll(() => page.getByRole('row').count()).toBe(2)
    await page.getByRole('link', { name: 'Duplicate TB Service' }).click()
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('TB Service copy is saved').waitFor()
    await page.getByRole('button', { name: 'Delete TB Service', exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.getByText('This mapping has synced records.', { exact: false }).waitFor()
    await expectAccessible(page)
    await page.getByRole('button', { name: 'Delete it with its history' }).click()
    await page.getByText('TB Service deleted').waitFor()
    expect([...state.mappings.keys()].toSorted()).toEqual(['HTS Service', 'Patient Program', 'TB Service copy'])
  })
})

describe('the preview', () => {
  test('is filtered and paged, and shows what DHIS2 will get of one patient beside what it has', async () => {
    const { page, go, complaints } = await openFakePage()
    await go('/preview/HTS%20Service')
    await page.getByText('Generated on').waitFor()
    await page.getByRole('button', { name: 'Next page' }).click()
    await page.getByText('NAH000018').first().waitFor()
    await page.getByLabel('What will happen').selectOption('rejected')
    await expect.poll(() => page.getByRole('row').count()).toBe(4)
    await page.getByLabel('What will happen').selectOption('')
    await page.getByLabel('Patient', { exact: true }).fill('NAH000003')
    await page.getByRole('button', { name: 'What DHIS2 gets of patient NAH000003' }).first().click()
    const dialog = page.getByRole('dialog', { name: 'Patient NAH000003' })
    const changed = dialog.getByRole('row', { name: /Last name/ })
    await changed.getByText('differs').waitFor()
    expect(await changed.innerText()).toContain('Moyoo')
    await dialog.getByText('DHIS2 does not have it yet.').waitFor()
    await expectAccessible(page)
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    expect(complaints).toEqual([])
  })
  test('says when DHIS2 is away, and what shows in a dry run only', async () => {
    const { page, go, state } = await openFakePage((s) => (s.dhis2Up = false))
    await go('/preview/HTS%20Service')
    await page.getByText('Whether DHIS2 would reject a record is not known now.').waitFor()
    await page.getByText('DHIS2 does not answer at https://dhis2.example.org.').waitFor()
    await page.getByText('shows in a dry run.', { exact: false }).waitFor()
    await expectAccessible(page)
    state.dhis2Up = true
    await page.getByRole('button', { name: 'Look again' }).click()
    await page.getByText('Whether DHIS2 would reject a record is not known now.').waitFor({ state: 'detached' })
  })
  test('the patient stays in sight when the table is moved sideways', async () => {
    const { page, go } = await openFakePage()
    await go('/preview/HTS%20Service')
    const patient = page.getByRole('button', { name: /^What DHIS2 gets/ }).first()
    const before = (await patient.boundingBox())!.x
    const table = page.getByRole('region', { name: /^Preview/ })
    await table.evaluate((e) => e.scrollTo(400, 0))
    expect(await table.evaluate((e) => e.scrollLeft)).toBe(400)
    expect((await patient.boundingBox())!.x).toBe(before)
  })
})

describe('schedules', () => {
  test('are told in words with the next five times, and refused when they are none', async () => {
    const { page, go, state } = await openFakePage()
    await go('/schedules')
    await page.getByText('At 02:00').waitFor()
    await page.getByRole('button', { name: 'Add Schedule: TB Service' }).click()
    const dialog = page.getByRole('dialog', { name: 'Schedule of TB Service' })
    await dialog.getByLabel('Cron expression').fill('nonsense')
    await dialog.getByText('"nonsense" is not a cron expression.').waitFor()
    await expectAccessible(page)
    await dialog.getByRole('button', { name: 'Weekdays at 18' }).click()
    await dialog.getByText('At 18:00, Monday through Friday').waitFor()
    await expect.poll(() => dialog.getByRole('listitem').count()).toBe(5)
    await dialog.getByRole('button', { name: 'Save' }).click()
    await page.getByText('The schedule of TB Service is saved').waitFor()
    expect(state.schedules.get('TB Service')).toMatchObject({ cron: '0 18 * * 1-5', timeZone: 'Africa/Harare' })
    await page.getByRole('button', { name: 'Start now TB Service' }).click()
    await page.getByRole('heading', { name: 'Sync of TB Service' }).waitFor()
  })
})

describe('logs', () => {
  test('open with today, are filtered, and go back and forth', async () => {
    const { page, go } = await openFakePage()
    await go('/logs')
    await page.getByText('7 records were rejected').waitFor()
    expect(await page.getByLabel('Start From').inputValue()).toMatch(/T00:00$/)
    await page.getByLabel('Start From').fill('')
    await page.getByRole('button', { name: 'Filter' }).click()
    await page.getByRole('button', { name: 'Older' }).click()
    await expect.poll(() => page.getByRole('row').count()).toBe(23)
    await page.getByRole('button', { name: 'Newer' }).click()
    await page.getByText('7 records were rejected').waitFor()
    await page.getByLabel('Status', { exact: true }).selectOption('failed')
    await page.getByRole('button', { name: 'Filter' }).click()
    await expect.poll(() => page.getByRole('row').count()).toBe(2)
    await page.getByText('Please contact Admin team.', { exact: false }).waitFor()
    await page.getByText('Who did what').click()
    await page.getByText('SEND_DATA_TO_DHIS', { exact: true }).waitFor()
    await expectAccessible(page)
  })
})

describe('settings', () => {
  test('everything is tested with one click, and no secret is shown', async () => {
    const { page, go, state } = await openFakePage()
    await go('/settings')
    state.dhis2Up = false
    await page.getByRole('button', { name: 'Test everything' }).click()
    await page.getByText('It fits the Mart and DHIS2.').waitFor()
    await page.getByRole('listitem').getByText('DHIS2 does not answer at https://dhis2.example.org. Check the network.').waitFor()
    await expectAccessible(page)
  })
})

describe('the whole', () => {
  test('speaks French and Portuguese, and remembers it', async () => {
    const { page, go, complaints } = await openFakePage()
    await go('/sync')
    for (const [language, title] of [
      ['fr', 'Envoyer vers DHIS'],
      ['pt', 'Enviar para o DHIS'],
    ] as const) {
      await page.locator('.account button').first().click()
      await page.locator('#language').selectOption(language)
      await page.getByRole('heading', { name: title }).waitFor()
      expect(await page.evaluate('document.documentElement.lang')).toBe(language)
      await page.keyboard.press('Escape')
      await expectAccessible(page)
    }
    await page.reload()
    await page.getByRole('heading', { name: 'Enviar para o DHIS' }).waitFor()
    expect(complaints).toEqual([])
  })

  test('is dark when the user says so, on every page from then on', async () => {
    const { page, go } = await openFakePage()
    await go('/')
    const background = () => page.evaluate('getComputedStyle(document.documentElement).backgroundColor')
    expect(await background()).toBe('rgb(255, 255, 255)')
    await page.getByRole('button', { name: 'Account and display' }).click()
    await page.getByLabel('Colours').selectOption('dark')
    await expectAccessible(page)
    expect(await background()).toBe('rgb(22, 22, 22)')
    await page.reload()
    expect(await background()).toBe('rgb(22, 22, 22)')
  })

  test('a session of Bahmni that has ended is said kindly', async () => {
    const { page, go, state } = await openFakePage(
      (s) => (s.login = { local: false, openmrsLoginUrl: 'https://bahmni.example.org/bahmni/home', setup: null }),
    )
    await go('/sync')
    const row = page.getByRole('row', { name: /^HTS Service/ })
    await row.getByLabel('Comments for HTS Service').fill('A long comment')
    state.signedIn = false
    await row.getByRole('button', { name: 'Sync to DHIS' }).click()
    const dialog = page.getByRole('dialog', { name: 'Your session has ended' })
    await dialog.getByText('Nothing is lost', { exact: false }).waitFor()
    expect(await dialog.getByRole('link', { name: /Sign in to Bahmni/ }).getAttribute('target')).toBe('_blank')
    await dialog.getByRole('button', { name: 'I have signed in' }).click()
    await dialog.getByText('Bahmni does not know you yet. Sign in there first.').waitFor()
    await expectAccessible(page)
    state.signedIn = true
    await dialog.getByRole('button', { name: 'I have signed in' }).click()
    await page.getByText('Sync started for HTS Service').waitFor()
    expect(state.asked.findLast(({ name }) => name === 'startSync')?.body).toMatchObject({ comment: 'A long comment' })
  })

  test('an action answers at once: the spinner is there before the server is', async () => {
    const { page, go } = await openFakePage((s) => s.slow.set('startSync', 60_000))
    await go('/sync')
    const row = page.getByRole('row', { name: /^HTS Service/ })
    await row.getByLabel('Comments for HTS Service').fill('Mine')
    await row.getByRole('button', { name: 'Sync to DHIS' }).click()
    await row.getByText('Starting …').waitFor({ timeout: 2000 })
    await expectAccessible(page)
  })

  test('the first page needs one round of requests', async () => {
    const { page, go, url } = await openFakePage()
    const asked: string[] = []
    page.on('request', (request) => {
      if (request.url().startsWith(`${url}/api/`)) asked.push(new URL(request.url()).pathname)
    })
    await go('/')
    await page.getByRole('row', { name: /^HTS Service/ }).waitFor()
    await page.getByText('DHIS2 works').waitFor()
    expect(asked.toSorted()).toEqual(['/api/v1/last-syncs', '/api/v1/session', '/api/v1/statistics', '/api/v1/status'])
  })

  test('a page whose address asks for nobody’s mapping says so', async () => {
    const { page, go } = await openFakePage()
    await go('/preview/Nobody')
    await page.getByText('There is no mapping "Nobody".').waitFor()
    await expectAccessible(page)
  })

  test('an error can be copied, with the request’s id', async () => {
    const { page, go } = await openFakePage((s) =>
      s.broken.set('listMappings', new ApiProblem('unavailable', 'The database cannot be reached.')),
    )
    await go('/mapping')
    await page.getByText('The database cannot be reached.').waitFor()
    await page.getByText('Request test-request').waitFor()
    await page.getByRole('button', { name: 'Copy Error' }).waitFor()
  })
})
