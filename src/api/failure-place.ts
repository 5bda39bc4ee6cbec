/** Where a defect is, for the log, without the error's message: that may quote anything. */
export function placeOf(error: unknown): { name: string; code?: string; stack: string[] } {
  if (!(error instanceof Error)) return { name: typeof error, stack: [] }
  const { code } = error as NodeJS.ErrnoException
  const stack = (error.stack ?? '')
    // a message of several lines may look like places
    .replace(error.message, '')
    .split('\n')
    .filter((line) => /^\s+at .*:\d+:\d+\)?$/.test(line))
  return { name: error.name, ...(typeof code === 'string' && /^[\w-]{1,40}$/.test(code) && { code }), stack: stack.slice(0, 8) }
}
