/** The interface in Chromium on the API in memory, closed by itself at the end of a test. */
import { onTestFinished } from 'vitest'
import type { BrowserContextOptions } from 'playwright-core'
import { openPage, sharedBrowser, type Opened } from './browser.ts'
import { fakeState, openFakeApi, type FakeApi, type FakeState } from './fake-api.ts'

export interface FakePage extends Opened, FakeApi {
  go: (path: string) => Promise<void>
}

export async function openFakePage(prepare: (state: FakeState) => void = () => {}, options: BrowserContextOptions = {}): Promise<FakePage> {
  const state = fakeState()
  prepare(state)
  const api = await openFakeApi(state)
  const opened = await openPage(await sharedBrowser(), options)
  onTestFinished(async () => {
    await opened.page.context().close()
    await api.close()
  })
  return {
    ...opened,
    ...api,
    async go(path) {
      await opened.page.goto(api.url + path)
    },
  }
}
