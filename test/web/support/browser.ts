/** Real Chromium, the system's own: nothing is downloaded. */
import { AxeBuilder } from '@axe-core/playwright'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core'
import { afterAll, expect } from 'vitest'
import { chromiumPath } from './chromium.ts'

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

const openBrowser = (): Promise<Browser> => {
  if (chromiumPath === undefined) throw new Error('There is no Chromium: install the package "chromium", or say in CHROMIUM where it is.')
  return chromium.launch({ executablePath: chromiumPath, headless: true, args: ARGS })
}

let shared: Promise<Browser> | null = null
afterAll(async () => (await shared)?.close())
/** One for all tests of a file: each has a context of its own. */
export const sharedBrowser = (): Promise<Browser> => (shared ??= openBrowser())

export const DESKTOP = { width: 1280, height: 800 }
export const PHONE = { width: 360, height: 740 }

export interface Opened {
  page: Page
  /** what the page has complained about: errors, and what the Content-Security-Policy refused */
  complaints: string[]
}

/** A page that must not ask anything of another machine, and has no errors of its own. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext({
    viewport: DESKTOP,
    locale: 'en-GB',
    timezoneId: 'Africa/Harare',
    reducedMotion: 'reduce',
    ...options,
  })
  context.setDefaultTimeout(60_000)
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('request', (request) => {
    const { protocol, hostname } = new URL(request.url())
    if (/^https?:$/.test(protocol) && hostname !== '127.0.0.1') complaints.push(`asked ${request.url()}`)
  })
  return { page, complaints }
}

const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

export async function expectAccessible(page: Page): Promise<void> {
  // the usual way reaches into frames of other origins, which we have none of, and takes three times as long
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).withTags(WCAG).analyze()
  const told = violations.map(
    ({ id, help, nodes }) =>
      `${id}: ${help}\n${nodes.map(({ html, failureSummary }) => `  ${html.slice(0, 300)}\n  ${failureSummary}`).join('\n')}`,
  )
  expect(told.join('\n\n')).toBe('')
}

/** Nothing sticks out to the side. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const { scrolled, seen } = await page.evaluate<{ scrolled: number; seen: number }>(
    '({ scrolled: document.documentElement.scrollWidth, seen: document.documentElement.clientWidth })',
  )
  expect(scrolled).toBeLessThanOrEqual(seen)
}
