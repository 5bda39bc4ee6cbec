/** The mapping form from end to end, and what may go wrong with it. */
import { describe, expect, test } from 'vitest'
import type { Page } from 'playwright-core'
import { ApiProblem } from '../../src/api/api-problem.ts'
import { expectAccessible } from './support/browser.ts'
import { openFakePage } from './support/fake-page.ts'

const pick = async (page: Page, label: string, typed: string, option: string) => {
  await page.getByRole('combobox', { name: label }).fill(typed)
  await page.getByRole('option', { name: option }).click()
}
const chooseTables = async (page: Page) => {
  await pick(page, 'Please select patient instance table', 'hts_inst', 'hts_instance_table')
  await pick(page, 'Please select program enrollment table', 'enroll', 'hts_program_enrollment_table')
  await pick(page, 'Please select program events table', 'hts_program_ev', 'hts_program_events_table')
}

test('a mapping is made with the keyboard alone', async () => {
  const { page, go, state, complaints } = await openFakePage()
  await go('/mapping/new')
  const keys = page.keyboard
  const to = async (name: string | RegExp, role: 'textbox' | 'combobox' | 'radio' | 'button' | 'checkbox') => {
    const target = page.getByRole(role, { name }).first()
    for (let i = 0; i < 90; i++) {
      if (await target.evaluate((e) => e === e.ownerDocument.activeElement).catch(() => false)) return
      await keys.press('Tab')
    }
    throw new Error(`Tab does not reach ${role} ${name}`)
  }
  await page.getByLabel('Mapping Name').waitFor()
  await to('Mapping Name *', 'textbox')
  await keys.type('New Service')
  await to('Please select patient instance table', 'combobox')
  await keys.type('hts_inst')
  await page.getByRole('option', { name: 'hts_instance_table' }).waitFor()
  await keys.press('Enter')
  await page.getByRole('combobox', { name: 'DHIS2 field for UIC' }).waitFor()
  await to('DHIS2 field for UIC', 'combobox')
  await keys.type('unique id')
  await page.getByRole('option', { name: /Unique identifier code/ }).waitFor()
  await keys.press('Enter')
  await to('UIC is searchable', 'checkbox')
  await keys.press('Space')
  await to('Please select program enrollment table', 'combobox')
  await keys.type('hts_program_enr')
  await page.getByRole('option', { name: 'hts_program_enrollment_table' }).waitFor()
  await keys.press('ArrowDown')
  await keys.press('ArrowUp')
  await keys.press('Enter')
  await to(/^Yes/, 'radio')
  await keys.press('ArrowDown')
  await to('Please select program events table', 'combobox')
  await keys.type('hts_program_ev')
  await page.getByRole('option', { name: 'hts_program_events_table' }).waitFor()
  await keys.press('Enter')
  await page.getByRole('combobox', { name: 'DHIS2 field for Visit number' }).waitFor()
  await to('DHIS2 field for Visit number', 'combobox')
  // a UID that is pasted counts as it is
  await keys.insertText('DEFupVisNo1')
  await keys.press('Tab')
  await to('Save', 'button')
  await keys.press('Enter')
  await page.getByText('New Service is saved').waitFor()
  expect(state.mappings.get('New Service')?.mapping).toMatchObject({
    instance: { table: 'hts_instance_table', columns: { UIC: 'TEAUicCode1' } },
    events: [{ table: 'hts_program_events_table', columns: { 'Visit number': 'DEFupVisNo1' } }],
    searchable: ['UIC'],
    comparable: [],
    openLatestCompletedEnrollment: 'no',
  })
  expect(complaints).toEqual([])
})

test('a field is found by name, code and UID, and shows its name and value type', async () => {
  const { page, go } = await openFakePage()
  await go('/mapping/edit/HTS%20Service')
  const field = page.getByRole('combobox', { name: 'DHIS2 field for Gender' })
  for (const typed of ['gend', 'TEAGenderS1']) {
    await field.fill(typed)
    await page.getByRole('option', { name: /^Gender/ }).waitFor()
    expect(await page.getByRole('option').count()).toBe(1)
  }
  await field.fill('UIC')
  await page.getByRole('option', { name: /Unique identifier code/ }).waitFor()
  await expectAccessible(page)
  await page.keyboard.press('Escape')
  expect(await field.inputValue()).toBe('')
  await field.fill('gend')
  await page.getByRole('option', { name: /^Gender/ }).click()
  expect(await field.inputValue()).toBe('Gender')
  await page.getByText('TEAGenderS1').waitFor()
  expect(await page.getByRole('row', { name: /^Gender/ }).innerText()).toContain('TEXT')
})

