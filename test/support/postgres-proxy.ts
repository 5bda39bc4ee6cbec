/** A proxy in front of PostgreSQL that understands its protocol as far as to tell each write from the reads, and to stop before it or after it. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface PostgresProxy {
  /** the database, through the proxy */
  url: string
  /** ends all connections; none is made any more until `mend` */
  cut: () => void
  mend: () => void
  close: () => Promise<void>
}

/** What is to happen with the n-th write (the first is 1): it goes on, it never arrives, or it is done but nobody is told. */
type AtWrite = (n: number, sql: string) => 'go on' | 'before' | 'after'

export interface PostgresProxyOptions {
  databaseUrl: string
  atWrite?: AtWrite
  /** a write was held back as `atWrite` wished; its connection stays silent */
  held?: () => void
}

export async function startPostgresProxy({
  databaseUrl,
  atWrite = () => 'go on',
  held = () => {},
}: PostgresProxyOptions): Promise<PostgresProxy> {
  const target = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  let writes = 0
  let whole = true

  const server = createServer((client) => {
    if (!whole) return void client.resetAndDestroy()
    const upstream = connect(Number(target.port), target.hostname)
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.setNoDelay()
      sockets.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
    }
    const statements = new Map<string, string>()
    let inTransaction = false
    let silent = false
    let holdAnswer = false
    let unit: Buffer[] = []
    let sql = ''

    const fromClient = messages(true, (type, message) => {
      unit.push(message)
      if (type === 'Q') sql += text(message, 5)[0]
      if (type === 'P') {
        const [name, next] = text(message, 5)
        statements.set(name, text(message, next)[0])
      }
      if (type === 'B') sql += statements.get(text(message, text(message, 5)[1])[0]) ?? ''
      // a startup or password message, or the end of what is sent together
      if (type === 'Q' || type === 'S' || type === 'p' || type === '') send()
    })
    const send = () => {
      const [bytes, statement] = [Buffer.concat(unit), sql]
      unit = []
      sql = ''
      const counts = isWrite(statement) && (!inTransaction || /^\s*commit/i.test(statement))
      const what = counts ? atWrite(++writes, statement) : 'go on'
      if (what === 'before') {
        silent = true
        return held()
      }
      holdAnswer = what === 'after'
      upstream.write(bytes)
    }
    const fromServer = messages(false, (type, message) => {
      if (type === 'Z') inTransaction = String.fromCharCode(message[5]!) === 'T'
      if (holdAnswer) {
        if (type !== 'Z') return
        silent = true
        return held()
      }
      client.write(message)
    })
    client.on('data', (chunk) => silent || fromClient(chunk))
    upstream.on('data', (chunk) => silent || fromServer(chunk))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const url = new URL(databaseUrl)
  url.port = String((server.address() as AddressInfo).port)
  const breakAll = () => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  return {
    url: url.href,
    cut: () => {
      whole = false
      breakAll()
    },
    mend: () => void (whole = true),
    close: () => {
      breakAll()
      return new Promise((done) => void server.close(() => done()))
    },
  }
}

/** Cuts a stream into PostgreSQL's messages: a type, then the length with itself. A client's first has no type. */
function messages(fromClient: boolean, each: (type: string, message: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0)
  let typed = !fromClient
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    for (;;) {
      const head = typed ? 1 : 0
      if (rest.length < head + 4) return
      const length = head + rest.readInt32BE(head)
      if (rest.length < length) return
      const message = rest.subarray(0, length)
      rest = rest.subarray(length)
      each(typed ? String.fromCharCode(message[0]!) : '', message)
      typed = true
    }
  }
}

/** A text that ends with a zero byte, and where the next thing begins. */
function text(message: Buffer, from: number): [string, number] {
  const end = message.indexOf(0, from)
  return [message.toString('utf8', from, end), end + 1]
}

/** BullMQ's writes are functions of its own, named after what they do. */
function isWrite(sql: string): boolean {
  const plain = sql.replaceAll(/--[^\n]*/g, '')
  return /\b(insert\s+into|update\s+\w+|delete\s+from|commit\b|create\b|alter\b|(add|move|promote|retry|update)_\w+\s*\(\$)/i.test(plain)
}
