/** Searching tracked entities: the queries for the values of many patients. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { searchQueries } from '../../src/dhis2/search.ts'

type Filters = Parameters<typeof searchQueries>[0]
const UIC = 'TEAUicCode1'
const NAME = 'TEAFirstNm1'
const BIRTH = 'TEABirthDt1'
/** of each query its filters, first the one that the query is about */
const queries = (filters: Filters, escapes: boolean) => searchQueries(filters, escapes).map((query) => query.map(([, filter]) => filter))
const numbered = (n: number, prefix = 'v') => Array.from({ length: n }, (_, i) => `${prefix}${i}`)

describe('one value', () => {
  const long = 'x'.repeat(61)
  /** what the legacy API is asked, and what the tracker API of 2.41 and later */
  test.each<[name: string, value: string, legacy: string | null, tracker: string | null]>([
    ['plain', 'UIC-1', 'in:UIC-1', 'in:UIC-1'],
    ['of several words, in any script', 'Ünï Code 日本', 'in:Ünï Code 日本', 'in:Ünï Code 日本'],
    ['with a slash', '12/2024', 'in:12/2024', 'in:12//2024'],
    ['with a colon', 'a:bc', 'like:bc', 'in:a/:bc'],
    ['with a comma', 'abc, d', 'like:abc', 'in:abc/, d'],
    ['with an apostrophe', "O'Brien", 'like:Brien', "in:O'Brien"],
    ['with a semicolon', 'a;b', 'eq:a;b', 'eq:a;b'],
    ['with a semicolon and a colon', 'a;b:cd', 'like:cd', 'eq:a;b/:cd'],
    ['with a backslash', 'abc\\d', 'like:abc', 'like:abc'],
    ['with two slashes', 'a//bcd', 'like:bcd', 'like:bcd'],
    ['with two slashes around a semicolon', 'a/;/bcd', 'like:bcd', 'like:bcd'],
    ['the longest part is at the end, with blanks around', 'a; \\ bcdef ', 'like:bcdef', 'like:bcdef'],
    ['long, with a semicolon', `${long};y`, `like:${long.slice(1)}`, `like:${long.slice(1)}`],
    ['long, of characters that are two in JavaScript', `${'🎗'.repeat(61)};`, `like:${'🎗'.repeat(60)}`, `like:${'🎗'.repeat(60)}`],
    ['too long for a URL', 'é'.repeat(1200), `like:${'é'.repeat(60)}`, `like:${'é'.repeat(60)}`],
    ['too long for a URL once it is escaped', 'a,'.repeat(600), 'like:a', 'like:a'],
    ['of nothing but special characters', ';\\', null, null],
  ])('%s', (_name, value, legacy, tracker) => {
    const asked = (operator: string | null) => (operator === null ? [] : [[`${UIC}:${operator}`]])
    expect(queries([{ attribute: UIC, values: [value] }], false)).toEqual(asked(legacy))
    expect(queries([{ attribute: UIC, values: [value] }], true)).toEqual(asked(tracker))
  })
})

describe('several', () => {
  test.each<[string, Filters, string[][]]>([
    ['nothing to search for', [], []],
    ['a filter without values', [{ attribute: UIC, values: [] }], []],
    ['values of one attribute are one list', [{ attribute: UIC, values: ['a', 'b', 'c'] }], [[`${UIC}:in:a;b;c`]]],
    [
      'the attribute with most values leads, the others go with it',
      [
        { attribute: NAME, values: ['Asha'] },
        { attribute: UIC, values: ['a', 'b'] },
      ],
      [[`${UIC}:in:a;b`, `${NAME}:in:Asha`]],
    ],
    [
      'odd values are asked for one by one, each part once',
      [{ attribute: UIC, values: ['a', 'b;c', 'x\\long', 'y\\long'] }],
      [[`${UIC}:in:a`], [`${UIC}:eq:b;c`], [`${UIC}:like:long`]],
    ],
    [
      'another attribute with an odd value is left out: it would find less',
      [
        { attribute: UIC, values: ['a', 'b'] },
        { attribute: NAME, values: ['Asha', 'x;y'] },
      ],
      [[`${UIC}:in:a;b`]],
    ],
    [
      'another attribute goes with every query',
      [
        { attribute: UIC, values: numbered(101) },
        { attribute: NAME, values: ['Asha'] },
      ],
      [
        [`${UIC}:in:${numbered(100).join(';')}`, `${NAME}:in:Asha`],
        [`${UIC}:in:v100`, `${NAME}:in:Asha`],
      ],
    ],
    [
      'another attribute that needs more than one list is left out',
      [
        { attribute: UIC, values: numbered(110) },
        { attribute: NAME, values: numbered(101, 'n') },
        { attribute: BIRTH, values: ['1990-02-03'] },
      ],
      [
        [`${UIC}:in:${numbered(100).join(';')}`, `${BIRTH}:in:1990-02-03`],
        [`${UIC}:in:${numbered(110).slice(100).join(';')}`, `${BIRTH}:in:1990-02-03`],
      ],
    ],
  ])('%s', (_name, filters, expected) => {
    expect(queries(filters, false)).toEqual(expected)
    expect(queries(filters, true)).toEqual(expected)
  })

  test('a list ends where its URL would become too long', () => {
    const values = numbered(45, 'x'.repeat(95)).map((value) => value.padEnd(97, 'y'))
    const asked = queries([{ attribute: UIC, values }], false).map(([filter]) => filter?.split(';').length)
    expect(asked).toEqual([30, 15])
  })

  test('attributes that together do not fit into a URL are left out', () => {
    const long = (attribute: string) => ({ attribute, values: numbered(40, 'x'.repeat(40)) })
    const asked = queries(['A', 'B', 'C', 'D', 'E', 'F'].map(long), false)
    expect(asked.map((filters) => filters.map((filter) => filter[0]))).toEqual([['A', 'B', 'C']])
  })
})

