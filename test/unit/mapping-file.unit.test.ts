/** The originals' export file, of every generation. */
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatMappingFile, mappingFromParts, mappingParts, parseMappingFile, type MappingParts } from '../../src/core/mapping-file.ts'
import { MAPPING_FILE_SCHEMA } from '../../src/core/mapping-file-schema.ts'
import { mappedColumns, mappingSchema, usedTwice, type EventRelation, type Mapping } from '../../src/core/mapping.ts'
import { withColumns } from '../support/with-columns.ts'

const parts = (over: Record<string, unknown> = {}) => ({
  mapping_name: 'HTS Service',
  lookup_table: { instance: 'hts_instance_table', enrollments: 'hts_program_enrollment_table', event: 'hts_program_events_table' },
  mapping_json: { instance: { UIC: 'TEAUicCode1', 'First Name': 'TEAFirstNm1' }, event: { 'HIV result': 'DEHtsResul1' } },
  config: { searchable: ['UIC'], comparable: ['First Name'], openLatestCompletedEnrollment: 'yes' },
  ...over,
})
const config = (over: Record<string, unknown>) => parts({ config: { ...parts().config, ...over } })
const columns = (over: Record<string, unknown>) => parts({ mapping_json: { ...parts().mapping_json, ...over } })
const tables = (over: Record<string, unknown>) => parts({ lookup_table: { ...parts().lookup_table, ...over } })
const parse = (...items: unknown[]) => parseMappingFile(JSON.stringify(items))

const HTS: Mapping = {
  name: 'HTS Service',
  instance: {
    table: 'hts_instance_table',
    columns: { UIC: 'TEAUicCode1', 'First Name': 'TEAFirstNm1' },
    constants: {},
    translations: {},
  },
  enrollments: { table: 'hts_program_enrollment_table', constants: {} },
  events: [{ table: 'hts_program_events_table', columns: { 'HIV result': 'DEHtsResul1' }, constants: {}, translations: {} }],
  searchable: ['UIC'],
  comparable: ['First Name'],
  openLatestCompletedEnrollment: 'yes',
  onRejected: 'stop',
  chunkSize: null,
}
const NO_CONFIG = { searchable: [] as string[], comparable: [] as string[], openLatestCompletedEnrollment: 'no' as const }
const text = JSON.stringify

/** Everything that the originals did not know. */
const FULL = config({
  onRejected: 'continue',
  chunkSize: 10,
  constants: { instance: { OrgUnit: 'C-01' }, enrollments: { program: 'PRGHtsTest1' }, event: { program_stage: 'PSTHtsInit1' } },
  translations: { instance: { 'First Name': { '?': '' } }, event: { 'HIV result': { P: 'POSITIVE', N: 'NEGATIVE' } } },
  events: [
    {
      table: 'hts_follow_up_table',
      columns: { Notes: 'DEHtsNotes1' },
      constants: { OrgUnit: 'C-02', program: 'PRGHtsTest1', program_stage: 'PSTHtsFoll1' },
      translations: { Notes: { none: '' } },
    },
    { table: 'hts_closing_table', columns: { Outcome: 'DEHtsOutco1' } },
  ],
})
const FULL_MAPPING: Mapping = {
  ...HTS,
  instance: { ...HTS.instance, constants: { OrgUnit: 'C-01' }, translations: { 'First Name': { '?': '' } } },
  enrollments: { ...HTS.enrollments, constants: { program: 'PRGHtsTest1' } },
  events: [
    {
      ...HTS.events[0]!,
      constants: { program_stage: 'PSTHtsInit1' },
      translations: { 'HIV result': { P: 'POSITIVE', N: 'NEGATIVE' } },
    },
    {
      table: 'hts_follow_up_table',
      columns: { Notes: 'DEHtsNotes1' },
      constants: { OrgUnit: 'C-02', program: 'PRGHtsTest1', program_stage: 'PSTHtsFoll1' },
      translations: { Notes: { none: '' } },
    },
    { table: 'hts_closing_table', columns: { Outcome: 'DEHtsOutco1' }, constants: {}, translations: {} },
  ],
  onRejected: 'continue',
  chunkSize: 10,
}
const followUp = (over: Record<string, unknown>) =>
  config({ events: [{ table: 'hts_follow_up_table', columns: { Notes: 'DEHtsNotes1' }, ...over }] })

