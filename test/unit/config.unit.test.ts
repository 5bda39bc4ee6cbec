/** The settings: what each takes, and what is said of one that it does not take. */
import { describe, expect, test } from 'vitest'
import { ConfigError, describeConfig, readConfig, settingsTable, type Config, type Need } from '../../src/config.ts'

type Env = Record<string, string>
const DATABASE = 'postgresql://bahmni:s3cr3t-db@localhost:5432/mart'
/** everything that a sync cannot do without */
const WHOLE: Env = {
  DATABASE_URL: DATABASE,
  DHIS2_URL: 'https://dhis2.example.org',
  DHIS2_USERNAME: 'sync',
  DHIS2_PASSWORD: 's3cr3t-pw',
  SITE_ID: 'HARARE-01',
}
function problems(env: Env, needs: readonly Need[] = []): readonly string[] {
  try {
    readConfig(env, needs)
    return []
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    expect((error as ConfigError).message).toBe((error as ConfigError).problems.join('\n'))
    return (error as ConfigError).problems
  }
}

interface Row {
  name: string
  key: keyof Config
  /** each with what it is read as */
  good: readonly (readonly [string, unknown])[]
  bad: readonly string[]
  /** the end of "NAME …" for a bad value */
  sentence: string
  /** when it is not set */
  otherwise: string | number | null
}
const number = (min: number, max: number, fallback: number | null): Pick<Row, 'good' | 'bad' | 'otherwise'> => ({
  good: [
    [String(min), min],
    [String(max), max],
  ],
  bad: [String(min - 1), String(max + 1), '1.5', '1e1', '0x1', 'many', '١'],
  otherwise: fallback,
})
const texts = (sample: string, fallback: string | null): Pick<Row, 'good' | 'bad' | 'otherwise'> => ({
  good: [
    [sample, sample],
    [`  ${sample} \n`, sample],
  ],
  // no text is wrong but the empty one, and that counts as not set
  bad: [],
  otherwise: fallback,
})
const schema = (name: string, key: 'martSchema' | 'storeSchema', meaning: string): Row => ({
  name,
  key,
  good: [
    ['public', 'public'],
    ['_Mart$1', '_Mart$1'],
  ],
  bad: ['my mart', '1mart', 'a"b', 'a.b', 'a;drop'],
  sentence: `should be the name of a PostgreSQL schema: ${meaning}. Example: ${name}=public`,
  otherwise: 'public',
})

