/** Stands before a DHIS2 and sees whether two requests that change something are about one person at a time. */
import { setTimeout as wait } from 'node:timers/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export interface Watch {
  url: string
  /** requests that came while another one about one of their persons was on its way */
  overlaps: () => number
  close: () => Promise<void>
}

/** @param latency of each request that changes something, in milliseconds */
export async function startWatch(target: string, latency: number): Promise<Watch> {
  const onTheWay = new Map<string, number>()
  let overlaps = 0
  const count = (uids: ReadonlySet<string>, by: number) => {
    for (const uid of uids) onTheWay.set(uid, (onTheWay.get(uid) ?? 0) + by)
  }
  const server = createServer((request, response) => {
    const answer = async () => {
      const body = await text(request)
      const persons = new Set([...body.matchAll(/"trackedEntity(?:Instance)?":"(\w{11})"/g)].map((match) => match[1]!))
      if (request.method !== 'GET' && [...persons].some((uid) => (onTheWay.get(uid) ?? 0) > 0)) overlaps++
      count(persons, 1)
      try {
        if (persons.size > 0) await wait(latency)
        const headers = Object.fromEntries(
          Object.entries(request.headers).flatMap(([name, value]) =>
            ['host', 'connection', 'content-length', 'transfer-encoding'].includes(name) ? [] : [[name, String(value)]],
          ),
        )
        const reply = await fetch(`${target}${request.url}`, {
          method: request.method!,
          headers,
          redirect: 'manual',
          ...(body !== '' && { body }),
        })
        response.writeHead(reply.status, {
          'content-type': reply.headers.get('content-type') ?? 'application/json',
          'set-cookie': reply.headers.getSetCookie(),
        })
        response.end(Buffer.from(await reply.arrayBuffer()))
      } finally {
        count(persons, -1)
      }
    }
    answer().catch(() => response.destroy())
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    overlaps: () => overlaps,
    close: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}
