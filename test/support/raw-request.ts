/** A request with any headers at all, also those that fetch keeps for itself. */
import { request, type IncomingHttpHeaders } from 'node:http'

export interface RawAnswer {
  status: number
  headers: IncomingHttpHeaders
  text: string
}

export function rawRequest(
  url: string,
  {
    method = 'GET',
    path = '/',
    headers = {},
    body = '',
  }: { method?: string; path?: string; headers?: Record<string, string | string[]>; body?: string | Buffer },
): Promise<RawAnswer> {
  const { hostname, port } = new URL(url)
  return new Promise((done, failed) => {
    const asked = request({ hostname, port, method, path, headers, agent: false }, (response) => {
      let content = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (content += chunk))
      response.on('error', failed).on('end', () => done({ status: response.statusCode!, headers: response.headers, text: content }))
    })
    asked.on('error', failed)
    asked.end(body)
  })
}
