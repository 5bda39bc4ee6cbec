/** Stands before a DHIS2 and sees whether two requests that change something are about one person at a time. */
import { setTimeout as wait } from 'node:timers/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

export interface Watch {
  url: string
  /** requests that came while another one about one of their persons was on its way */
  overlaps: () => number
  /** keeps back the next request about persons, until it is let go */
  holdNext: () => { reached: Promise<void>; letGo: () => void }
  close: () => Promise<void>
}

/** @param latency of each request that changes something, in milliseconds */
export async function startWatch(target: string, latency: number): Promise<Watch> {
  const onTheWay = new Map<string, number>()
  let overlaps = 0
  let hold: (() => Promise<void>) | null = null
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
        const held = persons.size > 0 ? hold : null
        if (held) hold = null
        await held?.()
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
    holdNext() {
      let letGo = () => {}
      const gate = new Promise<void>((done) => (letGo = done))
      const reached = new Promise<void>((arrived) => {
        hold = () => {
          arrived()
          return gate
        }
      })
      return { reached, letGo }
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}
