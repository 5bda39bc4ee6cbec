/** Mart text → DHIS2 value: one row for each case. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ATTRIBUTE_LENGTH, convertValue, DATA_ELEMENT_LENGTH, dateOf } from '../../src/core/value.ts'

const at = { maxLength: ATTRIBUTE_LENGTH, timeZone: 'Africa/Harare' }
const option = (code: string, name = code) => ({ code, name })
const convert = (text: string | null, valueType: string, options: ReturnType<typeof option>[] | null = null) =>
  convertValue(text, { valueType, options }, at)

const EMPTY = null
const BAD = Symbol('refused')
const HUGE = '9'.repeat(300)

test.each<[type: string, text: string | null, expected: string | null | typeof BAD]>([
  // empty
  ['TEXT', null, EMPTY],
  ['TEXT', '', EMPTY],
  ['TEXT', ' \t\n ', EMPTY],
  ['TEXT', '\u0000', EMPTY],
  ['DATE', '', EMPTY],
  ['BOOLEAN', ' ', EMPTY],
  // texts
  ['TEXT', '0', '0'],
  ['TEXT', 'false', 'false'],
  ['TEXT', '  two words ', 'two words'],
  ['TEXT', 'a\u0000b\u0007c', 'abc'],
  ['LONG_TEXT', 'line 1\nline 2\tx', 'line 1\nline 2\tx'],
  ['TEXT', `O'Neil "Ann" \\ back 🎗`, `O'Neil "Ann" \\ back 🎗`],
  ['TEXT', '{"a": [1, ";"]}', '{"a": [1, ";"]}'],
  ['REFERENCE', 'x', 'x'],
  ['USERNAME', 'ann', 'ann'],
  // booleans
  ...['true', 't', 'TRUE', 'True', 'yes', 'Yes', 'y', '1', ' true '].map((text): [string, string, string] => ['BOOLEAN', text, 'true']),
  ...['false', 'f', 'FALSE', 'no', 'No', 'n', '0'].map((text): [string, string, string] => ['BOOLEAN', text, 'false']),
  ['BOOLEAN', 'maybe', BAD],
  ['BOOLEAN', '2', BAD],
  ['TRUE_ONLY', 'yes', 'true'],
  ['TRUE_ONLY', 'false', EMPTY],
  ['TRUE_ONLY', '0', EMPTY],
  ['TRUE_ONLY', 'perhaps', BAD],
  // numbers
  ['NUMBER', '0', '0'],
  ['NUMBER', '1.50', '1.50'],
  ['NUMBER', '-1.50', '-1.50'],
  ['NUMBER', '+7', '7'],
  ['NUMBER', '007', '7'],
  ['NUMBER', '00.50', '0.50'],
  ['NUMBER', '.5', '0.5'],
  ['NUMBER', '-.5', '-0.5'],
  ['NUMBER', '5.', '5'],
  ['NUMBER', '-0', '0'],
  ['NUMBER', '-0.0', '0.0'],
  ['NUMBER', '1e3', '1000'],
  ['NUMBER', '1E+3', '1000'],
  ['NUMBER', '1.5e-7', '0.00000015'],
  ['NUMBER', '-12.5e-3', '-0.0125'],
  ['NUMBER', '1.5e-30', `0.${'0'.repeat(29)}15`],
  ['NUMBER', '1.23456789012345678e2', '123.456789012345678'],
  ['NUMBER', '123456789012345678901234567890', '123456789012345678901234567890'],
  ['NUMBER', HUGE, HUGE],
  ['NUMBER', '1e999999999', BAD],
  ['NUMBER', 'NaN', BAD],
  ['NUMBER', 'Infinity', BAD],
  ['NUMBER', '1,5', BAD],
  ['NUMBER', '1 000', BAD],
  ['NUMBER', '0x10', BAD],
  ['NUMBER', '.', BAD],
  ['NUMBER', '-', BAD],
  ['NUMBER', '٣', BAD],
  ['NUMBER', 'five', BAD],
  ['INTEGER', '5', '5'],
  ['INTEGER', '5.0', '5'],
  ['INTEGER', '5.00', '5'],
  ['INTEGER', '-5', '-5'],
  ['INTEGER', '-0', '0'],
  ['INTEGER', '2147483647', '2147483647'],
  ['INTEGER', '-2147483648', '-2147483648'],
  ['INTEGER', '2147483648', BAD],
  ['INTEGER', '-2147483649', BAD],
  ['INTEGER', '5.5', BAD],
  ['INTEGER', 'x', BAD],
  ['INTEGER_POSITIVE', '1', '1'],
  ['INTEGER_POSITIVE', '0', BAD],
  ['INTEGER_POSITIVE', '-1', BAD],
  ['INTEGER_NEGATIVE', '-1', '-1'],
  ['INTEGER_NEGATIVE', '0', BAD],
  ['INTEGER_ZERO_OR_POSITIVE', '0', '0'],
  ['INTEGER_ZERO_OR_POSITIVE', '3', '3'],
  ['INTEGER_ZERO_OR_POSITIVE', '-1', BAD],
  ['PERCENTAGE', '0', '0'],
  ['PERCENTAGE', '100', '100'],
  ['PERCENTAGE', '12.5', '12.5'],
  ['PERCENTAGE', '100.1', BAD],
  ['PERCENTAGE', '-1', BAD],
  ['PERCENTAGE', '12%', BAD],
  ['UNIT_INTERVAL', '1', '1'],
  ['UNIT_INTERVAL', '0.5', '0.5'],
  ['UNIT_INTERVAL', '1.01', BAD],
  // dates and times
  ['DATE', '2024-03-01', '2024-03-01'],
  ['DATE', '2024-02-29', '2024-02-29'],
  ['DATE', '2024-03-01 10:11:12', '2024-03-01'],
  ['DATE', '2024-03-01 10:11:12.123456+02', '2024-03-01'],
  ['DATE', '2024-03-01 10:11:12 +02:00', '2024-03-01'],
  ['DATE', '2024-03-01T10:11:12.000Z', '2024-03-01'],
  ['DATE', '2024-03-01T10:11', '2024-03-01'],
  ['AGE', '1990-01-31', '1990-01-31'],
  ['DATE', '2023-02-29', BAD],
  ['DATE', '1990-02-31', BAD],
  ['DATE', '2024-13-01', BAD],
  ['DATE', '0001-01-01', BAD],
  ['DATE', '0000-00-00', BAD],
  ['DATE', '2024-03-01 BC', BAD],
  ['DATE', '2024-03-01 10:11:12 BC', BAD],
  ['DATE', '2024-03-01 and more', BAD],
  ['DATE', '2024-03-01 25:00:00', BAD],
  ['DATE', '10000-01-01', BAD],
  ['DATE', 'infinity', BAD],
  ['DATE', '19900203', BAD],
  ['DATE', '1990-2-3', BAD],
  ['DATE', '03/02/1990', BAD],
  ['DATETIME', '2024-03-01 10:11:12', '2024-03-01T10:11:12.000+02:00'],
  ['DATETIME', '2024-03-01 10:11:12.5+00', '2024-03-01T10:11:12.500+00:00'],
  ['DATETIME', '2024-03-01 10:11:12.123456+0530', '2024-03-01T10:11:12.123+05:30'],
  ['DATETIME', '2024-03-01 10:11:12 +02', '2024-03-01T10:11:12.000+02:00'],
  ['DATETIME', '2024-03-01T10:11:12Z', '2024-03-01T10:11:12.000+00:00'],
  ['DATETIME', '2024-03-01', '2024-03-01T00:00:00.000+02:00'],
  ['DATETIME', '0001-01-01 00:00:00', BAD],
  ['DATETIME', '2024-02-30 10:00:00', BAD],
  ['DATETIME', 'yesterday', BAD],
  ['TIME', '09:30', '09:30'],
  ['TIME', '9:30', '09:30'],
  ['TIME', '23:59:59.5', '23:59'],
  ['TIME', '24:00', BAD],
  ['TIME', '9:5', BAD],
  // others
  ['LETTER', 'a', 'a'],
  ['LETTER', 'É', 'É'],
  ['LETTER', 'ab', BAD],
  ['LETTER', '1', BAD],
  ['LETTER', '𐐀', BAD],
  ['PHONE_NUMBER', '+263 77 123-4567', '+263 77 123-4567'],
  ['PHONE_NUMBER', '0771234567 ext 9', '0771234567 ext 9'],
  ['PHONE_NUMBER', '12345', BAD],
  ['PHONE_NUMBER', '1'.repeat(51), BAD],
  ['PHONE_NUMBER', 'abc', BAD],
  ['EMAIL', 'ann@example.org', 'ann@example.org'],
  ['EMAIL', 'ann@example', BAD],
  ['EMAIL', 'a b@example.org', BAD],
  ['URL', 'https://example.org/a?b=c', 'https://example.org/a?b=c'],
  ['URL', 'example.org', BAD],
  ['URL', 'javascript:alert(1)', BAD],
  ['URL', 'http://', BAD],
  ['COORDINATE', '[31.05,-17.82]', '[31.05,-17.82]'],
  ['COORDINATE', '31.05, -17.82', '[31.05,-17.82]'],
  ['COORDINATE', '[181,0]', BAD],
  ['COORDINATE', '[0,91]', BAD],
  ['COORDINATE', '31.05', BAD],
  ['ORGANISATION_UNIT', 'OUClinHre01', 'OUClinHre01'],
  ['ORGANISATION_UNIT', 'C-01', BAD],
  ['FILE_RESOURCE', 'scan.pdf', BAD],
  ['IMAGE', 'scan.png', BAD],
  ['TRACKER_ASSOCIATE', 'PRGHtsTest1', BAD],
])('%s %j → %s', (type, text, expected) => {
  const made = convert(text, type)
  expect('value' in made ? made.value : BAD).toBe(expected)
  if ('problem' in made) expect(made).toEqual({ problem: 'value-invalid', because: expect.stringMatching(/^is /), hint: made.hint })
})

describe('options', () => {
  const results = [
    option('POS', 'Positive'),
    option('NEG', 'Negative'),
    option('neg', 'Twin'),
    option('UNK', 'Not known'),
    option('X1', 'Not known'),
  ]
  test.each<[string, string, string | null | typeof BAD]>([
    ['its code', 'POS', 'POS'],
    ['blanks around', ' POS ', 'POS'],
    ['the exact code before another in its case', 'neg', 'neg'],
    ['the code in any case', 'pos', 'POS'],
    ['a code in any case that two have', 'Neg', BAD],
    ['its name', 'Positive', 'POS'],
    ['its name in any case', 'NEGATIVE', 'NEG'],
    ['a name that two have', 'Not known', BAD],
    ['no option', 'maybe', BAD],
    ['a false that is no option', 'false', BAD],
    ['two of them', 'POS, NEG', BAD],
    ['nothing', ' ', EMPTY],
  ])('%s', (_name, text, expected) => {
    const made = convert(text, 'TEXT', results)
    expect('value' in made ? made.value : BAD).toBe(expected)
    if ('problem' in made)
      expect(made).toEqual({ problem: 'value-not-an-option', because: 'is not an option', hint: 'POS, NEG, neg, UNK, X1' })
  })
  test('the value type is no matter beside an option set', () => {
    expect(convert('1', 'BOOLEAN', [option('1', 'Yes'), option('0', 'No')])).toEqual({ value: '1' })
    expect(convert('yes', 'INTEGER', [option('1', 'Yes'), option('0', 'No')])).toEqual({ value: '1' })
  })
  test('a long option set is not told to the end', () => {
    const made = convert(
      'x',
      'TEXT',
      Array.from({ length: 400 }, (_, i) => option(`C${i}`)),
    )
    expect(made).toMatchObject({ hint: 'C0, C1, C2, C3, C4, C5, C6, C7, C8, C9, C10, C11, …' })
  })
  test('an option set without options takes nothing', () => {
    expect(convert('x', 'TEXT', [])).toMatchObject({ problem: 'value-not-an-option', hint: '' })
  })
})

describe('several options (MULTI_TEXT)', () => {
  const symptoms = [option('COUGH', 'Cough'), option('FEVER', 'Fever'), option('SWEAT', 'Sweat, at night')]
  test.each<[string, string | null | typeof BAD]>([
    ['COUGH', 'COUGH'],
    ['COUGH,FEVER', 'COUGH,FEVER'],
    ['cough, Fever', 'COUGH,FEVER'],
    ['FEVER, COUGH, fever', 'FEVER,COUGH'],
    ['COUGH, , FEVER,', 'COUGH,FEVER'],
    ['Sweat, at night', 'SWEAT'],
    [' , ', EMPTY],
    ['COUGH, hiccup', BAD],
  ])('%j → %s', (text, expected) => {
    const made = convert(text, 'MULTI_TEXT', symptoms)
    expect('value' in made ? made.value : BAD).toBe(expected)
  })
  test('without an option set it is a text', () => expect(convert('a, b', 'MULTI_TEXT')).toEqual({ value: 'a, b' }))
})

describe('length', () => {
  const length = (text: string, maxLength: number) => convertValue(text, { valueType: 'LONG_TEXT', options: null }, { ...at, maxLength })
  test.each([
    ['an attribute', ATTRIBUTE_LENGTH, 1200],
    ['a data element', DATA_ELEMENT_LENGTH, 50_000],
  ])('%s takes so many characters and no more', (_name, maxLength, characters) => {
    expect(length('x'.repeat(characters), maxLength)).toEqual({ value: 'x'.repeat(characters) })
    expect(length('x'.repeat(characters + 1), maxLength)).toMatchObject({
      problem: 'value-too-long',
      hint: `${characters + 1} characters, DHIS2 takes ${characters}`,
    })
  })
  test('blanks around do not count', () => expect(length(` ${'x'.repeat(1200)} `, ATTRIBUTE_LENGTH)).toHaveProperty('value'))
  test('as Java counts: an emoji is two', () => {
    expect(length('🎗'.repeat(600), ATTRIBUTE_LENGTH)).toHaveProperty('value')
    expect(length('🎗'.repeat(601), ATTRIBUTE_LENGTH)).toHaveProperty('problem', 'value-too-long')
  })
})

const TYPES = `TEXT LONG_TEXT LETTER PHONE_NUMBER EMAIL BOOLEAN TRUE_ONLY DATE DATETIME TIME NUMBER UNIT_INTERVAL PERCENTAGE INTEGER
  INTEGER_POSITIVE INTEGER_NEGATIVE INTEGER_ZERO_OR_POSITIVE TRACKER_ASSOCIATE USERNAME COORDINATE ORGANISATION_UNIT AGE URL FILE_RESOURCE IMAGE
  GEOJSON MULTI_TEXT REFERENCE SOMETHING_NEW`.split(/\s+/)
const SHAPES: Readonly<Record<string, RegExp>> = {
  BOOLEAN: /^(true|false)$/,
  TRUE_ONLY: /^true$/,
  DATE: /^\d{4}-\d{2}-\d{2}$/,
  AGE: /^\d{4}-\d{2}-\d{2}$/,
  DATETIME: /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}[+-]\d{2}:\d{2}$/,
  TIME: /^\d{2}:\d{2}$/,
  NUMBER: /^-?(0|[1-9]\d*)(\.\d+)?$/,
  PERCENTAGE: /^(0|[1-9]\d*)(\.\d+)?$/,
  UNIT_INTERVAL: /^[01](\.\d+)?$/,
  INTEGER: /^(0|-?[1-9]\d*)$/,
  INTEGER_POSITIVE: /^[1-9]\d*$/,
  INTEGER_NEGATIVE: /^-[1-9]\d*$/,
  INTEGER_ZERO_OR_POSITIVE: /^(0|[1-9]\d*)$/,
  ORGANISATION_UNIT: /^[A-Za-z][A-Za-z0-9]{10}$/,
  LETTER: /^.$/,
}

describe('always', () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom(...Array.from('0123456789+-.eE:T Z,[]/@')) }),
    fc.double().map(String),
    fc.integer().map(String),
    fc.date({ noInvalidDate: true }).map((d) => d.toISOString()),
    fc.date({ noInvalidDate: true }).map((d) => d.toISOString().replace('T', ' ').replace('Z', '+02')),
    fc.constantFrom('yes', 'NO', 'true', '1', '0', '09:30', 'COUGH,FEVER', 'OUClinHre01'),
  )
  const options = fc.option(
    fc.array(fc.record({ code: fc.string({ unit: fc.constantFrom('a', 'A', 'b') }).filter(Boolean), name: fc.string() }), { maxLength: 5 }),
  )
  const field = fc.record({ valueType: fc.constantFrom(...TYPES), options })

  test('never throws, takes its own values as they are, and values have their type’s shape', () => {
    fc.assert(
      fc.property(text, field, (value, { valueType, options: set }) => {
        const made = convert(value, valueType, set)
        if ('problem' in made) return
        expect(convert(made.value, valueType, set)).toEqual(made)
        if (made.value === null) return
        expect(made.value).not.toBe('')
        if (set === null && SHAPES[valueType]) expect(made.value).toMatch(SHAPES[valueType])
        if (set !== null && valueType !== 'MULTI_TEXT') expect(set.map((o) => o.code)).toContain(made.value)
      }),
      { numRuns: 2000 },
    )
  })
  test('a number keeps its value', () => {
    fc.assert(
      fc.property(fc.double({ noDefaultInfinity: true, noNaN: true }), (number) => {
        const made = convert(String(number), 'NUMBER')
        expect('value' in made && Number(made.value)).toBe(number + 0 === 0 ? 0 : number)
      }),
    )
  })
  test('every calendar date is itself', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date('1000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }), (date) => {
        const day = date.toISOString().slice(0, 10)
        expect(dateOf(day)).toBe(day)
        expect(dateOf(date.toISOString())).toBe(day)
      }),
    )
  })
})