const ROWS: readonly Row[] = [
  {
    name: 'DATABASE_URL',
    key: 'databaseUrl',
    good: [
      [DATABASE, DATABASE],
      ['postgres://h/d', 'postgres://h/d'],
    ],
    bad: ['localhost:5432/mart', 'mysql://h/d', 'postgres', 'postgresql://h:port/d'],
    sentence:
      'should be a PostgreSQL URL: the database with Bahmni Mart and our tables; without it the embedded demo database is used. Example: DATABASE_URL=postgresql://bahmni:secret@localhost:5432/bahmni_mart',
    otherwise: null,
  },
  schema('MART_SCHEMA', 'martSchema', 'schema of the Mart’s tables and views'),
  schema('STORE_SCHEMA', 'storeSchema', 'schema of the tracker, mapping, marker and log tables'),
  {
    name: 'DATABASE_POOL_SIZE',
    key: 'poolSize',
    ...number(2, 100, 10),
    sentence:
      'should be a whole number from 2 to 100: connections of one process; as it works it has one more for each chunk, and the queue its own. Example: DATABASE_POOL_SIZE=10',
  },
  {
    name: 'REDIS_URL',
    key: 'redisUrl',
    good: [
      ['redis://h:6379', 'redis://h:6379'],
      ['rediss://h', 'rediss://h'],
    ],
    bad: ['h:6379', 'http://h'],
    sentence: 'should be a Redis URL: keeps the queue in Redis instead of PostgreSQL. Example: REDIS_URL=redis://localhost:6379',
    otherwise: null,
  },
  {
    name: 'DHIS2_URL',
    key: 'dhis2Url',
    good: [
      ['https://dhis2.example.org', 'https://dhis2.example.org'],
      [' http://10.0.0.1:8080/dhis ', 'http://10.0.0.1:8080/dhis'],
    ],
    bad: ['dhis2.example.org', 'ftp://h', 'https://'],
    sentence: 'should be the address of DHIS2, without /api: address of DHIS2, without /api. Example: DHIS2_URL=https://dhis2.example.org',
    otherwise: null,
  },
  { name: 'DHIS2_TOKEN', key: 'dhis2Token', ...texts('d2pat_x', null), sentence: '' },
  { name: 'DHIS2_USERNAME', key: 'dhis2Username', ...texts('sync', null), sentence: '' },
  { name: 'DHIS2_PASSWORD', key: 'dhis2Password', ...texts('a b', null), sentence: '' },
  {
    name: 'DHIS2_API',
    key: 'dhis2Api',
    good: ['auto', 'legacy', 'tracker'].map((api) => [api, api]),
    bad: ['Legacy', 'old'],
    sentence: 'should be auto, legacy or tracker: which of DHIS2’s APIs to speak; auto looks at the version. Example: DHIS2_API=auto',
    otherwise: 'auto',
  },
  {
    name: 'DHIS2_TRACKED_ENTITY_TYPE',
    key: 'trackedEntityType',
    good: [['MCPQUTHX1Ze', 'MCPQUTHX1Ze']],
    bad: ['Person', '1CPQUTHX1Ze', 'MCPQUTHX1Zé', 'MCPQUTHX1Ze1'],
    sentence:
      'should be a DHIS2 UID of 11 characters: UID of the patients’ tracked entity type; needed only when the programs do not agree on one. Example: DHIS2_TRACKED_ENTITY_TYPE=MCPQUTHX1Ze',
    otherwise: null,
  },
  {
    name: 'DHIS2_TIMEOUT',
    key: 'timeoutSeconds',
    ...number(1, 3600, 300),
    sentence: 'should be a whole number from 1 to 3600: seconds to wait for one answer. Example: DHIS2_TIMEOUT=300',
  },
  {
    name: 'DHIS2_RETRY_SECONDS',
    key: 'retrySeconds',
    ...number(0, 3600, 120),
    sentence:
      'should be a whole number from 0 to 3600: seconds for which a request is tried again when DHIS2 is away or busy. Example: DHIS2_RETRY_SECONDS=120',
  },
  { name: 'SITE_ID', key: 'siteId', ...texts('HARARE-01', null), sentence: '' },
  {
    name: 'SYNC_CHUNK_SIZE',
    key: 'chunkSize',
    ...number(1, 1000, null),
    sentence:
      'should be a whole number from 1 to 1000: patients in one request; without it up to 25 on the legacy API and up to 100 on the tracker API, fewer while DHIS2 is slow or fails. Example: SYNC_CHUNK_SIZE=100',
  },
  {
    name: 'SYNC_CONCURRENCY',
    key: 'concurrency',
    ...number(1, 16, null),
    sentence:
      'should be a whole number from 1 to 16: requests that write to DHIS2 at a time; without it as many as it answers best, up to 3 on the legacy API and 6 on the tracker API. Example: SYNC_CONCURRENCY=2',
  },
  {
    name: 'SYNC_MARKER_OVERLAP_DAYS',
    key: 'overlapDays',
    ...number(0, 3650, 7),
    sentence:
      'should be a whole number from 0 to 3650: days before the marker that are looked at again, for rows that reach the Mart late. Example: SYNC_MARKER_OVERLAP_DAYS=7',
  },
  {
    name: 'FAILURE_RETENTION_DAYS',
    key: 'failureRetentionDays',
    ...number(0, 3650, 90),
    sentence:
      'should be a whole number from 0 to 3650: days until the values of settled and dismissed rejected records, and the copies of ended runs, are erased. Example: FAILURE_RETENTION_DAYS=90',
  },
  {
    name: 'RUN_RETENTION_DAYS',
    key: 'runRetentionDays',
    ...number(1, 36_500, 730),
    sentence:
      'should be a whole number from 1 to 36500: days until ended syncs are deleted, with their steps and counts; the log keeps its row of each for ever. Example: RUN_RETENTION_DAYS=730',
  },
  {
    name: 'TIME_ZONE',
    key: 'timeZone',
    good: [
      ['Africa/Harare', 'Africa/Harare'],
      ['UTC', 'UTC'],
    ],
    bad: ['Harare', 'Africa/Nowhere', 'Africa/Harare; set role x'],
    sentence: 'should be the name of an IANA time zone: the site’s time zone; by default the system’s. Example: TIME_ZONE=Africa/Harare',
    otherwise: Intl.DateTimeFormat().resolvedOptions().timeZone,
  },
  { name: 'HOST', key: 'host', ...texts('0.0.0.0', '127.0.0.1'), sentence: '' },
  {
    name: 'PORT',
    key: 'port',
    ...number(0, 65_535, 8060),
    sentence: 'should be a whole number from 0 to 65535: port that `serve` listens on. Example: PORT=8060',
  },
  {
    name: 'LOG_LEVEL',
    key: 'logLevel',
    good: ['debug', 'info', 'warn', 'error', 'silent'].map((level) => [level, level]),
    bad: ['INFO', 'trace'],
    sentence: 'should be debug, info, warn, error or silent: least weight of a log line. Example: LOG_LEVEL=info',
    otherwise: 'info',
  },
  {
    name: 'SHUTDOWN_TIMEOUT',
    key: 'shutdownSeconds',
    ...number(0, 3600, 30),
    sentence:
      'should be a whole number from 0 to 3600: seconds that jobs in flight have to come to their end when the service is stopped; what is left then goes to other workers. Example: SHUTDOWN_TIMEOUT=30',
  },
  { name: 'DATA_DIR', key: 'dataDir', ...texts('/srv/demo', '.data'), sentence: '' },
  {
    name: 'PUBLIC_URL',
    key: 'publicUrl',
    good: [['https://bahmni.example.org/dhis2-sync', 'https://bahmni.example.org/dhis2-sync']],
    bad: ['bahmni.example.org', 'ftp://h', '/dhis2-sync'],
    sentence:
      'should be the address that users open: address that users open, when a proxy in front changes the Host header. Example: PUBLIC_URL=https://bahmni.example.org/dhis2-sync',
    otherwise: null,
  },
  {
    name: 'TRUSTED_PROXIES',
    key: 'trustedProxies',
    good: ['loopback', '10.0.0.1', '172.16.0.0/12, 192.168.1.1', '::1, fc00::/7', 'loopback,linklocal,uniquelocal'].map((list) => [
      list,
      list,
    ]),
    bad: ['true', '1', 'proxy.example.org', '10.0.0.0/33', '10.0.0.0/0', '::/129', '10.0.0.1,', '10.0.0.1/8/8', '10.0.0'],
    sentence:
      'should be IP addresses, networks as in 172.16.0.0/12, loopback, linklocal or uniquelocal, with commas between: proxies in front, whose word on a caller’s address and on https is taken. Example: TRUSTED_PROXIES=loopback, 172.16.0.0/12',
    otherwise: 'loopback',
  },
  {
    name: 'OPENMRS_URL',
    key: 'openmrsUrl',
    good: [['http://localhost:8050/openmrs', 'http://localhost:8050/openmrs']],
    bad: ['localhost:8050', 'ftp://h', '/openmrs'],
    sentence:
      'should be the address of OpenMRS, without /ws/rest/v1: OpenMRS as this machine reaches it: it says who a user is; without it there are only accounts of this program. Example: OPENMRS_URL=http://localhost:8050/openmrs',
    otherwise: null,
  },
  {
    name: 'OPENMRS_LOGIN_URL',
    key: 'openmrsLoginUrl',
    good: ['/bahmni/home/', 'https://bahmni.example.org/home'].map((url) => [url, url]),
    bad: ['bahmni/home', '//evil.example.org', 'javascript:alert(1)'],
    sentence:
      'should be a path or an address: page on which users sign in to OpenMRS, as their browsers reach it. Example: OPENMRS_LOGIN_URL=/bahmni/home/',
    otherwise: '/bahmni/home/',
  },
  {
    name: 'OPENMRS_TIMEOUT',
    key: 'openmrsTimeout',
    ...number(1, 60, 10),
    sentence: 'should be a whole number from 1 to 60: seconds to wait for an answer of OpenMRS. Example: OPENMRS_TIMEOUT=10',
  },
  {
    name: 'SESSION_IDLE_MINUTES',
    key: 'sessionIdleMinutes',
    ...number(5, 1440, 60),
    sentence:
      'should be a whole number from 5 to 1440: minutes without a request after which whoever is signed in with an account of this program is signed out. Example: SESSION_IDLE_MINUTES=60',
  },
  {
    name: 'SESSION_HOURS',
    key: 'sessionHours',
    ...number(1, 720, 12),
    sentence: 'should be a whole number from 1 to 720: hours after which they are signed out in any case. Example: SESSION_HOURS=12',
  },
]
/** one of them alone is refused: see below */
const OF_A_GROUP = ['OPENMRS_USERNAME', 'OPENMRS_PASSWORD']

