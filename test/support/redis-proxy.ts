/** A proxy in front of Redis that understands its protocol as far as to tell each script of BullMQ's, and to stop before one. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface RedisProxy {
  port: number
  close: () => Promise<void>
}

/** What is to happen with a script, or with several in one transaction: it goes on, or it never arrives. */
type AtWrite = (name: string) => 'go on' | 'before'

export async function startRedisProxy(target: { host: string; port: number }, atWrite: AtWrite, held: () => void): Promise<RedisProxy> {
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const upstream = connect(target.port, target.host)
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
    let silent = false
    /** null: no transaction is open */
    let transaction: Buffer[] | null = null
    const fromClient = commands((bytes, [name = '', script = '']) => {
      if (silent) return
      if (name === 'MULTI') transaction = []
      transaction?.push(bytes)
      const isWrite = transaction ? name === 'EXEC' : /^EVAL(SHA)?$/.test(name)
      if (isWrite && atWrite(transaction ? 'a transaction' : `script ${script.slice(0, 8)}`) === 'before') {
        silent = true
        return held()
      }
      if (transaction === null) upstream.write(bytes)
      if (name !== 'EXEC') return
      upstream.write(Buffer.concat(transaction!))
      transaction = null
    })
    client.on('data', fromClient)
    upstream.on('data', (chunk) => silent || client.write(chunk))
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      for (const socket of sockets) socket.resetAndDestroy()
      return new Promise((done) => void server.close(() => done()))
    },
  }
}

/** Cuts a stream into commands: an array of texts with their lengths. */
function commands(each: (bytes: Buffer, words: string[]) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0)
  const lineFrom = (at: number): [number, number] | null => {
    const end = rest.indexOf('\r\n', at)
    return end < 0 ? null : [Number(rest.toString('latin1', at + 1, end)), end + 2]
  }
  const one = (): [number, string[]] | null => {
    const head = lineFrom(0)
    if (!head) return null
    const [count, start] = head
    const words: string[] = []
    let at = start
    while (words.length < count) {
      const length = lineFrom(at)
      if (!length || rest.length < length[1] + length[0] + 2) return null
      // only the first two are looked at
      words.push(words.length < 2 ? rest.toString('utf8', length[1], length[1] + length[0]) : '')
      at = length[1] + length[0] + 2
    }
    return [at, words]
  }
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    for (let found = one(); found; found = one()) {
      const [end, [name = '', ...words]] = found
      const bytes = rest.subarray(0, end)
      rest = rest.subarray(end)
      each(bytes, [name.toUpperCase(), ...words])
    }
  }
}