const READ: [name: string, item: unknown, over: Partial<Mapping>][] = [
  ['an export', parts(), {}],
  [
    'its parts as text',
    parts({ lookup_table: text(parts().lookup_table), mapping_json: text(parts().mapping_json), config: text(parts().config) }),
    {},
  ],
  ['the whole item as text', text(parts()), {}],
  ['2018: no config', parts({ config: undefined }), NO_CONFIG],
  ['no config, as null', parts({ config: null }), NO_CONFIG],
  ['no config, as empty text', parts({ config: '' }), NO_CONFIG],
  ['ours: going on after a rejected record', config({ onRejected: 'continue' }), { onRejected: 'continue' }],
  ['ours: all of it', FULL, FULL_MAPPING],
  ['ours, as text', { ...FULL, config: text(FULL.config) }, FULL_MAPPING],
  [
    'ours: the same event table for two stages',
    config({
      constants: { event: { program_stage: 'PSTHtsInit1' } },
      events: [{ table: 'hts_program_events_table', columns: { Notes: 'DEHtsNotes1' }, constants: { program_stage: 'PSTHtsFoll1' } }],
    }),
    {
      events: [
        { ...HTS.events[0]!, constants: { program_stage: 'PSTHtsInit1' } },
        {
          table: 'hts_program_events_table',
          columns: { Notes: 'DEHtsNotes1' },
          constants: { program_stage: 'PSTHtsFoll1' },
          translations: {},
        },
      ],
    },
  ],
  [
    'ours: blanks around what is given and what is translated, and escaped names',
    {
      ...columns({ event: { 'a &amp; b': 'DEHtsResul1' } }),
      config: {
        ...parts().config,
        constants: { instance: { OrgUnit: ' C-01 ' } },
        translations: { event: { 'a &amp; b': { ' P ': 'POSITIVE' } } },
        events: [{ table: ' t ', columns: { 'c &lt; d': ' DEHtsNotes1 ' }, translations: { 'c &lt; d': { x: 'y' } } }],
      },
    },
    {
      instance: { ...HTS.instance, constants: { OrgUnit: 'C-01' } },
      events: [
        { ...HTS.events[0]!, columns: { 'a & b': 'DEHtsResul1' }, translations: { 'a & b': { P: 'POSITIVE' } } },
        { table: 't', columns: { 'c < d': 'DEHtsNotes1' }, constants: {}, translations: { 'c < d': { x: 'y' } } },
      ],
    },
  ],
  ['blanks around names and UIDs', { ...columns({ event: { 'HIV result': ' DEHtsResul1 ' } }), mapping_name: ' HTS Service ' }, {}],
  ['what an import adds', { ...parts(), current_mapping: '', user: 'admin' }, {}],
  [
    'column names that were escaped',
    {
      ...columns({ instance: { 'a &lt; b &amp;&amp; c &gt; d&nbsp;e': 'TEAUicCode1' } }),
      config: { ...parts().config, searchable: ['a &lt; b &amp;&amp; c &gt; d&nbsp;e'], comparable: [] },
    },
    {
      ...withColumns(HTS, { instance: { 'a < b && c > d\u00a0e': 'TEAUicCode1' } }),
      searchable: ['a < b && c > d\u00a0e'],
      comparable: [],
    },
  ],
  [
    'an escaped name beside the real one',
    columns({ event: { 'a&b': 'DEHtsResul1', 'a&amp;b': 'DEOld000001' } }),
    withColumns(HTS, { event: { 'a&b': 'DEHtsResul1' } }),
  ],
  [
    'odd column names',
    columns({ event: { [`It's "odd" \\ 🎗?`]: 'DEHtsResul1', '1': 'DEHtsTests1' } }),
    withColumns(HTS, { event: { [`It's "odd" \\ 🎗?`]: 'DEHtsResul1', '1': 'DEHtsTests1' } }),
  ],
]
describe('what is read', () => {
  test.each(READ)('%s', (_name, item, over) => {
    expect(parse(item)).toEqual({ mappings: [{ ...HTS, ...over }], problems: [] })
  })
  test('a byte order mark', () => expect(parseMappingFile(`\uFEFF${text([parts()])}`).mappings).toEqual([HTS]))
  test('several, in their order', () => {
    expect(parse(parts(), parts({ mapping_name: 'TB Service' })).mappings.map((m) => m.name)).toEqual(['HTS Service', 'TB Service'])
  })
  test('a row of the mapping table is read whatever it lacks', () => {
    const nothing: MappingParts = { mapping_name: 'X', lookup_table: 'no json', mapping_json: null }
    expect(mappingFromParts(nothing)).toEqual({
      name: 'X',
      instance: { table: '', columns: {}, constants: {}, translations: {} },
      enrollments: { table: '', constants: {} },
      events: [{ table: '', columns: {}, constants: {}, translations: {} }],
      ...NO_CONFIG,
      onRejected: 'stop',
      chunkSize: null,
    })
  })
})

