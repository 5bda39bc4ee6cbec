/** Which DHIS2 is it, and which of its APIs do we speak? */
import { z } from 'zod'
import type { Dhis2Client, SystemInfo } from './client.ts'
import { RequestRefused, UnsupportedServer } from './errors.ts'
import { openHttp, type Http, type HttpOptions } from './http.ts'
import { legacyClient } from './legacy.ts'
import { trackerClient } from './tracker.ts'

export type ApiChoice = 'auto' | 'legacy' | 'tracker'

/** Its transactions lock a person's row: many writers get in each other's way. */
const MOST_ON_LEGACY = 3

const infoSchema = z.object({ version: z.string(), revision: z.string().nullish() })

/** @throws UnsupportedServer, AccessRefused, TransientFailure */
export async function connectDhis2(options: HttpOptions & { api: ApiChoice }): Promise<Dhis2Client> {
  const http = openHttp(options)
  try {
    const server = await readSystemInfo(http)
    if (chooseApi(server, options.api) === 'tracker') return trackerClient(http, server)
    options.pacer?.atMost(MOST_ON_LEGACY)
    return legacyClient(http, server)
  } catch (error) {
    await http.close()
    throw error
  }
}

/** Asks a server again and again how it is, over a connection of its own: others may be busy with an import for minutes. */
export interface Probe {
  /** @throws UnsupportedServer, AccessRefused, TransientFailure */
  look: () => Promise<{ version: string; api: 'legacy' | 'tracker' }>
  close: () => Promise<void>
}

export function openProbe(options: HttpOptions & { api: ApiChoice }): Probe {
  const http = openHttp(options)
  return {
    async look() {
      const server = await readSystemInfo(http)
      return { version: server.version, api: chooseApi(server, options.api) }
    },
    close: http.close,
  }
}

async function readSystemInfo(http: Http): Promise<SystemInfo> {
  try {
    return systemInfo(await http.get('system/info'))
  } catch (error) {
    if (error instanceof RequestRefused && error.status === 404)
      throw new UnsupportedServer('There is no DHIS2 at DHIS2_URL. Is its path missing there, as in https://example.org/dhis?')
    throw error
  }
}

function systemInfo(body: unknown): SystemInfo {
  const parsed = infoSchema.safeParse(body)
  const minor = Number(/^2\.(\d+)/.exec(parsed.data?.version ?? '')?.[1])
  if (!parsed.success || !Number.isInteger(minor))
    throw new UnsupportedServer('The server at DHIS2_URL does not say that it is a DHIS2 of version 2.')
  return { version: parsed.data.version, minor, revision: parsed.data.revision ?? null }
}

/** < 2.36 has only the legacy API, 2.42 dropped it; in 2.36 and 2.37 it is the safer way to write. */
export function chooseApi({ minor, version }: SystemInfo, choice: ApiChoice): 'legacy' | 'tracker' {
  if (minor < 30) throw new UnsupportedServer(`DHIS2 ${version} is older than 2.30, the oldest that this program knows.`)
  if (choice === 'tracker' && minor < 36)
    throw new UnsupportedServer(`DHIS2 ${version} has no /api/tracker: set DHIS2_API to auto or legacy.`)
  if (choice === 'legacy' && minor > 41)
    throw new UnsupportedServer(`DHIS2 ${version} has no legacy tracker API any more: set DHIS2_API to auto or tracker.`)
  if (choice !== 'auto') return choice
  return minor < 38 ? 'legacy' : 'tracker'
}
