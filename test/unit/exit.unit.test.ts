/** What a command says of a failure, and its exit code. */
import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { DatabaseNewerError } from '../../sql/migrate.ts'
import { MappingNotFoundError, RunActiveError } from '../../sql/store/store.ts'
import { exitCodeOf, UsageError } from '../../src/cli/exit.ts'
import { checkPeriod } from '../../src/cli/sync.ts'
import { ConfigError } from '../../src/config.ts'
import { RunFailure } from '../../src/errors.ts'

function told(error: unknown): { code: number; said: string } {
  const stream = new PassThrough()
  const code = exitCodeOf(error, stream)
  return { code, said: String(stream.read()) }
}
/** as PostgreSQL's and Node's are; the message may quote values, and is never shown */
const coded = (code: string, cause?: unknown) => Object.assign(new Error('s3cr3t detail', { cause }), { code })

describe('what an administrator can mend is said in a sentence', () => {
  test.each([
    ['53100', 'The disk of the database is full. Make room, then sync again.'],
    ['ENOSPC', 'The disk of the database is full. Make room, then sync again.'],
    ['ECONNREFUSED', 'The database cannot be reached. Check that PostgreSQL runs, and DATABASE_URL.'],
    ['ENOTFOUND', 'The database cannot be reached. Check that PostgreSQL runs, and DATABASE_URL.'],
    ['57P03', 'The database cannot be reached. Check that PostgreSQL runs, and DATABASE_URL.'],
    ['57P01', 'The connection to the database was lost. Check that PostgreSQL runs; the next sync sends what is missing.'],
    ['ECONNRESET', 'The connection to the database was lost. Check that PostgreSQL runs; the next sync sends what is missing.'],
    ['28P01', 'The database does not accept our account. Check the user and the password in DATABASE_URL.'],
    [
      '42501',
      'Our account may not do this in the database. It must read the Mart, write our tables, have TEMPORARY on the database and, for "migrate", CREATE.',
    ],
    ['3D000', 'The database of DATABASE_URL does not exist.'],
    ['42P01', 'The database has not our tables. Run "bahmni-dhis2-sync migrate" first.'],
    ['53300', 'The database has no connections left. Raise its max_connections, or lower DATABASE_POOL_SIZE.'],
    ['EADDRINUSE', 'Another program listens on this port. Set PORT to a free one.'],
  ])('%s', (code, sentence) => {
    expect(told(coded(code))).toEqual({ code: 1, said: `${sentence}\n` })
    // as slonik wraps it
    expect(told(new Error('Query failed', { cause: coded(code) }))).toEqual({ code: 1, said: `${sentence}\n` })
  })
  test('the innermost cause says most', () => {
    expect(told(coded('ECONNRESET', coded('53100'))).said).toBe('The disk of the database is full. Make room, then sync again.\n')
  })
})

test.each<[string, unknown, number, string]>([
  ['settings', new ConfigError(['A is missing', 'B is wrong']), 2, 'A is missing\nB is wrong\n'],
  ['usage', new UsageError('--from and --to go together.'), 2, '--from and --to go together.\n'],
  ['an unknown mapping', new MappingNotFoundError('HTS'), 2, 'There is no mapping "HTS". "mappings list" names those that there are.\n'],
  [
    'a run that goes on',
    new RunActiveError('HTS', 'r1'),
    1,
    'A sync of "HTS" is already going on. Wait for its end, or end it with "bahmni-dhis2-sync cancel r1".\n',
  ],
  ['a failure of ours', new RunFailure('What to do.', { cause: coded('ECONNREFUSED') }), 1, 'What to do.\n'],
  ['a newer database', new DatabaseNewerError('Install it.'), 1, 'Install it.\n'],
  ['no error at all', 'thrown text', 1, 'thrown text\n'],
])('%s', (_name, error, code, said) => {
  expect(told(error)).toEqual({ code, said })
})

test('what nobody foresaw is told with its place, for a bug report', () => {
  const { code, said } = told(new TypeError('x is not a function'))
  expect(code).toBe(1)
  expect(said).toMatch(/^TypeError: x is not a function\n +at .*exit\.unit\.test\.ts/)
})

describe('a period', () => {
  test.each([
    ['2024-02-29', '2024-02-29'],
    ['2024-02-29', '2024-03-01'],
    [null, null],
  ])('%s to %s', (from, to) => expect(() => checkPeriod(from, to)).not.toThrow())
  test.each<[string | null, string | null, string]>([
    ['2024-02-30', '2024-03-01', '--from should be a day like 2024-03-01, not "2024-02-30".'],
    ['2024-03-01', '2023-02-29', '--to should be a day like 2024-03-01, not "2023-02-29".'],
    ['2024-13-01', '2024-13-01', '--from should be a day like 2024-03-01, not "2024-13-01".'],
    ['0000-01-01', '2024-03-01', '--from should be a day like 2024-03-01, not "0000-01-01".'],
    ['1.3.2024', '2024-03-01', '--from should be a day like 2024-03-01, not "1.3.2024".'],
    ['2024-03-01T00:00', '2024-03-01', '--from should be a day like 2024-03-01, not "2024-03-01T00:00".'],
    ['', '', '--from should be a day like 2024-03-01, not "".'],
    ['2024-03-01', null, '--from and --to go together.'],
    [null, '2024-03-01', '--from and --to go together.'],
    ['2024-03-02', '2024-03-01', '--from should not be after --to.'],
  ])('%s to %s is wrong usage', (from, to, sentence) => {
    expect(() => checkPeriod(from, to)).toThrow(new UsageError(sentence))
  })
})