test('the table has every setting', () => {
  expect([...ROWS.map((row) => row.name), ...OF_A_GROUP].toSorted()).toEqual(
    settingsTable()
      .map((s) => s.name)
      .toSorted(),
  )
})

describe.each(ROWS)('$name', ({ name, key, good, bad, sentence, otherwise }) => {
  test.each(good)('%j is read as %j', (text, value) => {
    expect(readConfig({ [name]: text })[key]).toBe(value)
  })
  if (bad.length > 0)
    test.each(bad)('%j is refused, with what it should be, what it is for, and an example', (text) => {
      expect(problems({ [name]: text })).toEqual([`${name} ${sentence}`])
    })
  test.each(['', '  '])('%j is as if it were not set', (text) => {
    expect(readConfig({ [name]: text })[key]).toBe(otherwise)
    expect(readConfig({})[key]).toBe(otherwise)
  })
  test('its example is a good value, and the documentation says what it takes', () => {
    const documented = settingsTable().find((s) => s.name === name)!
    expect(documented.example === '…' || problems({ [name]: documented.example }).length === 0).toBe(true)
    expect(documented.default).toBe(otherwise === null || name === 'TIME_ZONE' ? null : String(otherwise))
    if (sentence !== '') expect(sentence).toContain(`should be ${documented.accepts.replace(/^be /, '')}: ${documented.meaning}`)
  })
})