test('Searchable and Comparable may be ticked only where a column is mapped', async () => {
  const { page, go } = await openFakePage()
  await go('/mapping/edit/HTS%20Service')
  await page.getByRole('checkbox', { name: 'UIC is searchable' }).waitFor()
  expect(await page.getByRole('checkbox', { name: 'Gender is searchable' }).count()).toBe(0)
})

test('Suggest proposes, and only what is accepted is saved', async () => {
  const { page, go, state } = await openFakePage()
  await go('/mapping/edit/HTS%20Service')
  const suggest = page.getByRole('button', { name: 'Suggest' }).first()
  await suggest.click()
  await page.getByText('2 proposals. They count only when you accept them.').waitFor()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Accept the proposal for Gender' }).click()
  await page.getByText('There are proposals that nobody has accepted. They are not saved.').waitFor()
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('HTS Service is saved').waitFor()
  const columns = state.mappings.get('HTS Service')!.mapping.instance.columns
  expect([columns['Gender'], columns['Phone Number']]).toEqual(['TEAGenderS1', undefined])
})

describe('before saving', () => {
  test('the original’s checks, and the focus goes where something is missing', async () => {
    const { page, go, state } = await openFakePage()
    await go('/mapping/new')
    const save = page.getByRole('button', { name: 'Save' })
    await save.click()
    await page.locator('.form-foot').getByText('Please provide a mapping name').waitFor()
    expect(await page.getByLabel('Mapping Name').evaluate((e) => e === e.ownerDocument.activeElement)).toBe(true)
    await page.getByLabel('Mapping Name').fill('HTS Service')
    await save.click()
    await page.locator('.form-foot').getByText('Please provide unique mapping name').waitFor()
    await page.getByLabel('Mapping Name').fill('Another')
    await chooseTables(page)
    await save.click()
    await page.locator('.form-foot').getByText('Please provide at least one mapping for patient instance').waitFor()
    await expectAccessible(page)
    expect(state.asked.filter(({ name }) => name === 'createMapping')).toEqual([])
  })

  test('what the server finds stands beside its cell', async () => {
    const { page, go } = await openFakePage()
    await go('/mapping/edit/HTS%20Service')
    await page.getByText('All fits the Mart and DHIS2.').waitFor()
    const field = page.getByRole('combobox', { name: 'DHIS2 field for Gender' })
    await field.fill('Abcdefghij1')
    await field.press('Enter')
    const row = page.getByRole('row', { name: /^Gender/ })
    await row.getByText('DHIS2 has no field with the UID "Abcdefghij1".').waitFor()
    await page.getByText('1 error, 0 warnings').waitFor()
    expect(await field.getAttribute('aria-invalid')).toBe('true')
    await expectAccessible(page)
  })

  test('while DHIS2 is away the Mart is checked, and it is said', async () => {
    const { page, go } = await openFakePage((state) => (state.dhis2Up = false))
    await go('/mapping/edit/HTS%20Service')
    await page.getByText('DHIS2 did not answer: only the Mart was looked at.').waitFor()
    await page.getByRole('combobox', { name: 'DHIS2 field for Gender' }).fill('gen')
    await page.getByText('DHIS2 does not answer as it should.').waitFor()
    await expectAccessible(page)
  })
})

