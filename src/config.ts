/** The only reader of the environment. One table says what each setting is: it drives the checks, the error texts and the documentation. */
import { isIP } from 'node:net'
import { z } from 'zod'
import { isTimeZone } from './core/time-zone.ts'

interface Setting<T> {
  name: string
  /** group in the documentation */
  about: 'database' | 'DHIS2' | 'sync' | 'service' | 'users'
  meaning: string
  example: string
  /** as text; null: there is none */
  default: string | null
  secret: boolean
  parse: z.ZodType<T, string>
}

const setting = <T>(
  name: string,
  about: Setting<T>['about'],
  parse: z.ZodType<T, string>,
  meaning: string,
  example: string,
  more: { default?: string; secret?: boolean } = {},
): Setting<T> => ({ name, about, meaning, example, default: more.default ?? null, secret: more.secret ?? false, parse })

const text = z.string().trim().min(1, 'should not be empty')
const identifier = z.string().regex(/^[A-Za-z_][A-Za-z0-9_$]*$/, 'should be the name of a PostgreSQL schema')
const url = (protocols: RegExp, what: string) =>
  z.string().refine((value) => URL.canParse(value) && protocols.test(value), `should be ${what}`)
const whole = (min: number, max: number) =>
  z
    .string()
    .refine(
      (value) => /^\d+$/.test(value) && Number(value) >= min && Number(value) <= max,
      `should be a whole number from ${min} to ${max}`,
    )
    .transform(Number)
const timeZone = z.string().refine(isTimeZone, 'should be the name of an IANA time zone')
const uid = z.string().regex(/^[A-Za-z][A-Za-z0-9]{10}$/, 'should be a DHIS2 UID of 11 characters')