/** `beyond`: no JSON Schema can tell, because one part speaks of another */
const WRONG: [item: unknown, problems: string[], beyond?: 'beyond'][] = [
  [1, ['Mapping name should have value']],
  [null, ['Mapping name should have value']],
  [{}, ['Mapping name should have value']],
  [parts({ mapping_name: '' }), ['Mapping name should have value']],
  [parts({ mapping_name: ' ' }), ['Mapping name should have value']],
  [parts({ mapping_name: 5 }), ['Mapping name should have value']],
  [parts({ mapping_name: 'HTS-1' }), ['HTS-1 is invalid mapping name. Mapping name should be alpha numeric']],
  [parts({ lookup_table: 'x' }), ['Incorrect values provided for lookup_table property']],
  [parts({ lookup_table: [] }), ['Incorrect values provided for lookup_table property']],
  [parts({ mapping_json: undefined }), ['Incorrect values provided for mapping_json property']],
  [tables({ instance: '' }), ['Instance table name is missing']],
  [tables({ enrollments: undefined }), ['Enrollments table name is missing']],
  [tables({ event: 7 }), ['Event table name is missing']],
  [{ ...columns({ instance: undefined }), config: null }, ['Instance mapping is missing']],
  [columns({ event: undefined }), ['Event mapping is missing']],
  [{ ...columns({ instance: 'x' }), config: null }, ['Incorrect values provided for mapping_json instance property']],
  [columns({ event: { a: 5 } }), ['Incorrect values provided for mapping_json event property']],
  [{ ...columns({ instance: {} }), config: null }, ['Instance mappings is missing']],
  [columns({ event: {} }), ['Events mappings is missing']],
  [parts({ config: 'x' }), ['Incorrect values provided for config property']],
  [config({ searchable: 'UIC' }), ['searchable value should be an array']],
  [config({ searchable: undefined }), ['searchable value should be an array']],
  [config({ comparable: {} }), ['comparable value should be an array']],
  [config({ searchable: ['Village'] }), ['All searchable values should contain mapping'], 'beyond'],
  [config({ comparable: [5] }), ['All comparable values should contain mapping']],
  [columns({ instance: { UIC: '', 'First Name': 'TEAFirstNm1' } }), ['All searchable values should contain mapping'], 'beyond'],
  [
    config({ openLatestCompletedEnrollment: undefined }),
    ["OpenLatestCompletedEnrollment config value is missing or it is not of type string. Accepted values are 'yes' and 'no'"],
  ],
  [
    config({ openLatestCompletedEnrollment: 'Yes' }),
    ["OpenLatestCompletedEnrollment config value is incorrect. Accepted values are 'yes' and 'no'"],
  ],
  [config({ onRejected: 'ignore' }), ["onRejected config value is incorrect. Accepted values are 'stop' and 'continue'"]],
  ...[0, 1001, 1.5, '10', null].map((chunkSize): (typeof WRONG)[number] => [
    config({ chunkSize }),
    ['chunkSize config value is incorrect. Accepted values are whole numbers from 1 to 1000'],
  ]),
  [config({ constants: null }), ['Incorrect values provided for config constants property']],
  [config({ constants: { events: {} } }), ['Incorrect values provided for config constants property']],
  [config({ constants: { instance: 'C-01' } }), ['Incorrect values provided for config constants instance property']],
  [config({ constants: { instance: { OrgUnit: ' ' } } }), ['Incorrect values provided for config constants instance property']],
  [config({ constants: { event: { program: 5 } } }), ['Incorrect values provided for config constants event property']],
  [
    config({ constants: { instance: { program: 'PRGHtsTest1' } } }),
    ['config constants instance value is incorrect. Accepted columns are OrgUnit'],
  ],
  [
    config({ constants: { enrollments: { program_stage: 'PSTHtsInit1' } } }),
    ['config constants enrollments value is incorrect. Accepted columns are OrgUnit, program'],
  ],
  [
    config({ constants: { event: { status: 'ACTIVE' } } }),
    ['config constants event value is incorrect. Accepted columns are OrgUnit, program, program_stage'],
  ],
  [config({ translations: [] }), ['Incorrect values provided for config translations property']],
  [config({ translations: { enrollments: {} } }), ['Incorrect values provided for config translations property']],
  [config({ translations: { instance: 'x' } }), ['Incorrect values provided for config translations instance property']],
  [config({ translations: { event: { 'HIV result': 'x' } } }), ['Incorrect values provided for config translations event property']],
  [config({ translations: { event: { 'HIV result': { P: 1 } } } }), ['Incorrect values provided for config translations event property']],
  [
    config({ translations: { event: { 'HIV result': { ' ': 'x' } } } }),
    ['Incorrect values provided for config translations event property'],
  ],
  [
    config({ translations: { instance: { Village: { a: 'b' } } } }),
    ['All config translations instance columns should contain mapping'],
    'beyond',
  ],
  [config({ events: {} }), ['events value should be an array']],
  [config({ events: ['hts_follow_up_table'] }), ['Incorrect values provided for config events property']],
  [followUp({ table: ' ' }), ['Event 2 table name is missing']],
  [followUp({ columns: undefined }), ['Event 2 mapping is missing']],
  [followUp({ columns: { Notes: 1 } }), ['Incorrect values provided for config events 2 columns property']],
  [followUp({ columns: {} }), ['Event 2 mappings is missing']],
  [followUp({ constants: { program: '' } }), ['Incorrect values provided for config events 2 constants property']],
  [
    followUp({ constants: { date: 'x' } }),
    ['config events 2 constants value is incorrect. Accepted columns are OrgUnit, program, program_stage'],
  ],
  [followUp({ translations: { Notes: [] } }), ['Incorrect values provided for config events 2 translations property']],
  [followUp({ translations: { Note: {} } }), ['All config events 2 translations columns should contain mapping'], 'beyond'],
  ...[{}, { program: 'PRGHtsTest1' }, { program_stage: 'PSTHtsInit1' }].map((constants): (typeof WRONG)[number] => [
    config({
      constants: { event: { program_stage: 'PSTHtsInit1' } },
      events: [{ table: 'hts_program_events_table', columns: { Notes: 'DEHtsNotes1' }, constants }],
    }),
    ['Event table hts_program_events_table is used more than once. Each use should have another program or program_stage constant'],
    'beyond',
  ]),
  [
    { mapping_name: 'a_b', lookup_table: {}, mapping_json: {}, config: { searchable: 1 } },
    [
      'a_b is invalid mapping name. Mapping name should be alpha numeric',
      'Instance table name is missing',
      'Enrollments table name is missing',
      'Event table name is missing',
      'Instance mapping is missing',
      'Event mapping is missing',
      'searchable value should be an array',
      'comparable value should be an array',
      "OpenLatestCompletedEnrollment config value is missing or it is not of type string. Accepted values are 'yes' and 'no'",
    ],
  ],
]
describe('what is wrong, in the originals’ words', () => {
  test.each(WRONG)('%j', (item, problems) => {
    const found = parse(parts({ mapping_name: 'Good one' }), item)
    expect(found.problems.map((p) => p.problem)).toEqual(problems.map((p) => `${p}. Please correct the file and import again`))
    expect(found.problems.every((p) => p.item === 2)).toBe(true)
    expect(found.mappings).toEqual([])
  })
  test.each([
    ['', 'Error while validating json file. Please import valid json file'],
    ['{', 'Error while validating json file. Please import valid json file'],
    ['{}', 'File should contain array of Object. Please correct the file and import again'],
    ['"x"', 'File should contain array of Object. Please correct the file and import again'],
    ['[]', 'Imported file should not be empty. Please correct the file and import again'],
  ])('the file %j', (file, problem) => {
    expect(parseMappingFile(file)).toEqual({ mappings: [], problems: [{ item: 0, name: null, problem }] })
  })
  test('a name twice: both are told', () => {
    expect(parse(parts(), parts({ mapping_name: 'HTS Service ' })).problems).toEqual(
      [1, 2].map((item) => ({
        item,
        name: 'HTS Service',
        problem: 'Mapping Name should be unique. Please correct the file and import again',
      })),
    )
  })
  test('every bad item is told', () => {
    expect(parse(parts({ mapping_name: '' }), parts(), tables({ event: '' })).problems.map((p) => p.item)).toEqual([1, 2, 3, 3])
  })
})

