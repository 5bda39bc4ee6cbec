/** The whole program as a site has it: `serve` in a process of its own, PostgreSQL, a sandbox DHIS2, and an OpenMRS when it is asked for. */
import { onTestFinished } from 'vitest'
import type { BrowserContextOptions } from 'playwright-core'
import { startOpenmrs, type StandInOpenmrs } from '../../support/openmrs.ts'
import type { Env } from '../../support/program.ts'
import { openSite, type Site, type SiteOptions } from '../../support/site.ts'
import { openPage, sharedBrowser, type Opened } from './browser.ts'

export interface RealSite {
  site: Site
  url: string
  openmrs: StandInOpenmrs
  /** of the local account "superman", who has all rights */
  password: string
  /** a page that nobody has signed in on */
  open: (options?: BrowserContextOptions) => Promise<Opened>
  /** a page of superman's */
  openSignedIn: (path: string, options?: BrowserContextOptions) => Promise<Opened>
  close: () => Promise<void>
}

const ALL = ['app:dhis2sync', 'app:dhis2sync:mapping', 'app:dhis2sync:upload', 'app:dhis2sync:log']

/** @param prepare makes the clinic before its Mart is written. */
export async function openRealSite(options: SiteOptions & { prepare?: (site: Site) => void | Promise<void> } = {}): Promise<RealSite> {
  const { prepare, env, ...rest } = options
  const openmrs = await startOpenmrs([{ username: 'nurse', privileges: ALL }])
  const all: Env = { OPENMRS_URL: openmrs.url, OPENMRS_LOGIN_URL: '/bahmni/home/', PORT: '0', LOG_LEVEL: 'silent', ...env }
  const site = await openSite({ patients: 12, ...rest, env: all })
  await prepare?.(site)
  await site.mart()
  const added = await site.run(['users', 'add', 'superman', '--right', 'all', '--generate'])
  const password = /Password: (\S+)/.exec(added.out)![1]!
  const serving = site.start(['serve'])
  const [, url] = await serving.printed(/Open (http:\S+) in a browser/)
  const open = async (more: BrowserContextOptions = {}) => {
    const opened = await openPage(await sharedBrowser(), more)
    onTestFinished(() => opened.page.context().close())
    return opened
  }
  return {
    site,
    url: url!,
    openmrs,
    password,
    open,
    async openSignedIn(path, more) {
      const opened = await open(more)
      await opened.page.request.post(`${url}/api/v1/session`, { data: { name: 'superman', password } })
      await opened.page.goto(url + path)
      return opened
    },
    async close() {
      serving.child.kill('SIGTERM')
      await serving.ended
      await openmrs.close()
      await site.close()
    },
  }
}