describe('changes are not lost', () => {
  test('by a click beside', async () => {
    const { page, go } = await openFakePage()
    await go('/mapping/edit/HTS%20Service')
    await page.getByLabel('Mapping Name').fill('HTS Renamed')
    await page.getByRole('link', { name: 'Logs' }).click()
    await page.getByRole('dialog', { name: 'Leave without saving?' }).waitFor()
    await expectAccessible(page)
    await page.getByRole('button', { name: 'Stay' }).click()
    expect(await page.getByLabel('Mapping Name').inputValue()).toBe('HTS Renamed')
    await page.getByRole('link', { name: 'Logs' }).click()
    await page.getByRole('button', { name: 'Leave' }).click()
    await page.getByRole('heading', { name: 'Logs' }).waitFor()
  })

  test('by a session that ends: the user signs in above the form, and it is saved', async () => {
    const { page, go, state } = await openFakePage()
    await go('/mapping/edit/HTS%20Service')
    await page.getByLabel('Mapping Name').fill('HTS Renamed')
    await page.getByText('All fits the Mart and DHIS2.').waitFor()
    state.signedIn = false
    await page.getByRole('button', { name: 'Save' }).click()
    const dialog = page.getByRole('dialog', { name: 'Your session has ended' })
    await dialog.getByText('Nothing is lost: sign in again, and you go on where you were.').waitFor()
    await expectAccessible(page)
    await dialog.getByLabel('User name').fill('superman')
    await dialog.getByLabel('Password', { exact: true }).fill('a good password')
    await dialog.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('HTS Renamed is saved').waitFor()
    expect([...state.mappings.keys()]).toContain('HTS Renamed')
  })

  test('by somebody else who saved meanwhile', async () => {
    const { page, go, state } = await openFakePage()
    await go('/mapping/edit/HTS%20Service')
    await page.getByRole('checkbox', { name: 'UIC is comparable' }).press('Space')
    state.mappings.get('HTS Service')!.etag = '"7"'
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('dialog', { name: 'Somebody else changed this mapping meanwhile' }).waitFor()
    await expectAccessible(page)
    await page.getByRole('button', { name: 'Save over theirs' }).click()
    await page.getByText('HTS Service is saved').waitFor()
    expect(state.mappings.get('HTS Service')!.mapping.comparable).toContain('UIC')
  })

  test('by a sync that goes on: the server’s sentence is shown, and the form stays', async () => {
    const { page, go } = await openFakePage((state) =>
      state.broken.set(
        'replaceMapping',
        new ApiProblem('sync-active', 'A sync of "HTS Service" is going on already. Wait for its end, or cancel it.'),
      ),
    )
    await go('/mapping/edit/HTS%20Service')
    await page.getByLabel('Mapping Name').fill('HTS Renamed')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('A sync of "HTS Service" is going on already. Wait for its end, or cancel it.').waitFor()
    expect(await page.getByLabel('Mapping Name').inputValue()).toBe('HTS Renamed')
  })
})

test('several event tables, fixed values and value translations', async () => {
  const { page, go, state } = await openFakePage()
  await go('/mapping/edit/HTS%20Service')
  await page.getByRole('button', { name: 'Value translations for HIV result given to client ?' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('In the Mart 1').fill('Pos')
  await dialog.getByLabel('In DHIS2 1').fill('POSITIVE')
  await expectAccessible(page)
  await dialog.getByRole('button', { name: 'Done' }).click()
  await page.getByRole('button', { name: 'Add another events table' }).click()
  const second = page.getByRole('region', { name: 'Program event 2' })
  await second.getByRole('combobox', { name: 'Please select program events table' }).fill('tb_program_ev')
  await page.getByRole('option', { name: 'tb_program_events_table' }).click()
  const field = second.getByRole('combobox', { name: 'DHIS2 field for Next appointment' })
  await field.fill('next app')
  await page.getByRole('option', { name: /Next appointment/ }).click()
  await second.getByText('Fixed values').click()
  await second.getByRole('combobox', { name: 'Program stage (UID)' }).fill('hiv')
  await page.getByRole('option', { name: /HIV test/ }).click()
  await expectAccessible(page)
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('HTS Service is saved').waitFor()
  expect(state.mappings.get('HTS Service')!.mapping.events).toMatchObject([
    { table: 'hts_program_events_table', translations: { 'HIV result given to client ?': { Pos: 'POSITIVE' } } },
    { table: 'tb_program_events_table', columns: { 'Next appointment': 'DEFupNextD1' }, constants: { program_stage: 'PSHtsTest11' } },
  ])
})

test('a hundred columns: a key that is pressed in one draws that row alone again', async () => {
  const { page, go } = await openFakePage((state) => {
    state.mappings.get('HTS Service')!.mapping.instance.table = 'wide_instance_table'
  })
  await go('/mapping/edit/HTS%20Service')
  const field = page.getByRole('combobox', { name: 'DHIS2 field for Question 50 of the long form' })
  await field.waitFor()
  // rows whose content changed at all
  await page.evaluate(`(() => {
    window.changed = new Set()
    new MutationObserver((all) => { for (const one of all) { const row = (one.target.nodeType === 1 ? one.target : one.target.parentElement)?.closest('tr'); if (row) window.changed.add(row) } })
      .observe(document.querySelector('.column-grid'), { subtree: true, childList: true, characterData: true, attributes: true })
  })()`)
  await field.pressSequentially('phone')
  await page.getByRole('option', { name: /Phone number/ }).click()
  await page.getByText('All fits the Mart and DHIS2.').waitFor()
  expect(await page.evaluate('window.changed.size')).toBe(1)
})