const SETTINGS = {
  databaseUrl: setting(
    'DATABASE_URL',
    'database',
    url(/^postgres(ql)?:/, 'a PostgreSQL URL'),
    'the database with Bahmni Mart and our tables; without it the embedded demo database is used',
    'postgresql://bahmni:secret@localhost:5432/bahmni_mart',
    { secret: true },
  ),
  martSchema: setting('MART_SCHEMA', 'database', identifier, 'schema of the Mart’s tables and views', 'public', { default: 'public' }),
  storeSchema: setting('STORE_SCHEMA', 'database', identifier, 'schema of the tracker, mapping, marker and log tables', 'public', {
    default: 'public',
  }),
  poolSize: setting(
    'DATABASE_POOL_SIZE',
    'database',
    whole(2, 100),
    'connections of one process; as it works it has one more for each chunk, and the queue its own',
    '10',
    { default: '10' },
  ),
  redisUrl: setting(
    'REDIS_URL',
    'database',
    url(/^rediss?:/, 'a Redis URL'),
    'keeps the queue in Redis instead of PostgreSQL',
    'redis://localhost:6379',
    { secret: true },
  ),
  dhis2Url: setting(
    'DHIS2_URL',
    'DHIS2',
    url(/^https?:/, 'the address of DHIS2, without /api'),
    'address of DHIS2, without /api',
    'https://dhis2.example.org',
  ),
  dhis2Token: setting(
    'DHIS2_TOKEN',
    'DHIS2',
    text,
    'personal access token (2.38 and later), instead of user name and password',
    'd2pat_…',
    { secret: true },
  ),
  dhis2Username: setting('DHIS2_USERNAME', 'DHIS2', text, 'account that writes tracker data', 'bahmni-sync'),
  dhis2Password: setting('DHIS2_PASSWORD', 'DHIS2', text, 'its password', '…', { secret: true }),
  dhis2Api: setting(
    'DHIS2_API',
    'DHIS2',
    z.enum(['auto', 'legacy', 'tracker'], 'should be auto, legacy or tracker'),
    'which of DHIS2’s APIs to speak; auto looks at the version',
    'auto',
    {
      default: 'auto',
    },
  ),
  trackedEntityType: setting(
    'DHIS2_TRACKED_ENTITY_TYPE',
    'DHIS2',
    uid,
    'UID of the patients’ tracked entity type; needed only when the programs do not agree on one',
    'MCPQUTHX1Ze',
  ),
  timeoutSeconds: setting('DHIS2_TIMEOUT', 'DHIS2', whole(1, 3600), 'seconds to wait for one answer', '300', { default: '300' }),
  retrySeconds: setting(
    'DHIS2_RETRY_SECONDS',
    'DHIS2',
    whole(0, 3600),
    'seconds for which a request is tried again when DHIS2 is away or busy',
    '120',
    { default: '120' },
  ),
  siteId: setting(
    'SITE_ID',
    'sync',
    text,
    'name of this clinic’s Bahmni: unlike every other one that sends to the same DHIS2, and never changed; UIDs follow from it',
    'HARARE-01',
  ),
  chunkSize: setting(
    'SYNC_CHUNK_SIZE',
    'sync',
    whole(1, 1000),
    'patients in one request; without it up to 25 on the legacy API and up to 100 on the tracker API, fewer while DHIS2 is slow or fails',
    '100',
  ),
  concurrency: setting(
    'SYNC_CONCURRENCY',
    'sync',
    whole(1, 16),
    'requests that write to DHIS2 at a time; without it as many as it answers best, up to 3 on the legacy API and 6 on the tracker API',
    '2',
  ),
  overlapDays: setting(
    'SYNC_MARKER_OVERLAP_DAYS',
    'sync',
    whole(0, 3650),
    'days before the marker that are looked at again, for rows that reach the Mart late',
    '7',
    { default: '7' },
  ),
  failureRetentionDays: setting(
    'FAILURE_RETENTION_DAYS',
    'sync',
    whole(0, 3650),
    'days until the values of settled and dismissed rejected records, and the copies of ended runs, are erased',
    '90',
    { default: '90' },
  ),
  runRetentionDays: setting(
    'RUN_RETENTION_DAYS',
    'sync',
    whole(1, 36_500),
    'days until ended syncs are deleted, with their steps and counts; the log keeps its row of each for ever',
    '730',
    { default: '730' },
  ),
  timeZone: setting('TIME_ZONE', 'sync', timeZone, 'the site’s time zone; by default the system’s', 'Africa/Harare'),
  host: setting('HOST', 'service', text, 'address that `serve` listens on', '127.0.0.1', { default: '127.0.0.1' }),
  port: setting('PORT', 'service', whole(0, 65_535), 'port that `serve` listens on', '8060', { default: '8060' }),
  publicUrl: setting(
    'PUBLIC_URL',
    'service',
    url(/^https?:/, 'the address that users open'),
    'address that users open, when a proxy in front changes the Host header',
    'https://bahmni.example.org/dhis2-sync',
  ),
  trustedProxies: setting(
    'TRUSTED_PROXIES',
    'service',
    z
      .string()
      .refine(areProxies, 'should be IP addresses, networks as in 172.16.0.0/12, loopback, linklocal or uniquelocal, with commas between'),
    'proxies in front, whose word on a caller’s address and on https is taken',
    'loopback, 172.16.0.0/12',
    { default: 'loopback' },
  ),
  logLevel: setting(
    'LOG_LEVEL',
    'service',
    z.enum(['debug', 'info', 'warn', 'error', 'silent'], 'should be debug, info, warn, error or silent'),
    'least weight of a log line',
    'info',
    {
      default: 'info',
    },
  ),
  shutdownSeconds: setting(
    'SHUTDOWN_TIMEOUT',
    'service',
    whole(0, 3600),
    'seconds that jobs in flight have to come to their end when the service is stopped; what is left then goes to other workers',
    '30',
    { default: '30' },
  ),
  dataDir: setting('DATA_DIR', 'service', text, 'folder of the embedded demo database', '.data', { default: '.data' }),
  openmrsUrl: setting(
    'OPENMRS_URL',
    'users',
    url(/^https?:/, 'the address of OpenMRS, without /ws/rest/v1'),
    'OpenMRS as this machine reaches it: it says who a user is; without it there are only accounts of this program',
    'http://localhost:8050/openmrs',
  ),
  openmrsLoginUrl: setting(
    'OPENMRS_LOGIN_URL',
    'users',
    z
      .string()
      .refine((value) => /^\/(?!\/)/.test(value) || (URL.canParse(value) && /^https?:/.test(value)), 'should be a path or an address'),
    'page on which users sign in to OpenMRS, as their browsers reach it',
    '/bahmni/home/',
    { default: '/bahmni/home/' },
  ),
  openmrsTimeout: setting('OPENMRS_TIMEOUT', 'users', whole(1, 60), 'seconds to wait for an answer of OpenMRS', '10', { default: '10' }),
  openmrsUsername: setting(
    'OPENMRS_USERNAME',
    'users',
    text,
    'account that writes to OpenMRS’s audit log; without it only our own audit table is written',
    'dhis2-sync',
  ),
  openmrsPassword: setting('OPENMRS_PASSWORD', 'users', text, 'its password, without a colon', '…', { secret: true }),
  sessionIdleMinutes: setting(
    'SESSION_IDLE_MINUTES',
    'users',
    whole(5, 1440),
    'minutes without a request after which whoever is signed in with an account of this program is signed out',
    '60',
    { default: '60' },
  ),
  sessionHours: setting('SESSION_HOURS', 'users', whole(1, 720), 'hours after which they are signed out in any case', '12', {
    default: '12',
  }),
} as const