describe('what is written', () => {
  test('exactly the originals’ shape', () => {
    expect(formatMappingFile([HTS])).toBe(`${text([parts()], null, 2)}\n`)
    expect(Object.keys(mappingParts(HTS))).toEqual(['mapping_name', 'lookup_table', 'mapping_json', 'config'])
  })
  test('only mapped columns', () => {
    const more = withColumns(HTS, { instance: { ...HTS.instance.columns, Village: '' } })
    expect(mappingParts(more).mapping_json.instance).toEqual(HTS.instance.columns)
  })
  test('ours is kept, in config', () => {
    expect(formatMappingFile([FULL_MAPPING])).toBe(`${text([FULL], null, 2)}\n`)
  })
  test('a translation of a column that is not mapped, or of nothing, is not written', () => {
    const translations = { UIC: {}, Village: { a: 'b' } }
    expect(mappingParts({ ...HTS, instance: { ...HTS.instance, translations } }).config).toEqual(parts().config)
  })
})

const validate = new Ajv2020().compile(MAPPING_FILE_SCHEMA)
describe('the JSON Schema', () => {
  const fits = (file: unknown) => validate(JSON.parse(text(file)))
  test('is one of draft 2020-12', () => {
    expect(MAPPING_FILE_SCHEMA.$schema).toBe('https://json-schema.org/draft/2020-12/schema')
  })
  test.each(READ)('fits: %s', (_name, item) => {
    expect(fits([item]), text(validate.errors)).toBe(true)
  })
  test('fits: every export', () => expect(fits([FULL_MAPPING, HTS].map(mappingParts)), text(validate.errors)).toBe(true))
  test.each(WRONG)('does not fit, where a schema can tell: %j', (item, _problems, beyond) => {
    expect(fits([item])).toBe(beyond === 'beyond')
  })
  test.each([{}, 'x', []])('does not fit: the file %j', (file) => expect(fits(file)).toBe(false))
})

