/** `npm run screenshots`: a picture of every page on a desktop and a phone, light and dark, in .cache/screenshots. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import type { Page } from 'playwright-core'
import { DESKTOP, PHONE } from './support/browser.ts'
import type { FakeState } from './support/fake-api.ts'
import { openFakePage } from './support/fake-page.ts'

const FOLDER = join('.cache', 'screenshots')
const LOOKS = {
  'desktop-light': { viewport: DESKTOP },
  'desktop-dark': { viewport: DESKTOP, colorScheme: 'dark' as const },
  'phone-light': { viewport: PHONE, isMobile: true, hasTouch: true },
  'phone-dark': { viewport: PHONE, isMobile: true, hasTouch: true, colorScheme: 'dark' as const },
}
interface Shot {
  path: string | ((state: FakeState) => string)
  prepare?: (state: FakeState) => void
  act?: (page: Page) => Promise<void>
}
const going = (state: FakeState) => {
  const [sync] = state.syncs.values()
  state.syncMs = 1_000_000
  const at = new Date(Date.now() - 400_000).toISOString()
  state.syncs.set('c0ffee00-0000-4000-8000-000000000001', {
    ...sync!,
    id: 'c0ffee00-0000-4000-8000-000000000001',
    mapping: 'Patient Program',
    state: 'running',
    endedAt: null,
    startedAt: at,
    createdAt: at,
    failure: null,
  })
}
const SHOTS: Record<string, Shot> = {
  home: { path: '/' },
  'home-nothing-yet': {
    path: '/',
    prepare: (state) => {
      state.mappings.clear()
      state.syncs.clear()
    },
  },
  login: { path: '/', prepare: (state) => (state.signedIn = false) },
  mappings: { path: '/mapping' },
  'mapping-form': { path: '/mapping/edit/HTS%20Service' },
  'mapping-form-searching': {
    path: '/mapping/edit/HTS%20Service',
    act: async (page) => {
      await page.getByRole('button', { name: 'Suggest' }).first().click()
      await page.getByRole('combobox', { name: 'DHIS2 field for Gender' }).fill('n')
      await page.getByRole('option').first().waitFor()
    },
  },
  import: {
    path: '/mapping',
    act: async (page) => {
      await page.getByRole('button', { name: 'Import Mapping' }).click()
      const content = JSON.stringify([
        { mapping_name: 'HTS Service', lookup_table: {} },
        { mapping_name: 'ART Service', lookup_table: {} },
        { mapping_name: 'Broken' },
      ])
      await page
        .locator('input[type=file]')
        .setInputFiles({ name: 'mappings.json', mimeType: 'application/json', buffer: Buffer.from(content) })
      await page.getByText('is new').waitFor()
    },
  },
  sync: { path: '/sync', prepare: going },
  run: { path: (state) => `/runs/${[...state.syncs.keys()][0]}` },
  'run-going': { path: '/runs/c0ffee00-0000-4000-8000-000000000001', prepare: going },
  preview: { path: '/preview/HTS%20Service' },
  'preview-patient': {
    path: '/preview/HTS%20Service',
    act: async (page) => {
      await page
        .getByRole('button', { name: /^What DHIS2 gets/ })
        .first()
        .click()
      await page.getByText('Moyoo').waitFor()
    },
  },
  rejected: { path: '/rejected', act: (page) => page.getByRole('button', { name: 'Show the records' }).first().click() },
  schedules: { path: '/schedules' },
  'schedule-dialog': { path: '/schedules', act: (page) => page.getByRole('button', { name: 'Edit HTS Service' }).click() },
  logs: { path: '/logs?all=yes' },
  settings: { path: '/settings', act: (page) => page.getByRole('button', { name: 'Test everything' }).click() },
  'dhis2-away': { path: '/', prepare: (state) => (state.dhis2Up = false) },
}

describe.runIf(process.env['SCREENSHOTS']).each(Object.entries(LOOKS))('%s', (look, options) => {
  const only = process.env['SCREENSHOTS']?.split(',') ?? []
  test.each(Object.entries(SHOTS).filter(([name]) => only.includes('all') || only.includes(name)))(
    '%s',
    async (name, { path, prepare, act }) => {
      const { page, go, state } = await openFakePage(prepare, options)
      await go(typeof path === 'string' ? path : path(state))
      await page.locator('h1:not(.hidden)').waitFor()
      await page.waitForLoadState('networkidle')
      await act?.(page)
      await page.waitForLoadState('networkidle')
      if (name !== 'mapping-form-searching') await page.evaluate('window.scrollTo(0, 0)')
      mkdirSync(FOLDER, { recursive: true })
      await page.screenshot({ path: join(FOLDER, `${name}-${look}.png`), fullPage: !act || name === 'rejected' || name === 'settings' })
    },
  )
})
