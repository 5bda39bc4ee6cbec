/** Input as nobody should send it: for the fuzzing of the HTTP API. */
import fc from 'fast-check'
import { z } from 'zod'

type Schema = Record<string, unknown>

/** @param known texts that name something that is there */
export const oddText = (known: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...known) },
    {
      weight: 4,
      arbitrary: fc.constantFrom(
        '',
        ' ',
        `'; drop table mapping; --`,
        `" or ""="`,
        `\\'; select pg_sleep(10); --`,
        '%',
        '_%',
        '<script>alert(1)</script>',
        '"><img src=x onerror=alert(1)>',
        '../../../../etc/passwd',
        '..\\..\\windows',
        '{{7*7}}',
        '${7*7}',
        '\u0000',
        '\ud800',
        '\u202e\u0000\ufeff',
        '😀'.repeat(50),
        'é'.normalize('NFD'),
        '00000000-0000-0000-0000-000000000000',
        'null',
        'undefined',
        'NaN',
        '1e999',
        '-1',
        '9223372036854775808',
        '0000-00-00',
        '2024-02-30',
        '+275760-09-13T00:00:00.000Z',
        '-000001-01-01T00:00:00Z',
        '9999-12-31T23:59:59.999Z',
        '__proto__',
        'constructor',
        'toString',
        '(a+)+$',
        'a'.repeat(300),
        '0 0 31 2 *',
        '* * * * * *',
        'H H * * *',
        'Etc/GMT+12',
      ),
    },
    { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
    { weight: 1, arbitrary: fc.string({ minLength: 1000, maxLength: 3000 }) },
  )

const oddValue = (known: readonly string[]): fc.Arbitrary<unknown> =>
  fc.oneof(
    oddText(known),
    fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5, 1e308, -0, [], {}, [[]], [null], { '': '' }, { toString: 1 }),
    fc.jsonValue({ maxDepth: 3 }),
    fc.constantFrom('__proto__', 'constructor').map((key) => JSON.parse(`{"${key}": {"polluted": true}}`) as unknown),
  )

/** What fits a schema as far as its shape goes, with an odd value here and there. */
export function nearly(schema: z.ZodType, known: readonly string[]): fc.Arbitrary<unknown> {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Schema & { $defs?: Record<string, Schema> }
  const odd = oddValue(known)
  const of = (part: Schema): fc.Arbitrary<unknown> => fc.oneof({ weight: 40, arbitrary: shaped(part) }, { weight: 1, arbitrary: odd })
  const shaped = (part: Schema): fc.Arbitrary<unknown> => {
    const ref = typeof part['$ref'] === 'string' ? part['$ref'].split('/').at(-1)! : null
    if (ref !== null) return shaped(json.$defs?.[ref] ?? {})
    if (Array.isArray(part['enum'])) return fc.constantFrom(...(part['enum'] as unknown[]))
    if (Array.isArray(part['anyOf'])) return fc.oneof(...(part['anyOf'] as Schema[]).map(shaped))
    switch (part['type']) {
      case 'object':
        return object(part)
      case 'array':
        return fc.array(of((part['items'] as Schema | undefined) ?? {}), { maxLength: 4 })
      case 'string':
        return string(part, known)
      case 'integer':
      case 'number':
        return number(part)
      case 'boolean':
        return fc.boolean()
      case 'null':
        return fc.constant(null)
      default:
        return odd
    }
  }
  const object = (part: Schema): fc.Arbitrary<unknown> => {
    const properties = (part['properties'] ?? {}) as Record<string, Schema>
    const required = (part['required'] ?? []) as string[]
    const fields = fc.record(Object.fromEntries(Object.entries(properties).map(([name, inner]) => [name, of(inner)])), {
      requiredKeys: required,
    })
    const more = part['additionalProperties']
    if (typeof more !== 'object' || more === null) return fields
    return fc.tuple(fields, fc.dictionary(oddText(known), of(more as Schema), { maxKeys: 4 })).map(([a, b]) => ({ ...b, ...(a as object) }))
  }
  return of(json)
}

/** The ends of what is allowed, and now and then what is beyond. */
function number({ minimum = 0, maximum = 1000 }: { minimum?: number; maximum?: number }): fc.Arbitrary<number> {
  const inside = fc.oneof(
    fc.integer({ min: Math.max(minimum, -(2 ** 31)), max: Math.min(maximum, 2 ** 31) }),
    fc.constantFrom(minimum, maximum),
  )
  return fc.oneof({ weight: 9, arbitrary: inside }, { weight: 1, arbitrary: fc.constantFrom(-1, 2 ** 31, 2 ** 53, 1e21, 0.5) })
}

/** Allowed by its form, and odd all the same. */
const FORMS: Readonly<Record<string, readonly string[]>> = {
  'date-time': [
    '2024-01-01T00:00:00Z',
    '9999-12-31T23:59:59.999Z',
    '0001-01-01T00:00:00Z',
    '0000-01-01T00:00:00Z',
    '2024-02-29T23:59:59.123456789Z',
  ],
  date: ['2024-01-01', '0001-01-01', '0000-01-01', '9999-12-31', '2024-02-29'],
}
const DIGITS = ['0', '1', '9223372036854775807', '9223372036854775808', '9'.repeat(40), '0'.repeat(40)]

function string(part: Schema, known: readonly string[]): fc.Arbitrary<string> {
  const {
    format,
    pattern,
    minLength = 0,
    maxLength = Infinity,
  } = part as { format?: string; pattern?: string; minLength?: number; maxLength?: number }
  const form = FORMS[format ?? '']
  const odd = oddText(known)
  if (format === 'uuid')
    return fc.oneof(
      { weight: 9, arbitrary: fc.oneof(fc.uuid(), fc.constantFrom(...known.filter((text) => /^[\da-f-]{36}$/.test(text)))) },
      { weight: 1, arbitrary: odd },
    )
  if (form) return fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...form) }, { weight: 1, arbitrary: odd })
  if (pattern !== undefined) {
    const matching = [...known, ...DIGITS, 'Ünï 1', '名前'].filter((text) => new RegExp(pattern, 'u').test(text))
    if (matching.length > 0) return fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...matching) }, { weight: 1, arbitrary: odd })
  }
  return odd.map((text) => text.slice(0, maxLength).padEnd(minLength, 'x'))
}

/** What a query's parameter, or a header, may be said to be. */
export const nearlyText = (schema: z.ZodType, known: readonly string[]): fc.Arbitrary<string> =>
  nearly(schema, known).map((value) => (typeof value === 'string' ? value : JSON.stringify(value)))

/** Bodies as text: no JSON, too deep, too long, JSON of any kind. */
export const oddBody = (known: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 4, arbitrary: oddValue(known).map((value) => JSON.stringify(value)) },
    {
      weight: 4,
      arbitrary: fc.constantFrom(
        '',
        '{',
        '[1,]',
        '{"a":1}}',
        'NaN',
        '"\\ud800"',
        '{"a":"\\u0000"}',
        '\ufeff{}',
        '['.repeat(10_000),
        `${'[1,'.repeat(10_000)}1${']'.repeat(10_000)}`,
        `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`,
        `{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}`,
        `[${'1,'.repeat(200_000)}1]`,
      ),
    },
    { weight: 1, arbitrary: fc.constantFrom(6, 20).map((megabytes) => JSON.stringify('x'.repeat(megabytes * 1024 * 1024))) },
    { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }) },
  )
