/** A password that is typed: nobody sees it. */
import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { askPassword } from '../../src/cli/ask-password.ts'
import { UsageError } from '../../src/cli/exit.ts'

/** A terminal at which somebody types; `modes` are those that it was put into: raw means that it shows nothing itself. */
function terminal(typed: readonly string[]) {
  const modes: boolean[] = []
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (raw: boolean) => void modes.push(raw) })
  const output = new PassThrough()
  let shown = ''
  let asked = 0
  output.on('data', (chunk: Buffer) => {
    shown += chunk.toString()
    // types when it is asked, as people do
    if (chunk.toString().endsWith(': ')) input.write(typed[asked++] ?? '')
  })
  return { input, output, modes, shown: () => shown }
}

describe('at a terminal', () => {
  test('is asked for twice, and never shown', async () => {
    const at = terminal(['correct horse\r', 'correct horse\r'])
    expect(await askPassword(at)).toBe('correct horse')
    expect(at.shown()).toBe('Password: \nOnce more: \n')
    expect(at.modes).toEqual([true, false])
  })
  test('can be corrected while it is typed, and has any letters', async () => {
    expect(await askPassword(terminal(['correcX\u007ft 🎗é\r', 'correct 🎗é\r']))).toBe('correct 🎗é')
  })
  test('typed otherwise the second time changes nothing', async () => {
    await expect(askPassword(terminal(['correct horse\r', 'correct house\r']))).rejects.toThrow(
      'The two passwords are not the same. Nothing was changed.',
    )
  })
  test('Ctrl+C ends it, and the terminal is as it was', async () => {
    const at = terminal(['half a pass\u0003'])
    await expect(askPassword(at)).rejects.toThrow(UsageError)
    expect(at.modes.at(-1)).toBe(false)
    expect(at.shown()).not.toContain('half')
  })
})

describe('from a pipe', () => {
  const piped = (content: string) => {
    const input = new PassThrough()
    input.end(content)
    return askPassword({ input, output: new PassThrough() })
  }
  test.each([
    ['correct horse', 'correct horse'],
    ['correct horse\n', 'correct horse'],
    ['correct horse\r\nmore\n', 'correct horse'],
    [' blanks stay \n', ' blanks stay '],
  ])('%j is its first line', async (content, password) => expect(await piped(content)).toBe(password))
  test.each(['', '\n', '\r\nx'])('%j is none', async (content) => {
    await expect(piped(content)).rejects.toThrow('Give the password on standard input, or let one be made with --generate.')
  })
})
