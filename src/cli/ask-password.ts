/** A password from whoever starts the command: typed without being seen, or the first line of what is piped in. Never an argument: others see those. */
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { UsageError } from './exit.ts'

export interface Terminal {
  input: NodeJS.ReadableStream & { isTTY?: boolean }
  /** for the questions: what is printed may be read by a script */
  output: NodeJS.WritableStream
}

/** @throws UsageError when there is none, or the two differ */
export async function askPassword({ input, output }: Terminal): Promise<string> {
  if (!input.isTTY) {
    const [line = ''] = (await text(input)).split(/\r?\n/)
    if (line === '') throw new UsageError('Give the password on standard input, or let one be made with --generate.')
    return line
  }
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() })
  const terminal = createInterface({ input, output: silence, terminal: true })
  terminal.once('SIGINT', () => terminal.close())
  // keeps what is typed or pasted before it is asked for
  const lines = terminal[Symbol.asyncIterator]()
  const ask = async (question: string) => {
    output.write(question)
    const { value, done } = await lines.next()
    output.write('\n')
    if (done) throw new UsageError('No password was given.')
    return value
  }
  try {
    const password = await ask('Password: ')
    if ((await ask('Once more: ')) !== password) throw new UsageError('The two passwords are not the same. Nothing was changed.')
    return password
  } finally {
    terminal.close()
  }
}
