/** Processor time and memory of processes, from Linux's /proc. */
import { readdirSync, readFileSync } from 'node:fs'

/** the kernel counts processor time in hundredths of a second for its users, whatever it counts in for itself */
const TICKS = 100

interface Stat {
  parent: number
  /** its own */
  seconds: number
  /** of its children that have ended */
  endedSeconds: number
}

function statOf(pid: number): Stat | null {
  try {
    // the name in parentheses may hold anything
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    const time = (at: number) => Number(fields[at]) / TICKS
    return { parent: Number(fields[1]), seconds: time(11) + time(12), endedSeconds: time(13) + time(14) }
  } catch {
    return null
  }
}

/** Processor seconds that a process has used. */
export const cpuOf = (pid: number): number => statOf(pid)?.seconds ?? 0

/** … with all that it has started, ended ones too. */
export function cpuOfFamily(pid: number): number {
  const own = statOf(pid)
  if (!own) return 0
  const children = readdirSync('/proc')
    .map(Number)
    .filter((other) => other > 0)
    .flatMap((other) => {
      const stat = statOf(other)
      return stat?.parent === pid ? [stat.seconds] : []
    })
  return own.seconds + own.endedSeconds + children.reduce((sum, seconds) => sum + seconds, 0)
}

export const parentOf = (pid: number): number => statOf(pid)?.parent ?? 0

/** The most memory that a process has ever held, in MB. */
export function peakMemoryOf(pid: number): number {
  const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(line![1]) / 1024
}
