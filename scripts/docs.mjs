// `npm run docs` writes the parts of the pages that follow from the code, between "<!-- generated: NAME -->" and "<!-- end -->".
// `npm run docs:check` writes nothing, and fails when such a part is stale or a relative link points to nothing. Both start the program, and so build it first.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { runnerImport } from 'vite'
import { DEFECTS, source } from './mutations.mjs'

const { settingsTable } = (await runnerImport('./src/config.ts')).module
const { REJECTION_CATALOGUE } = (await runnerImport('./src/core/rejection.ts')).module

const GROUPS = { database: 'Database and queue', DHIS2: 'DHIS2', sync: 'Sync', service: 'Service', users: 'Users' }
const code = (text) => `\`${text}\``
const defaultOf = (setting) => (setting.default === null ? '' : code(setting.default))
const meaningOf = (setting) => `${setting.meaning}${setting.secret ? ' (secret)' : ''}`

const PARTS = {
  settings: () =>
    table(
      ['Setting', 'Meaning', 'Default'],
      settingsTable().map((s) => [code(s.name), meaningOf(s), defaultOf(s)]),
    ),
  'settings in full': () =>
    Object.entries(GROUPS)
      .map(([about, title]) => {
        const rows = settingsTable().filter((s) => s.about === about)
        return `## ${title}\n\n${table(
          ['Setting', 'Meaning', 'Should', 'Default', 'Example'],
          rows.map((s) => [code(s.name), meaningOf(s), s.accepts, defaultOf(s), code(s.example)]),
        )}`
      })
      .join('\n\n'),
  commands: () => block(help()),
  'sync options': () => block(help('sync')),
  figures: () =>
    table(
      ['What', 'Scenarios', 'Failed', 'Syncs', 'Requests spoilt', 'Processes killed', 'Servers gone and back', 'At'],
      Object.entries(JSON.parse(readFileSync('test/faults/last-run.json', 'utf8'))).map(([part, f]) => [
        `[${part}](../test/faults/${part}.faults.test.ts)`,
        ...[f.scenarios, f.failed, f.syncs, f.disturbed, f.killed, f.servers].map(String),
        `${f.commit}, ${f.date}`,
      ]),
    ),
  defects: () =>
    table(
      ['Deliberate defect', 'Where', 'Noticed by'],
      DEFECTS.filter(source).map(({ defect, file, tests: [, test, name] }) => [
        defect,
        code(file),
        `${code(test)}${name ? `: ${code(name)}` : ''}`,
      ]),
    ),
  rejections: () =>
    table(
      ['Code', 'Meaning', 'What to do'],
      Object.entries(REJECTION_CATALOGUE).map(([name, { title, remedy }]) => [code(name), title, remedy]),
    ),
}

/** Padded as the formatter does it, so that it leaves a generated table alone. */
function table(head, rows) {
  const cells = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')))
  const widths = head.map((_, i) => Math.max(3, ...cells.map((row) => row[i].length)))
  const line = (row) => `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`
  const [first, ...rest] = cells
  return [first, widths.map((width) => '-'.repeat(width)), ...rest].map(line).join('\n')
}

const block = (text) => `\`\`\`text\n${text.trim()}\n\`\`\``

function help(...command) {
  // --user's default is the reader's own name
  const { USER: _, ...env } = process.env
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/main.js', ...command, '--help'], { env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`dist/main.js ${command.join(' ')} --help: ${stderr}`)
  return stdout
}

const GENERATED = /(<!-- generated: (.+?) -->\n)[^]*?(<!-- end -->)/g

const generate = (text) =>
  text.replaceAll(GENERATED, (_, begin, name, end) => {
    const part = PARTS[name]
    if (!part) throw new Error(`there is no generated part "${name}"; there are ${Object.keys(PARTS).join(', ')}`)
    return `${begin}\n${part()}\n\n${end}`
  })

/** A begin whose end is misspelt would never be written, without a word. */
const unclosed = (text) => (text.replaceAll(GENERATED, '').match(/<!-- (generated: .+?|end) -->/) ?? [])[0]

const pages = [
  'README.md',
  'CHANGELOG.md',
  ...readdirSync('docs', { recursive: true })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
].toSorted()

const prose = (text) => text.replaceAll(/^```[^]*?^```$/gm, '').replaceAll(/`[^`\n]*`/g, '')

/** As GitHub makes them; a repeated heading's number is left out. */
const anchorsOf = (text) =>
  prose(text.replaceAll(/`([^`\n]*)`/g, '$1'))
    .split('\n')
    .filter((line) => /^#+ /.test(line))
    .map((line) =>
      line
        .replace(/^#+ /, '')
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    )

function brokenLinks(page) {
  const links = [...prose(readFileSync(page, 'utf8')).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link)
  return links
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => {
      const [path, anchor] = link.split('#')
      const target = path === '' ? page : resolve(dirname(page), decodeURI(path))
      if (!existsSync(target)) return true
      return anchor !== undefined && !anchorsOf(readFileSync(target, 'utf8')).includes(anchor)
    })
    .map((link) => `${page}: the link ${link} points to nothing`)
}

const checking = process.argv.includes('--check')
const problems = []
for (const page of pages) {
  const is = readFileSync(page, 'utf8')
  const should = generate(is)
  if (is !== should && checking) problems.push(`${page}: a generated part is stale, run "npm run docs"`)
  if (is !== should && !checking) writeFileSync(page, should)
  const left = unclosed(is)
  if (left) problems.push(`${page}: ${left} stands alone`)
}
if (checking) problems.push(...pages.flatMap(brokenLinks))
for (const problem of problems) console.error(problem)
if (checking && problems.length === 0) console.log(`${pages.length} pages are as the code says, and their links lead somewhere`)
process.exitCode = problems.length > 0 ? 1 : 0
