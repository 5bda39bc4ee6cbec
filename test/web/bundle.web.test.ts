/** What the first page costs a clinic's line: everything that is loaded before anything can be clicked, compressed. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'

const BUILT = join('dist', 'web')
const BUDGET = 350 * 1024

interface Chunk {
  file: string
  css?: string[]
  imports?: string[]
}

test('the first load is at most 350 KB', () => {
  const manifest = JSON.parse(readFileSync(join(BUILT, 'manifest.json'), 'utf8')) as Record<string, Chunk>
  const files = new Set<string>()
  const take = (name: string) => {
    const chunk = manifest[name]!
    if (files.has(chunk.file)) return
    files.add(chunk.file)
    for (const css of chunk.css ?? []) files.add(css)
    for (const one of chunk.imports ?? []) take(one)
  }
  take('index.html')
  // the page that opens first
  take('src/pages/home.tsx')
  const size = [...files].reduce((sum, file) => sum + gzipSync(readFileSync(join(BUILT, file))).length, 0)
  console.log(`first load: ${Math.round(size / 1024)} KB of ${BUDGET / 1024} in ${files.size} files`)
  expect(size).toBeLessThanOrEqual(BUDGET)
})

test('nothing in it names another machine to load from', () => {
  const manifest = JSON.parse(readFileSync(join(BUILT, 'manifest.json'), 'utf8')) as Record<string, Chunk>
  const styles = Object.values(manifest).flatMap(({ css = [] }) => css)
  for (const file of [...styles, 'index.html'])
    expect(readFileSync(join(BUILT, file), 'utf8')).not.toMatch(/url\(["']?https?:|(?:src|href)=["']https?:/)
})
