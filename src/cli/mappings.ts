import { readFile } from 'node:fs/promises'
import { formatMappingFile, parseMappingFile } from '../core/mapping-file.ts'
import { EXIT, UsageError } from './exit.ts'
import { withStore, type Env } from './with-store.ts'

const SAID = { create: 'created', replace: 'replaced', unchanged: 'unchanged' } as const

/** All mappings of the file or, when one of them is wrong, none. */
export async function importMappings(env: Env, file: string): Promise<number> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`The file ${file} cannot be read: ${(error as Error).message}`)
  })
  const { mappings, problems } = parseMappingFile(text)
  if (problems.length > 0) {
    for (const { item, name, problem } of problems)
      process.stderr.write(`${item > 0 ? `item ${item}${name ? ` (${name})` : ''}: ` : ''}${problem}\n`)
    return EXIT.usage
  }
  const outcomes = await withStore(env, (store) => store.saveMappings(mappings, env['USER'] ?? 'cli'))
  for (const { name, action } of outcomes) process.stdout.write(`${SAID[action]}: ${name}\n`)
  return EXIT.ok
}

export async function exportMappings(env: Env, name: string | null): Promise<number> {
  const all = await withStore(env, (store) => store.listMappings())
  const chosen = name === null ? all : all.filter((mapping) => mapping.name === name)
  if (name !== null && chosen.length === 0)
    throw new UsageError(`There is no mapping "${name}". "mappings list" names those that there are.`)
  process.stdout.write(formatMappingFile(chosen))
  return EXIT.ok
}

export async function listMappings(env: Env): Promise<number> {
  for (const { name } of await withStore(env, (store) => store.listMappings())) process.stdout.write(`${name}\n`)
  return EXIT.ok
}