type Settings = { [Key in keyof typeof SETTINGS]: z.output<(typeof SETTINGS)[Key]['parse']> | null }
type Defaulted =
  | 'martSchema'
  | 'storeSchema'
  | 'poolSize'
  | 'dhis2Api'
  | 'timeoutSeconds'
  | 'retrySeconds'
  | 'overlapDays'
  | 'failureRetentionDays'
  | 'runRetentionDays'
  | 'host'
  | 'port'
  | 'trustedProxies'
  | 'logLevel'
  | 'shutdownSeconds'
  | 'dataDir'
  | 'openmrsLoginUrl'
  | 'openmrsTimeout'
  | 'sessionIdleMinutes'
  | 'sessionHours'

export type Config = Omit<Settings, Defaulted | 'timeZone'> & { [Key in Defaulted]: NonNullable<Settings[Key]> } & { timeZone: string }

/** Every problem at once, each with the setting's name, what it should be, and an example. */
export class ConfigError extends Error {
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/** What a command cannot do without. */
export type Need = 'database' | 'dhis2'

/** @throws ConfigError */
export function readConfig(env: Readonly<Record<string, string | undefined>>, needs: readonly Need[] = []): Config {
  const problems: string[] = []
  const values = Object.fromEntries(
    Object.entries(SETTINGS).map(([key, s]: [string, Setting<unknown>]) => {
      const given = env[s.name]?.trim() ?? ''
      const source = given === '' ? s.default : given
      if (source === null) return [key, null]
      const parsed = s.parse.safeParse(source)
      if (!parsed.success) problems.push(`${s.name} ${parsed.error.issues[0]!.message}: ${s.meaning}. Example: ${s.name}=${s.example}`)
      // undefined, not null: one that is wrong is not missing too
      return [key, parsed.data]
    }),
  ) as unknown as Config
  problems.push(...unknownSettings(env), ...missing(values, needs), ...halves(values))
  if (problems.length > 0) throw new ConfigError(problems)
  return { ...values, timeZone: values.timeZone ?? systemTimeZone() }
}

function missing(config: Config, needs: readonly Need[]): string[] {
  const problems: string[] = []
  const required = (key: keyof typeof SETTINGS, why = '') => {
    const s = SETTINGS[key]
    if (config[key] === null) problems.push(`${s.name} is missing${why}: ${s.meaning}. Example: ${s.name}=${s.example}`)
  }
  if (needs.includes('database')) required('databaseUrl')
  if (needs.includes('dhis2')) {
    required('dhis2Url')
    required('siteId')
    if (config.dhis2Token === null) {
      const why = ' (or set DHIS2_TOKEN)'
      required('dhis2Username', why)
      required('dhis2Password', why)
    }
  }
  return problems
}

/** An account needs both of its parts, and the server that it is for. */
function halves(config: Config): string[] {
  if (config.openmrsUsername === null && config.openmrsPassword === null) return []
  return (['openmrsUrl', 'openmrsUsername', 'openmrsPassword'] as const)
    .filter((key) => config[key] === null)
    .map(
      (key) =>
        `${SETTINGS[key].name} is missing: OPENMRS_URL, OPENMRS_USERNAME and OPENMRS_PASSWORD go together. Example: ${SETTINGS[key].name}=${SETTINGS[key].example}`,
    )
}

/** A misspelt setting would be ignored without a word. */
function unknownSettings(env: Readonly<Record<string, string | undefined>>): string[] {
  const known = Object.values(SETTINGS).map((s) => s.name)
  const foreign = Object.keys(env).filter((name) => /^(DHIS2|SYNC)_/.test(name) && !known.includes(name))
  return foreign.toSorted().map((name) => {
    // DHIS2_USER is the beginning of a name, though another one is nearer
    const near = known.map((k) => [k.startsWith(name) ? 0 : distance(name, k), k] as const).toSorted(([a], [b]) => a - b)[0]!
    return `${name} is not a setting of this program.${near[0] <= 4 ? ` Do you mean ${near[1]}?` : ''} Remove it or correct its name.`
  })
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let row = [...Array(b.length + 1).keys()]
  for (const [i, c] of [...a].entries()) {
    const next = [i + 1]
    for (const [j, d] of [...b].entries()) next.push(Math.min(next[j]! + 1, row[j + 1]! + 1, row[j]! + (c === d ? 0 : 1)))
    row = next
  }
  return row.at(-1)!
}

function areProxies(list: string): boolean {
  return list.split(',').every((part) => {
    const [address, bits, ...more] = part.trim().split('/') as [string, string?, ...string[]]
    if (bits === undefined && ['loopback', 'linklocal', 'uniquelocal'].includes(address)) return true
    const family = isIP(address)
    return (
      family !== 0 &&
      more.length === 0 &&
      (bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) >= 1 && Number(bits) <= (family === 4 ? 32 : 128)))
    )
  })
}

