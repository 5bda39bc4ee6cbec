/** Which fields of DHIS2 have a name like a column's. Proposals only: somebody has to accept them. */
interface Field {
  uid: string
  name: string
  code: string | null
}

/** Below this two names have little in common. */
const ENOUGH = 0.6

/** Words that tell nothing. */
const EMPTY_WORDS = new Set([
  'the',
  'of',
  'a',
  'an',
  'is',
  'was',
  'in',
  'to',
  'for',
  'and',
  'or',
  'de',
  'du',
  'des',
  'la',
  'le',
  'les',
  'do',
  'da',
  'if',
  'yes',
])

const plain = (text: string) =>
  text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/([a-z])([0-9])/g, '$1 $2')
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')

function shareOf<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): number {
  if (a.size === 0 || b.size === 0) return 0
  let both = 0
  for (const one of a) if (b.has(one)) both++
  return (2 * both) / (a.size + b.size)
}

const wordsOf = (text: string) => {
  const words = plain(text)
  const telling = words.filter((word) => !EMPTY_WORDS.has(word))
  return new Set(telling.length > 0 ? telling : words)
}
function trigramsOf(text: string): ReadonlySet<string> {
  const padded = `  ${plain(text).join(' ')} `
  return new Set(Array.from({ length: Math.max(0, padded.length - 2) }, (_, i) => padded.slice(i, i + 3)))
}

/** 0: nothing in common, 1: the same but for case, accents, punctuation and little words. */
export const similarity = (a: string, b: string): number => Math.max(shareOf(wordsOf(a), wordsOf(b)), shareOf(trigramsOf(a), trigramsOf(b)))

/** column → UID, each column and each field at most once; the most alike are paired first. */
export function suggest(columns: readonly string[], fields: readonly Field[], used: ReadonlySet<string>): Record<string, string> {
  const free = fields.filter(({ uid }) => !used.has(uid))
  const pairs = columns
    .flatMap((column) =>
      free.map(({ uid, name, code }) => ({
        column,
        uid,
        // "HTS: entry point" is "Entry point" for whoever named the column within its service
        score: Math.max(
          similarity(column, name),
          similarity(column, name.replace(/^[^:–-]{1,12}[:–-]\s*/, '')),
          code === null ? 0 : similarity(column, code),
        ),
      })),
    )
    .filter(({ score }) => score >= ENOUGH)
    .toSorted((a, b) => b.score - a.score || (a.column < b.column ? -1 : 1))
  const found: Record<string, string> = {}
  const taken = new Set<string>()
  for (const { column, uid } of pairs) {
    if (column in found || taken.has(uid)) continue
    found[column] = uid
    taken.add(uid)
  }
  return found
}
