/** A real HTTP server on this machine that answers as a test says. */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export interface Seen {
  method: string
  /** with query, as it came */
  path: string
  headers: IncomingHttpHeaders
  body: string
}

/** A status and a body (a text as it is, anything else as JSON), or whatever is to happen to the connection. */
export type Reply = { status?: number; body?: unknown; headers?: Record<string, string | string[]> } | ((response: ServerResponse) => void)

export interface LocalServer {
  url: string
  /** every request so far, the oldest first */
  seen: Seen[]
  close: () => Promise<void>
}

/** @param reply for the n-th request, the first is 0 @param port 0: any free one */
export async function startServer(reply: (seen: Seen, n: number) => Reply, port = 0): Promise<LocalServer> {
  const seen: Seen[] = []
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const one = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body: await text(request) }
    seen.push(one)
    const said = reply(one, seen.length - 1)
    if (typeof said === 'function') return said(response)
    const { status = 200, body = {}, headers = {} } = said
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body))
  }
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