/** What is in force, secrets masked, for those who look after the program. */
export function settingsInForce(config: Config): { name: string; value: string; meaning: string; isDefault: boolean }[] {
  return Object.entries(SETTINGS as Record<string, Setting<unknown>>).map(([key, s]) => {
    const value = config[key as keyof Config]
    const text = value === null ? '' : String(value)
    return {
      name: s.name,
      value: s.secret && text !== '' ? MASK : withoutLogin(text),
      meaning: s.meaning,
      isDefault: text === (s.default ?? ''),
    }
  })
}

const systemTimeZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone

const MASK = '********'
/** Somebody may have put the password into an address. */
const withoutLogin = (text: string) => text.replace(/^([a-z]+:\/\/)[^/@\s]+@/i, `$1${MASK}@`)

/** For `check`: the settings in force, secrets masked. */
export function describeConfig(config: Config): { name: string; value: string }[] {
  return Object.entries(SETTINGS).flatMap(([key, s]) => {
    const value = config[key as keyof Config]
    return value === null ? [] : [{ name: s.name, value: s.secret ? MASK : withoutLogin(String(value)) }]
  })
}

/** For the documentation; `accepts` goes on from "should". @public scripts/docs.mjs reads it from dist/ */
export const settingsTable = (): readonly (Omit<Setting<unknown>, 'parse'> & { accepts: string })[] =>
  Object.values(SETTINGS as Record<string, Setting<unknown>>).map(({ parse, ...s }) => ({
    ...s,
    // no setting takes an empty text, and each says why
    accepts: parse.safeParse('').error!.issues[0]!.message.replace(/^should /, ''),
  }))
