/** How much of it: `npm run test:faults` does everything, the checks before a change lands a part. */

/** only every so many-th moment of a kill */
const EVERY = Number(process.env['KILL_EVERY'] ?? 1)

/** the heavier forms too, which take minutes each */
export const WHOLE = EVERY === 1

/** All of them, or every so many-th; `sparse`: what is much like something else is thinned out further. */
export const someOf = <T>(moments: readonly T[], sparse = false): T[] =>
  moments.filter((_, i) => i % (sparse && !WHOLE ? EVERY * 4 : EVERY) === 0)

const [one, many] = [process.env['FAULT_SEED'], process.env['FAULT_SEEDS']]

/** One alone, which replays what its test did, or as many as are asked for, and no more than `most`. */
export const seedsOf = (most = Infinity): number[] =>
  one ? [Number(one)] : Array.from({ length: Math.min(most, Number(many ?? 12)) }, (_, i) => i + 1)
