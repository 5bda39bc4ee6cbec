/** Every page on every kind of screen: accessible, within the window, and quiet about errors and policies. */
import { describe, expect, test } from 'vitest'
import { takesTurn } from '../support/extent.ts'
import { expectAccessible, expectNoSidewaysScroll } from './support/browser.ts'
import { openFakePage } from './support/fake-page.ts'
import { LOOKS, PAGES } from './support/pages.ts'

describe.each(Object.entries(PAGES))('%s', (page, { path, title }) => {
  const looks = Object.entries(LOOKS).filter((_, i) => takesTurn(i, Object.keys(PAGES).indexOf(page)))
  test.each(looks)('is accessible on %s', async (_look, options) => {
    const opened = await openFakePage(() => {}, options)
    await opened.go(path(opened.state))
    // one that is loading has another heading
    await opened.page.locator('h1', { hasText: title }).waitFor()
    await opened.page.waitForLoadState('networkidle')
    await expectAccessible(opened.page)
    await expectNoSidewaysScroll(opened.page)
    expect(opened.complaints).toEqual([])
  })
})
