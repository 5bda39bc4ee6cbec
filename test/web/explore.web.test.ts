import { test } from 'vitest'
import { openFakeApi } from './support/fake-api.ts'
import { openBrowser, openPage, PHONE } from './support/browser.ts'
import { mkdirSync } from 'node:fs'

test('shots', async () => {
  const api = await openFakeApi()
  const browser = await openBrowser()
  mkdirSync('.cache/explore', { recursive: true })
  const only = process.env['ONLY']?.split(',')
  const run = [...api.state.syncs.keys()][0]!
  const paths: Record<string, string> = {
    home: '/',
    sync: '/sync',
    run: `/runs/${run}`,
    rejected: '/rejected',
    logs: '/logs',
    preview: '/preview/HTS%20Service',
    mappings: '/mapping',
    form: '/mapping/edit/HTS%20Service',
    schedules: '/schedules',
    settings: '/settings',
  }
  for (const [look, options] of Object.entries({
    desk: {},
    phone: { viewport: PHONE, isMobile: true },
    dark: { colorScheme: 'dark' as const },
  })) {
    const { page, complaints } = await openPage(browser, options)
    for (const [name, path] of Object.entries(paths)) {
      if (only && !only.includes(name)) continue
      await page.goto(api.url + path)
      await page.waitForLoadState('networkidle')
      await page.screenshot({ path: `.cache/explore/${name}-${look}.png`, fullPage: true })
    }
    console.log(look, complaints)
    await page.close()
  }
  await browser.close()
  await api.close()
})