describe('two uses of one event table', () => {
  const use = (constants: EventRelation['constants'], table = 't') => ({ table, constants })
  test.each<[string, ReturnType<typeof use>[], string | null]>([
    ['none', [use({}), use({}, 'u')], null],
    ['without constants', [use({}), use({})], 't'],
    ['two stages', [use({ program_stage: 'A' }), use({ program_stage: 'B' })], null],
    ['two programs', [use({ program: 'A' }), use({ program: 'B' })], null],
    ['one stage', [use({ program_stage: 'A' }), use({ program_stage: 'A' })], 't'],
    ['a stage and what the column says', [use({ program_stage: 'A' }), use({})], 't'],
    ['a stage here and a program there', [use({ program_stage: 'A' }), use({ program: 'A' })], 't'],
    ['two org units are no part of the key', [use({ OrgUnit: 'A' }), use({ OrgUnit: 'B' })], 't'],
    ['the third like the first', [use({ program_stage: 'A' }), use({ program_stage: 'B' }), use({ program_stage: 'A' })], 't'],
  ])('%s', (_name, events, twice) => expect(usedTwice(events)).toBe(twice))
  test('is no mapping', () => {
    const again = [...HTS.events, ...HTS.events]
    expect(mappingSchema.safeParse({ ...HTS, events: again }).success).toBe(false)
  })
})

