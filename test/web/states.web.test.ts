/** Every page in every state that it has: accessible, within the window, and quiet about errors and policies. */
import { describe, expect, test } from 'vitest'
import { ApiProblem } from '../../src/api/api-problem.ts'
import type { AllOperations } from '../../dashboard/operations.ts'
import { expectAccessible, expectNoSidewaysScroll, PHONE } from './support/browser.ts'
import type { FakeState } from './support/fake-api.ts'
import { openFakePage, type FakePage } from './support/fake-page.ts'

const H1 = 'h1'
interface PageUnderTest {
  path: (state: FakeState) => string
  title: string
  reads: (keyof AllOperations)[]
  empty?: { prepare: (state: FakeState) => void; text: string }
}

const nothing = (state: FakeState) => {
  state.mappings.clear()
  state.syncs.clear()
  state.rejected = []
  state.logs = []
  state.schedules.clear()
}
const PAGES: Record<string, PageUnderTest> = {
  home: {
    path: () => '/',
    title: 'DHIS2 Sync',
    reads: ['readLastSyncs', 'readStatus', 'readStatistics'],
    empty: { prepare: nothing, text: 'There are no mappings yet.' },
  },
  mappings: {
    path: () => '/mapping',
    title: 'Manage Mapping',
    reads: ['listMappings'],
    empty: { prepare: nothing, text: 'There are no mappings yet.' },
  },
  'new mapping': { path: () => '/mapping/new', title: 'Add Mapping', reads: [] },
  'edit mapping': { path: () => '/mapping/edit/HTS%20Service', title: 'Edit HTS Service', reads: ['readMapping'] },
  sync: {
    path: () => '/sync',
    title: 'Sync to DHIS',
    reads: ['readLastSyncs'],
    empty: { prepare: nothing, text: 'There are no mappings yet. A sync needs one.' },
  },
  run: { path: (state) => `/runs/${[...state.syncs.keys()][0]}`, title: 'Sync of HTS Service', reads: ['readSync'] },
  preview: { path: () => '/preview/HTS%20Service', title: 'Preview of HTS Service', reads: ['readPreview'] },
  rejected: {
    path: () => '/rejected',
    title: 'Rejected records',
    reads: ['groupRejected'],
    empty: { prepare: nothing, text: 'No rejected records. DHIS2 has taken everything.' },
  },
  schedules: {
    path: () => '/schedules',
    title: 'Schedules',
    reads: ['listSchedules'],
    empty: { prepare: nothing, text: 'Nothing is synced by itself yet.' },
  },
  logs: {
    path: () => '/logs?all=yes',
    title: 'Logs',
    reads: ['listLogs'],
    empty: { prepare: nothing, text: 'No matching events found for given criteria !!' },
  },
  settings: { path: () => '/settings', title: 'Settings and status', reads: ['readSettings'] },
  'not found': { path: () => '/no-such-page', title: 'There is no such page', reads: [] },
}

const settled = async ({ page }: FakePage) => {
  await page.locator(H1).waitFor()
  await page.waitForLoadState('networkidle')
}
const LOOKS = {
  desktop: {},
  tablet: { viewport: { width: 768, height: 1024 } },
  phone: { viewport: PHONE, isMobile: true, hasTouch: true },
  dark: { colorScheme: 'dark' as const },
}

describe.each(Object.entries(PAGES))('%s', (_, { path, title, reads, empty }) => {
  test.each(Object.entries(LOOKS))('is accessible on %s', async (_look, options) => {
    const opened = await openFakePage(() => {}, options)
    await opened.go(path(opened.state))
    await settled(opened)
    expect(await opened.page.locator(H1).innerText()).toContain(title)
    await expectAccessible(opened.page)
    await expectNoSidewaysScroll(opened.page)
    expect(opened.complaints).toEqual([])
  })

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
