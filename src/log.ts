/** Structured logs on standard error. No patient data: bodies, values and queries are never given to it. */
import { destination, pino, type Logger } from 'pino'

export type Log = Logger

export function createLog(level: string): Log {
  return pino(
    { level, base: null, redact: ['password', 'token', 'authorization', 'cookie', '*.password', '*.token'] },
    destination({ dest: 2, sync: true }),
  )
}
