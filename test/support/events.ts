/** Reads server-sent events as a browser does. */
export interface SentEvent {
  event: string
  id: string
  data: any // oxlint-disable-line no-explicit-any -- each test knows what it follows
}

export interface EventReader {
  response: Response
  /** the next event; null: the stream has ended */
  next: () => Promise<SentEvent | null>
  /** all until the end of the stream */
  rest: () => Promise<SentEvent[]>
  /** everything that has come, as text */
  text: () => string
  leave: () => void
}

export async function readEvents(url: string, headers: Record<string, string>): Promise<EventReader> {
  const leaving = new AbortController()
  const response = await fetch(url, { headers: { accept: 'text/event-stream', ...headers }, signal: leaving.signal })
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let [all, open] = ['', '']
  const next = async (): Promise<SentEvent | null> => {
    for (;;) {
      const end = open.indexOf('\n\n')
      if (end >= 0) {
        const block = open.slice(0, end)
        open = open.slice(end + 2)
        const fields = Object.fromEntries(block.split('\n').map((line) => /^(\w*): ?(.*)$/.exec(line)!.slice(1, 3) as [string, string]))
        if (fields['data'] !== undefined)
          return { event: fields['event'] ?? 'message', id: fields['id'] ?? '', data: JSON.parse(fields['data']) }
        continue
      }
      const read = await reader?.read()
      if (!read || read.done) return null
      open += read.value
      all += read.value
    }
  }
  return {
    response,
    next,
    async rest() {
      const events: SentEvent[] = []
      for (let event = await next(); event; event = await next()) events.push(event)
      return events
    },
    text: () => all,
    leave: () => leaving.abort(),
  }
}
