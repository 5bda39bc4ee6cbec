/** A proxy that keeps the import requests that pass through it. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { ReadyRequest } from './loader.ts'

export async function recordImports(target: string): Promise<{ url: string; requests: ReadyRequest[]; close: () => Promise<void> }> {
  const requests: ReadyRequest[] = []
  const server = createServer((request, response) => {
    void (async () => {
      const sent = await buffer(request)
      const url = new URL(request.url!, target)
      const { 'content-type': type, authorization } = request.headers
      const answer = await fetch(url, {
        method: request.method!,
        headers: { ...(type && { 'content-type': type }), ...(authorization && { authorization }) },
        ...(sent.length > 0 && { body: sent }),
      })
      if (request.method === 'POST')
        requests.push({ path: url.pathname.replace('/api/', ''), query: [...url.searchParams], body: JSON.parse(sent.toString()) })
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
    })()
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () => new Promise((done) => void server.close(() => done())),
  }
}
