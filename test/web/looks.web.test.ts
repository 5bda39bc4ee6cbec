/** Every page on every kind of screen: accessible, within the window, and quiet about errors and policies. */
import { describe, expect, test } from 'vitest'
import { expectAccessible, expectNoSidewaysScroll } from './support/browser.ts'
import { openFakePage } from './support/fake-page.ts'
import { LOOKS, PAGES } from './support/pages.ts'

const H1 = 'h1'

describe.each(Object.entries(PAGES))('%s', (_, { path, title }) => {
  test.each(Object.entries(LOOKS))('is accessible on %s', async (_look, options) => {
    const opened = await openFakePage(() => {}, options)
    await opened.go(path(opened.state))
    await opened.page.locator(H1).waitFor()
    await opened.page.waitForLoadState('networkidle')
    expect(await opened.page.locator(H1).innerText()).toContain(title)
    await expectAccessible(opened.page)
    await expectNoSidewaysScroll(opened.page)
    expect(opened.complaints).toEqual([])
  })
})