/** Reads a filter as DHIS2 does. */
function matcher(
  filter: string,
  escapes: boolean,
): { attribute: string; operator: string; finds: (value: string) => boolean; list: string[] } {
  const [, attribute = '', operator = '', text = ''] = /^(\w+):(\w+):(.*)$/s.exec(filter) ?? []
  const plain = (part: string) => (escapes ? part.replaceAll(/\/(.)/gs, '$1') : part)
  const list = operator === 'in' ? text.split(';').map(plain) : [plain(text)]
  const finds = operator === 'like' ? (value: string) => value.includes(plain(text)) : (value: string) => list.includes(value)
  return { attribute, operator, finds, list }
}

const safe = fc.stringMatching(/^[A-Za-z0-9 äé日._()+-]{1,40}$/)
const anything = fc.oneof(
  safe,
  fc.string({ unit: fc.constantFrom('a', 'b', '1', ' ', ';', ':', ',', '\\', "'", '/', '🎗', 'é'), minLength: 1, maxLength: 80 }),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1200 }),
)
const filtersOf = (value: fc.Arbitrary<string>) =>
  fc
    .tuple(
      fc.uniqueArray(value, { minLength: 1, maxLength: 130 }),
      fc.uniqueArray(value, { maxLength: 60 }),
      fc.uniqueArray(value, { maxLength: 20 }),
      fc.uniqueArray(value, { maxLength: 20 }),
    )
    .map((all) => all.map((values, i) => ({ attribute: [UIC, NAME, BIRTH, 'TEAPhoneNo1'][i]!, values })))

test('every safe value of the leading attribute is in exactly one query', () => {
  fc.assert(
    fc.property(filtersOf(safe), fc.boolean(), (filters, escapes) => {
      const asked = queries(filters, escapes).map((query) => matcher(query[0]!, escapes))
      const leading = filters.find((f) => f.attribute === asked[0]?.attribute)!
      expect(asked.flatMap((one) => one.list)).toEqual(leading.values)
      for (const one of asked) expect([one.attribute, one.operator]).toEqual([leading.attribute, 'in'])
    }),
  )
})

test('whoever has one of the values of every attribute is found, whatever the values', () => {
  fc.assert(
    fc.property(filtersOf(anything), fc.boolean(), (filters, escapes) => {
      const asked = queries(filters, escapes).map((query) => query.map((filter) => matcher(filter, escapes)))
      if (asked.length === 0) return
      const valuesOf = (attribute: string) => filters.find((f) => f.attribute === attribute)!.values
      for (const value of valuesOf(asked[0]![0]!.attribute))
        if (/[^;:,\\'/\s]/.test(value)) expect(asked.some(([first]) => first!.finds(value))).toBe(true)
      for (const [, ...others] of asked)
        for (const other of others) for (const value of valuesOf(other.attribute)) expect(other.finds(value)).toBe(true)
    }),
  )
})

test('a URL stays short, whatever the values', () => {
  fc.assert(
    fc.property(filtersOf(anything), fc.boolean(), (filters, escapes) => {
      for (const query of searchQueries(filters, escapes)) {
        const url = query.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')
        // with the path, the fields and the rest it stays below the 8 KB of servers and proxies
        expect(url.length).toBeLessThan(6200)
      }
    }),
  )
})