describe('always', () => {
  const word = fc.string({ unit: fc.constantFrom(...Array.from('abzé09 ')), minLength: 1 }).filter((name) => name.trim() !== '')
  // zod leaves out a key "__proto__", for safety
  const column = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 10 })
    .filter((name) => !/&(amp|lt|gt|quot|#39|nbsp);|^__proto__$/.test(name))
  const table = word.map((name) => name.trim())
  const uid = fc.stringMatching(/^[A-Za-z][A-Za-z0-9]{10}$/)
  const mapped = fc.dictionary(column, uid, { minKeys: 1, maxKeys: 5 })
  const translation = fc.dictionary(
    column.map((name) => name.trim()).filter((name) => name !== ''),
    fc.string({ unit: 'grapheme' }),
    { minKeys: 1, maxKeys: 3 },
  )
  const withTranslations = fc
    .record({ columns: mapped, some: fc.array(fc.nat(), { maxLength: 2 }), translation })
    .map(({ columns, some, translation }) => {
      const names = Object.keys(columns)
      return { columns, translations: Object.fromEntries(some.map((i) => [names[i % names.length]!, translation])) }
    })
  const constants = (...names: string[]) => fc.record(Object.fromEntries(names.map((name) => [name, table])), { requiredKeys: [] })
  const relation = (...names: string[]) =>
    fc.record({ table, constants: constants(...names), parts: withTranslations }).map(({ parts, ...rest }) => ({ ...rest, ...parts }))
  const mapping = fc
    .record({
      name: word.map((name) => name.trim()),
      instance: relation('OrgUnit'),
      enrollments: fc.record({ table, constants: constants('OrgUnit', 'program') }),
      events: fc.uniqueArray(relation('OrgUnit', 'program', 'program_stage'), {
        minLength: 1,
        maxLength: 3,
        selector: (event) => event.table,
      }),
      chunkSize: fc.option(fc.integer({ min: 1, max: 1000 })),
      openLatestCompletedEnrollment: fc.constantFrom('yes' as const, 'no' as const),
      onRejected: fc.constantFrom('stop' as const, 'continue' as const),
    })
    .chain((m) =>
      fc
        .record({ searchable: fc.subarray(Object.keys(m.instance.columns)), comparable: fc.subarray(Object.keys(m.instance.columns)) })
        .map((lists) => ({ ...m, ...lists })),
    )

  test('what is written is read back, and is a mapping', () => {
    fc.assert(
      fc.property(fc.uniqueArray(mapping, { selector: (m) => m.name, minLength: 1, maxLength: 3 }), (mappings) => {
        const { mappings: read, problems } = parseMappingFile(formatMappingFile(mappings))
        expect(problems).toEqual([])
        expect(read).toEqual(mappings)
        for (const m of read) expect(mappingSchema.parse(m)).toEqual(m)
      }),
    )
  })
  test('any text and any JSON is mappings or problems', () => {
    const any = fc.jsonValue()
    const part = fc.dictionary(fc.constantFrom('instance', 'enrollments', 'event', 'x'), fc.oneof(any, fc.dictionary(column, any)))
    const event = fc.record({ table: any, columns: any, constants: any, translations: any }, { requiredKeys: [] })
    const ours = fc
      .record(
        { constants: fc.oneof(part, any), translations: fc.oneof(part, any), events: fc.oneof(fc.array(event), any), chunkSize: any },
        { requiredKeys: [] },
      )
      .map((over) => ({ ...parts().config, ...over }))
    const loose = fc.record(
      {
        mapping_name: fc.oneof(word, fc.jsonValue()),
        lookup_table: fc.oneof(fc.constant(parts().lookup_table), fc.jsonValue()),
        mapping_json: fc.oneof(fc.constant(parts().mapping_json), fc.jsonValue()),
        config: fc.oneof(fc.constant(parts().config), ours, fc.jsonValue()),
      },
      { requiredKeys: [] },
    )
    const file = fc.oneof(
      fc.string(),
      fc.json(),
      fc.array(fc.oneof(loose, fc.jsonValue())).map((items) => JSON.stringify(items)),
    )
    fc.assert(
      fc.property(file, (content) => {
        const { mappings, problems } = parseMappingFile(content)
        expect(mappings.length > 0).toBe(problems.length === 0)
        for (const m of mappings) expect(mappingSchema.safeParse(m).success).toBe(true)
        if (mappings.length > 0) expect(validate(JSON.parse(content)), text(validate.errors)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
  test('the columns of a mapping do not depend on the order of its keys', () => {
    fc.assert(
      fc.property(mapped, (list) => {
        const turned = Object.fromEntries(Object.entries(list).toReversed())
        expect(mappedColumns({ columns: list, translations: {} })).toEqual(mappedColumns({ columns: turned, translations: {} }))
      }),
    )
    const translations = { b: { x: 'y' }, a: { x: 'z' } }
    expect(mappedColumns({ columns: { b: 'TEAUicCode1', a: '', '10': 'TEAFirstNm1' }, translations })).toEqual([
      ['10', 'TEAFirstNm1', {}],
      ['b', 'TEAUicCode1', { x: 'y' }],
    ])
  })
})
