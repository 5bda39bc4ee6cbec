/** A TCP proxy in front of a server, for tests of what happens when the network goes. */
import { createServer, connect, type AddressInfo, type Socket } from 'node:net'

export interface TcpProxy {
  /** host:port */
  address: { host: string; port: number }
  /** breaks all connections, and refuses new ones until `mend` */
  cut: () => void
  mend: () => void
  close: () => Promise<void>
}

export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  let whole = true
  const server = createServer((client) => {
    if (!whole) return void client.resetAndDestroy()
    const upstream = connect(target.port, target.host)
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => {
        sockets.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const breakAll = () => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  return {
    address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    cut: () => {
      whole = false
      breakAll()
    },
    mend: () => {
      whole = true
    },
    close: () => {
      breakAll()
      return new Promise((done) => server.close(() => done()))
    },
  }
}
