import { existsSync } from 'node:fs'

/** the one without windows needs half the time */
const PLACES = [
  process.env['CHROMIUM'],
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]

/** The machine's own browser, or the one that CHROMIUM names; nothing is downloaded. */
export const chromiumPath: string | undefined = PLACES.find((path) => path !== undefined && existsSync(path))
