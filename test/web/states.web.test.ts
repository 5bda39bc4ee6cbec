/** Every page in every state that it has besides the usual one: loading, failed, empty. */
import { describe, expect, test } from 'vitest'
import { ApiProblem } from '../../src/api/api-problem.ts'
import { expectAccessible, expectNoSidewaysScroll } from './support/browser.ts'
import { openFakePage } from './support/fake-page.ts'
import { LOOKS, PAGES } from './support/pages.ts'

describe.each(Object.entries(PAGES))('%s', (_, { path, reads, empty }) => {
  test.runIf(reads.length > 0)('says that it is loading', async () => {
    const opened = await openFakePage((state) => {
      for (const name of reads) state.slow.set(name, 60_000)
    })
    await opened.go(path(opened.state))
    await opened.page.getByText('Loading …').first().waitFor({ state: 'attached' })
    await expectAccessible(opened.page)
  })

  test.runIf(reads.length > 0)('says what failed, and can try again', async () => {
    const opened = await openFakePage((state) => {
      for (const name of reads)
        state.broken.set(
          name,
          new ApiProblem('unavailable', 'The database cannot be reached. Check that PostgreSQL runs, and DATABASE_URL.'),
        )
    })
    await opened.go(path(opened.state))
    await opened.page.getByText('The database cannot be reached. Check that PostgreSQL runs, and DATABASE_URL.').first().waitFor()
    await expectAccessible(opened.page)
    await expectNoSidewaysScroll(opened.page)
    opened.state.broken.clear()
    const retry = opened.page.getByRole('button', { name: 'Try again' })
    // one that is pressed goes, and others may go with it
    while ((await retry.count()) > 0)
      await retry
        .first()
        .click({ timeout: 2000 })
        .catch(() => {})
    await opened.page
      .getByText('The database cannot be reached. Check that PostgreSQL runs, and DATABASE_URL.')
      .first()
      .waitFor({ state: 'detached' })
    expect(opened.complaints).toEqual([])
  })

  test.runIf(empty)('says that there is nothing', async () => {
    const opened = await openFakePage(empty!.prepare, LOOKS.phone)
    await opened.go(path(opened.state))
    await opened.page.getByText(empty!.text).waitFor()
    await expectAccessible(opened.page)
    await expectNoSidewaysScroll(opened.page)
  })
})

test('the login page is accessible, and says when the password is wrong', async () => {
  const opened = await openFakePage((state) => (state.signedIn = false))
  const { page } = opened
  await opened.go('/sync')
  await page.getByRole('heading', { name: 'Sign in' }).waitFor()
  await expectAccessible(page)
  await page.getByLabel('User name').fill('superman')
  await page.getByLabel('Password', { exact: true }).fill('wrong')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByText('The user name or the password is wrong.').waitFor()
  await expectAccessible(page)
  await page.getByLabel('Password', { exact: true }).fill('a good password')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Sync to DHIS' }).waitFor()
  expect(opened.complaints).toEqual([])
})

test('whoever has only the base privilege is told so', async () => {
  const { page, go } = await openFakePage((state) => (state.rights = []))
  await go('/')
  await page.getByText('You do not have permissions assigned. Contact admin to assign privileges for your user').waitFor()
  await expectAccessible(page)
  expect(await page.getByRole('link', { name: 'Sync to DHIS' }).count()).toBe(0)
})

test('the server is gone: said, and mended by itself', async () => {
  const { page, go } = await openFakePage()
  await go('/sync')
  await page.getByRole('heading', { name: 'Sync to DHIS' }).waitFor()
  await page.context().setOffline(true)
  await page.getByText('You are offline.', { exact: false }).waitFor()
  await expectAccessible(page)
  await page.context().setOffline(false)
  await page.getByText('You are offline.', { exact: false }).waitFor({ state: 'detached' })
})
