/** Of this program, as its package says: from the source and from dist alike. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const VERSION = read()

function read(): string {
  const here = dirname(fileURLToPath(import.meta.url))
  const file = [join(here, '..', 'package.json'), join(here, '..', '..', 'package.json')].find((path) => existsSync(path))
  return file ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : 'unknown'
}