describe('what a command cannot do without', () => {
  const without = (...names: string[]) => Object.fromEntries(Object.entries(WHOLE).filter(([name]) => !names.includes(name)))
  const missing = (name: string, more = '') =>
    expect.stringMatching(new RegExp(`^${name} is missing${more}: .+\\. Example: ${name}=`)) as string
  test.each<[string, Env, readonly Need[], readonly unknown[]]>([
    ['nothing is needed', {}, [], []],
    ['all is there', WHOLE, ['database', 'dhis2'], []],
    [
      'a token instead of an account',
      { ...without('DHIS2_USERNAME', 'DHIS2_PASSWORD'), DHIS2_TOKEN: 'd2pat_x' },
      ['database', 'dhis2'],
      [],
    ],
    ['no database', without('DATABASE_URL'), ['database', 'dhis2'], [missing('DATABASE_URL')]],
    ['no DHIS2', without('DHIS2_URL'), ['dhis2'], [missing('DHIS2_URL')]],
    ['no site', without('SITE_ID'), ['dhis2'], [missing('SITE_ID')]],
    ['no password', without('DHIS2_PASSWORD'), ['dhis2'], [missing('DHIS2_PASSWORD', ' \\(or set DHIS2_TOKEN\\)')]],
    [
      'no account',
      without('DHIS2_USERNAME', 'DHIS2_PASSWORD'),
      ['dhis2'],
      [missing('DHIS2_USERNAME', ' \\(or set DHIS2_TOKEN\\)'), missing('DHIS2_PASSWORD', ' \\(or set DHIS2_TOKEN\\)')],
    ],
    ['a command that needs only the database', { DATABASE_URL: DATABASE }, ['database'], []],
  ])('%s', (_name, env, needs, expected) => {
    expect(problems(env, needs)).toEqual(expected)
  })
  test('one that is wrong is told once, not also as missing', () => {
    expect(problems({ ...WHOLE, DHIS2_URL: 'dhis2' }, ['dhis2'])).toEqual([expect.stringMatching(/^DHIS2_URL should be/)])
  })
})

