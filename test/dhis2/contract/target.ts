/** The interfaces that the contract is about. */
export const DIALECTS = ['legacy 2.30', 'legacy 2.41', 'tracker 2.41', 'tracker 2.43'] as const
export type Dialect = (typeof DIALECTS)[number]

export interface Answer {
  status: number
  headers: Headers
  /** the parsed body; a text when it is no JSON */
  // oxlint-disable-next-line typescript/no-explicit-any -- the contract reads bodies of many shapes
  body: any
}

/** A server, real or sandbox, spoken to through one interface. One session, as a good client keeps. */
export class Target {
  readonly dialect: Dialect
  readonly api: 'legacy' | 'tracker'
  readonly minor: number
  private readonly url: string
  private cookie = ''

  constructor(dialect: Dialect, url: string) {
    this.dialect = dialect
    this.api = dialect.startsWith('legacy') ? 'legacy' : 'tracker'
    this.minor = Number(dialect.slice(-2))
    this.url = url
  }

  /** Sends a request; `body` is sent as JSON, a text as it is. */
  async request(
    method: string,
    path: string,
    body?: unknown,
    authorization = basic('sync', 'Sync-2024!pw'),
    more: Record<string, string> = {},
  ): Promise<Answer> {
    const own = authorization === basic('sync', 'Sync-2024!pw')
    const response = await fetch(this.url + path.replaceAll('[', '%5B').replaceAll(']', '%5D'), {
      method,
      redirect: 'manual',
      headers: {
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...more,
        ...(authorization === '' ? {} : { Authorization: authorization }),
        ...(own && this.cookie !== '' ? { Cookie: this.cookie } : {}),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    if (own) this.cookie = response.headers.get('set-cookie')?.split(';')[0] ?? this.cookie
    const text = await response.text()
    let parsed: unknown = text
    try {
      parsed = JSON.parse(text)
    } catch {
      // a page or nothing
    }
    return { status: response.status, headers: response.headers, body: parsed }
  }

  get(path: string): Promise<Answer> {
    return this.request('GET', path)
  }
}

export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** A fresh uid that starts with the letter: C for the contract's data. */
export function uid(): string {
  const all = `${LETTERS}0123456789`
  return `C${Array.from({ length: 10 }, () => all[Math.floor(Math.random() * all.length)]).join('')}`
}

/** A fresh value for the unique attribute. */
export function uic(): string {
  return `CT-${uid()}`
}

/** One case of the contract: it makes its own data, asks, and asserts. */
export interface ContractCase {
  title: string
  /** the interfaces that it is about; all when left out */
  on?: readonly Dialect[]
  run(target: Target): Promise<void>
}

export const LEGACY: readonly Dialect[] = ['legacy 2.30', 'legacy 2.41']
export const TRACKER: readonly Dialect[] = ['tracker 2.41', 'tracker 2.43']