test('an account for OpenMRS needs OpenMRS, a name and a password', () => {
  const whole: Env = { OPENMRS_URL: 'http://h/openmrs', OPENMRS_USERNAME: 'sync', OPENMRS_PASSWORD: 's3cr3t' }
  expect(readConfig(whole)).toMatchObject({ openmrsUsername: 'sync', openmrsPassword: 's3cr3t' })
  expect(problems({ OPENMRS_URL: 'http://h/openmrs' })).toEqual([])
  for (const name of ['OPENMRS_URL', 'OPENMRS_USERNAME', 'OPENMRS_PASSWORD'])
    expect(problems(Object.fromEntries(Object.entries(whole).filter(([other]) => other !== name)))).toEqual([
      expect.stringMatching(
        new RegExp(`^${name} is missing: OPENMRS_URL, OPENMRS_USERNAME and OPENMRS_PASSWORD go together. Example: ${name}=`),
      ),
    ])
})

describe('a setting that there is not', () => {
  test.each([
    ['DHIS2_URI', ' Do you mean DHIS2_URL?'],
    ['DHIS2_USER', ' Do you mean DHIS2_USERNAME?'],
    ['SYNC_CHUNK', ' Do you mean SYNC_CHUNK_SIZE?'],
    ['DHIS2_USER_NAME', ' Do you mean DHIS2_USERNAME?'],
    ['DHIS2_PASSWROD', ' Do you mean DHIS2_PASSWORD?'],
    ['SYNC_CHUNKSIZE', ' Do you mean SYNC_CHUNK_SIZE?'],
    ['SYNC_CONCURENCY', ' Do you mean SYNC_CONCURRENCY?'],
    ['SYNC_SOMETHING_ELSE', ''],
    ['DHIS2_DATABASE_PASSWORD', ''],
  ])('%s', (name, proposal) => {
    expect(problems({ [name]: 's3cr3t' })).toEqual([`${name} is not a setting of this program.${proposal} Remove it or correct its name.`])
  })
  test('those of other programs are left alone', () => {
    expect(problems({ PATH: '/bin', DHIS: 'x', MY_DHIS2_URL: 'x', SYNCTHING: 'x', dhis2_url: 'x' })).toEqual([])
  })
})

test('all faults at once: wrong, unknown and missing ones', () => {
  expect(problems({ PORT: 'x', LOG_LEVEL: 'x', SYNC_B: '1', DHIS2_A: '1' }, ['database'])).toEqual([
    expect.stringMatching(/^PORT /),
    expect.stringMatching(/^LOG_LEVEL /),
    expect.stringMatching(/^DHIS2_A is not a setting/),
    expect.stringMatching(/^SYNC_B is not a setting/),
    expect.stringMatching(/^DATABASE_URL is missing/),
  ])
})

describe('secrets', () => {
  const secrets: Env = {
    DATABASE_URL: DATABASE,
    REDIS_URL: 'redis://:s3cr3t-redis@h',
    DHIS2_TOKEN: 's3cr3t-token',
    DHIS2_PASSWORD: 's3cr3t-pw',
    OPENMRS_PASSWORD: 's3cr3t-openmrs',
  }
  test('are masked in what is described; what is not set is left out', () => {
    const described = describeConfig(readConfig({ ...WHOLE, ...secrets, OPENMRS_URL: 'http://h/openmrs', OPENMRS_USERNAME: 'sync' }))
    const of = Object.fromEntries(described.map(({ name, value }) => [name, value]))
    for (const name of Object.keys(secrets)) expect(of[name], name).toBe('********')
    expect(JSON.stringify(described)).not.toContain('s3cr3t')
    expect(of).toMatchObject({ DHIS2_URL: WHOLE['DHIS2_URL'], SITE_ID: 'HARARE-01', PORT: '8060' })
    expect(of).not.toHaveProperty('SYNC_CHUNK_SIZE')
  })
  test('are not in what is said of a wrong value', () => {
    const wrong: Env = { DATABASE_URL: 's3cr3t:database', REDIS_URL: 's3cr3t:redis', DHIS2_PASWORD: 's3cr3t', PORT: 's3cr3t' }
    expect(problems(wrong)).toHaveLength(4)
    expect(problems(wrong).join('\n')).not.toContain('s3cr3t')
  })
  test('are called so in the documentation', () => {
    expect(
      settingsTable()
        .filter((s) => s.secret)
        .map((s) => s.name)
        .toSorted(),
    ).toEqual(Object.keys(secrets).toSorted())
  })
})
