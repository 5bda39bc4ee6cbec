/** What does not fit between a mapping, the Mart and DHIS2: a row for each finding. */
import { describe, expect, test } from 'vitest'
import type { Dhis2Facts, Finding, Place, RelationFacts, SampleRow } from '../../src/core/mapping-facts.ts'
import { findingsOf } from '../../src/core/mapping-fit.ts'
import { mappedColumns, relationsOf, type Mapping } from '../../src/core/mapping.ts'
import type { Metadata } from '../../src/core/model.ts'
import { REQUIRED_COLUMNS } from '../../src/core/fixed-columns.ts'
import { HTS, MAPPING as CLINIC, METADATA, withProgram } from '../support/clinic.ts'
import { withColumns } from '../support/with-columns.ts'

/** Nothing wrong with it. */
const MAPPING: Mapping = {
  ...CLINIC,
  events: [
    {
      ...CLINIC.events[0]!,
      columns: { 'HIV result': 'DEHtsResul1', 'Test date': 'DEHtsTstDt1', 'Was counselled': 'DEHtsCouns1' },
    },
  ],
}
const STAGE = 'PSTHtsInit1'
const PERSON = METADATA.trackedEntityTypes.get('TETPerson01')!
const WITH_UIC = new Map(
  ['TEAUicCode1', 'TEAFirstNm1', 'TEABirthDt1', 'TEAGenderS1'].map((uid) => [uid, { mandatory: uid === 'TEAUicCode1', searchable: false }]),
)
const DHIS2: Dhis2Facts = {
  metadata: METADATA,
  trackedEntityType: { ...PERSON, attributes: WITH_UIC },
  others: new Map(),
}
const place = (over: Partial<Place> = {}): Place => ({ program: HTS.uid, stage: STAGE, orgUnit: 'C-01', rows: 10, ...over })

/** All columns there, as text, and one healthy place. */
function factsOf(mapping: Mapping): RelationFacts[] {
  return relationsOf(mapping).map(({ kind, columns, constants }) => ({
    types: new Map(
      [...REQUIRED_COLUMNS[kind].filter((name) => constants[name] === undefined), ...columns.map(([name]) => name)].map((name) => [
        name,
        'text',
      ]),
    ),
    content: {
      places: [place({ ...(kind === 'trackedEntity' && { program: null }), ...(kind !== 'event' && { stage: null }) })],
      sample: [],
    },
    problem: null,
  }))
}

interface Situation {
  mapping?: Mapping
  dhis2?: Partial<Dhis2Facts> | null
  /** of the relations, in order */
  facts?: readonly (Partial<RelationFacts> | undefined)[]
  examples?: boolean
}
function find({ mapping = MAPPING, dhis2 = {}, facts = [], examples = false }: Situation): Finding[] {
  const all = factsOf(mapping).map((own, i) => ({ ...own, ...facts[i] }))
  return findingsOf(mapping, all, dhis2 && { ...DHIS2, ...dhis2 }, { timeZone: 'Africa/Harare', examples })
}

const content = (places: readonly Partial<Place>[], sample: readonly SampleRow[] = []) => ({
  content: { places: places.map(place), sample },
})
/** Rows with these values in one mapped column of the relation. */
function sampled(
  relation: Mapping['instance'] | Mapping['events'][number],
  column: string,
  values: readonly (string | null)[],
  stage: string | null = STAGE,
) {
  const position = mappedColumns(relation).findIndex(([name]) => name === column)
  return values.map((value): SampleRow => ({
    program: HTS.uid,
    stage,
    values: mappedColumns(relation).map((_, i) => (i === position ? value : null)),
  }))
}
const instance = (columns: Record<string, string>) => withColumns(MAPPING, { instance: columns })
const event = (columns: Record<string, string>) => withColumns(MAPPING, { event: columns })
const types = (i: number, over: Record<string, string | null>) => {
  const all = new Map(factsOf(MAPPING)[i]!.types)
  for (const [name, type] of Object.entries(over)) {
    if (type === null) all.delete(name)
    else all.set(name, type)
  }
  return { types: all }
}

test('a mapping that fits has no findings', () => {
  expect(find({})).toEqual([])
  expect(find({ dhis2: null })).toEqual([])
})

type Row = [what: string, situation: Situation, expected: Partial<Omit<Finding, 'message'>> & { message: RegExp }]
const ROWS: readonly Row[] = [
  [
    'a relation that is not there',
    { facts: [undefined, { types: null, content: null }] },
    {
      severity: 'error',
      part: 'enrollments',
      index: null,
      field: 'table',
      relation: 'hts_program_enrollment_table',
      message: /no table or view/,
    },
  ],
  [
    'a relation that takes too long',
    { facts: [undefined, undefined, { content: null, problem: 'took longer than 30 seconds to read.' }] },
    { severity: 'warning', part: 'events', index: 0, field: 'table', message: /^"hts_program_events_table" took longer/ },
  ],
  ['a relation without rows', { facts: [content([])] }, { severity: 'warning', part: 'instance', field: 'table', message: /has no rows/ }],
  [
    'a fixed column that is missing',
    { facts: [types(0, { date_created: null })] },
    { severity: 'error', part: 'instance', field: 'column', column: 'date_created', message: /no column "date_created"/ },
  ],
  [
    'a mapped column that is missing, and one that looks like it',
    { facts: [undefined, undefined, types(2, { 'Test date': null, 'test_Date ': 'text' })] },
    {
      severity: 'error',
      part: 'events',
      field: 'column',
      column: 'Test date',
      message: /It has "test_Date "/,
      remedy: 'Map "test_Date " instead.',
    },
  ],
  [
    'no column is mapped',
    { mapping: event({ Notes: '' }), dhis2: null },
    { severity: 'error', part: 'events', field: 'column', message: /No column/ },
  ],
  [
    'an event table twice',
    { mapping: { ...MAPPING, events: [MAPPING.events[0]!, MAPPING.events[0]!] } },
    { severity: 'error', part: 'events', index: 1, field: 'table', message: /more than once/ },
  ],
  [
    'a UID that is nothing',
    { mapping: instance({ ...MAPPING.instance.columns, Gender: 'Nowhere0001' }) },
    {
      severity: 'error',
      part: 'instance',
      field: 'uid',
      column: 'Gender',
      message: /^"Gender" is mapped to attribute Nowhere0001, which DHIS2 does not have/,
    },
  ],
  [
    'a UID of another kind',
    { mapping: instance({ ...MAPPING.instance.columns, Gender: HTS.uid }), dhis2: { others: new Map([[HTS.uid, 'the program "HTS"']]) } },
    { severity: 'error', field: 'uid', column: 'Gender', message: /which is the program "HTS" and no attribute/ },
  ],
  [
    'a data element of another program',
    {
      mapping: event({ ...MAPPING.events[0]!.columns, Notes: 'DEElsewher1' }),
      dhis2: { others: new Map([['DEElsewher1', 'the data element "TB score"']]) },
    },
    {
      severity: 'error',
      field: 'uid',
      column: 'Notes',
      message: /the data element "TB score", which belongs to no program that the Mart’s rows name/,
    },
  ],
  [
    'a data element of another stage',
    { mapping: event({ ...MAPPING.events[0]!.columns, Notes: 'DEFupNotes1' }) },
    {
      severity: 'error',
      part: 'events',
      field: 'uid',
      column: 'Notes',
      message: /none of the stages that the rows of "hts_program_events_table" name: "Initial test"/,
    },
  ],
  [
    'an attribute of neither type nor program',
    { mapping: instance({ ...MAPPING.instance.columns, Phone: 'TEAPhoneNo1' }) },
    {
      severity: 'warning',
      part: 'instance',
      field: 'uid',
      column: 'Phone',
      message: /belongs to neither .* "Person", "HTS - HIV testing"/,
    },
  ],
  [
    'the same UID twice',
    { mapping: instance({ ...MAPPING.instance.columns, Nickname: 'TEAFirstNm1' }) },
    { severity: 'warning', field: 'uid', column: 'Nickname', message: /"Nickname" and "First Name" are both mapped to "First name"/ },
  ],
  [
    'a type that is not known',
    { dhis2: { trackedEntityType: null } },
    { severity: 'error', part: 'instance', field: 'uid', message: /tracked entity type/ },
  ],
  [
    'a mandatory attribute without a column',
    { dhis2: { metadata: withProgram({ attributes: new Map([['TEAPhoneNo1', { mandatory: true, searchable: false }]]) }) } },
    { severity: 'error', part: 'instance', field: 'uid', column: null, message: /"HTS - HIV testing" requires "Phone" \(TEAPhoneNo1\)/ },
  ],
  [
    'a compulsory data element without a column',
    { mapping: event({ 'HIV result': 'DEHtsResul1' }) },
    {
      severity: 'error',
      part: 'events',
      field: 'uid',
      column: null,
      message: /Stage "Initial test" .* requires "HTS test date" \(DEHtsTstDt1\)/,
    },
  ],
  [
    'a program that DHIS2 does not have',
    { facts: [undefined, content([{ stage: null }, { stage: null, program: 'PRGNowhere1', rows: 3 }])] },
    {
      severity: 'error',
      part: 'enrollments',
      field: 'column',
      column: 'program',
      message: /^Program PRGNowhere1 of "hts_program_enrollment_table" \(3 rows\) is not in DHIS2/,
    },
  ],
  [
    'rows without a program',
    { facts: [undefined, content([{ stage: null }, { stage: null, program: null, rows: 1 }])] },
    { severity: 'warning', part: 'enrollments', column: 'program', message: /has 1 row without a program: it is rejected/ },
  ],
  [
    'a program as a constant',
    {
      mapping: { ...MAPPING, enrollments: { ...MAPPING.enrollments, constants: { program: 'PRGNowhere1' } } },
      facts: [undefined, { content: null }],
    },
    {
      severity: 'error',
      part: 'enrollments',
      field: 'constant',
      column: 'program',
      message: /^Program PRGNowhere1 \(the mapping’s constant for "hts_program_enrollment_table"\) is not in DHIS2/,
    },
  ],
  [
    'a stage of no program',
    { facts: [undefined, undefined, content([{}, { stage: 'PSTNowhere1', rows: 2 }])] },
    {
      severity: 'error',
      part: 'events',
      column: 'program_stage',
      message: /^Stage PSTNowhere1 of "hts_program_events_table" \(2 rows\) is no stage of program "HTS - HIV testing"/,
    },
  ],
  [
    'rows without a stage',
    { facts: [undefined, undefined, content([{}, { stage: null, rows: 2 }])] },
    { severity: 'warning', column: 'program_stage', message: /2 rows without a program stage/ },
  ],
  [
    'a stage without a program',
    { facts: [undefined, undefined, content([{}, { program: null, stage: 'PSTNowhere1', rows: 0 }])] },
    { severity: 'error', column: 'program_stage', message: /no stage of any program/ },
  ],
  [
    'org units that DHIS2 does not know',
    {
      facts: [
        content([{}, ...['A', 'B', 'C', 'D', 'E', 'F'].map((orgUnit) => ({ orgUnit, rows: 2 }))].map((p) => ({ ...p, program: null }))),
      ],
    },
    {
      severity: 'error',
      part: 'instance',
      field: 'column',
      column: 'OrgUnit',
      message: /^DHIS2 does not know 6 org unit codes of "hts_instance_table" \(12 rows\): "A", "B", "C", "D", "E" and 1 more\.$/,
    },
  ],
  [
    'rows without an org unit',
    { facts: [content([{ program: null }, { program: null, orgUnit: null }])] },
    { severity: 'warning', column: 'OrgUnit', message: /10 rows without an org unit/ },
  ],
  [
    'an org unit that the program is not assigned to',
    { facts: [undefined, content([{ stage: null }, { stage: null, orgUnit: 'C-03' }])] },
    {
      severity: 'error',
      part: 'enrollments',
      column: 'OrgUnit',
      message: /^Program "HTS - HIV testing" is not assigned to 1 org unit of "hts_program_enrollment_table" \(10 rows\): "C-03"/,
    },
  ],
  [
    'an org unit as a constant',
    {
      mapping: { ...MAPPING, instance: { ...MAPPING.instance, constants: { OrgUnit: 'X' } } },
      facts: [content([{ program: null, orgUnit: 'X' }])],
    },
    {
      severity: 'error',
      field: 'constant',
      column: 'OrgUnit',
      message: /^DHIS2 does not know 1 org unit code \(the mapping’s constant for "hts_instance_table"\): "X"/,
    },
  ],
  [
    'a column’s type that never fits',
    { facts: [undefined, undefined, types(2, { 'Test date': 'boolean' })] },
    {
      severity: 'error',
      field: 'column',
      column: 'Test date',
      message: /is of type boolean, and no value of it fits "HTS test date", which is of type DATE/,
    },
  ],
  [
    'a field that no column can give',
    {
      dhis2: {
        metadata: {
          ...METADATA,
          attributes: new Map(METADATA.attributes).set('TEAFirstNm1', { ...METADATA.attributes.get('TEAFirstNm1')!, valueType: 'IMAGE' }),
        },
      },
    },
    { severity: 'error', field: 'column', column: 'First Name', message: /of type IMAGE, which a column of the Mart cannot give/ },
  ],
  [
    'values that are no options',
    { facts: [content([{ program: null }], sampled(MAPPING.instance, 'Gender', ['Male', 'Unknown', null, '?']))] },
    {
      severity: 'warning',
      field: 'value',
      column: 'Gender',
      message:
        /^2 of the newest 4 rows \(50 %\) have a value in "Gender" that DHIS2 refuses for "Gender": it is not an option \(Male, Female\)\.$/,
    },
  ],
  [
    'values of the wrong type, in a few rows of many',
    {
      facts: [
        content([{ program: null }], sampled(MAPPING.instance, 'Date of Birth', [...Array<string>(200).fill('2000-01-01'), 'yesterday'])),
      ],
    },
    { severity: 'warning', column: 'Date of Birth', message: /^1 of the newest 201 rows \(less than 1 %\) .* it is not a date\.$/ },
  ],
  [
    'values of rows whose stage has not the data element',
    {
      facts: [
        undefined,
        undefined,
        content([{}, { stage: 'PSTHtsFoll1' }], sampled(MAPPING.events[0]!, 'HIV result', ['POSITIVE', null], 'PSTHtsFoll1')),
      ],
    },
    {
      severity: 'warning',
      part: 'events',
      field: 'value',
      column: 'HIV result',
      message: /^1 of the newest 2 rows \(50 %\) have a value in "HIV result" and a program stage/,
    },
  ],
  [
    'a translation to what is no option',
    { mapping: { ...MAPPING, instance: { ...MAPPING.instance, translations: { Gender: { m: 'Man', f: 'Female' } } } } },
    {
      severity: 'error',
      field: 'translation',
      column: 'Gender',
      message: /the translation of "m" to "Man" is not an option for "Gender" \(Male, Female\)/,
    },
  ],
  [
    'a searchable column that is not mapped',
    { mapping: { ...MAPPING, searchable: ['UIC', 'Phone'] }, dhis2: null },
    { severity: 'error', part: 'config', field: 'searchable', column: 'Phone', message: /is searchable, but is not mapped/ },
  ],
  [
    'a comparable column that is not mapped',
    { mapping: { ...MAPPING, comparable: ['Not mapped'] }, dhis2: null },
    { severity: 'error', part: 'config', field: 'comparable', column: 'Not mapped', message: /is comparable, but is not mapped/ },
  ],
  [
    'a searchable column that DHIS2 does not search by',
    { mapping: { ...MAPPING, searchable: ['Gender'] } },
    {
      severity: 'warning',
      part: 'config',
      field: 'searchable',
      column: 'Gender',
      message: /"Gender" is neither unique nor searchable in DHIS2/,
    },
  ],
  [
    'comparable without searchable',
    { mapping: { ...MAPPING, searchable: [] } },
    { severity: 'warning', part: 'config', field: 'comparable', message: /no searchable column/ },
  ],
]

describe('one finding', () => {
  test.each(ROWS)('%s', (_what, situation, { message, ...expected }) => {
    const findings = find(situation)
    expect(findings).toMatchObject([expected])
    expect(findings[0]!.message).toMatch(message)
    expect(findings[0]!.remedy).toMatch(/^[A-Z].*\.$/)
    expect(findings[0]!.message).toMatch(/[.]$/)
  })
})

describe('no finding', () => {
  const translated: Mapping = { ...MAPPING, instance: { ...MAPPING.instance, translations: { Gender: { Unknown: '', m: 'Male' } } } }
  test.each<[string, Situation]>([
    [
      'values that are translated',
      { mapping: translated, facts: [content([{ program: null }], sampled(MAPPING.instance, 'Gender', ['m', 'Unknown', 'female']))] },
    ],
    ['a constant in place of a column', { mapping: { ...MAPPING, instance: { ...MAPPING.instance, constants: { OrgUnit: 'C-01' } } } }],
    ['a unique attribute is found anywhere', { mapping: { ...MAPPING, searchable: ['UIC'] } }],
    ['an event without an org unit takes its enrollment’s', { facts: [undefined, undefined, content([{ orgUnit: null }])] }],
    ['a boolean column for an option set, whose codes may be anything', { facts: [types(0, { Gender: 'boolean' })] }],
    ['a timestamp for a date', { facts: [undefined, undefined, types(2, { 'Test date': 'timestamp with time zone' })] }],
    ['a type of PostgreSQL that is not known', { facts: [types(0, { 'Date of Birth': 'xml' })] }],
    ['two stages, and the data element in one of them', { facts: [undefined, undefined, content([{}, { stage: 'PSTHtsFoll1' }])] }],
  ])('%s', (_what, situation) => {
    expect(find(situation)).toEqual([])
  })

  test('DHIS2 away: nothing is said of what only it knows', () => {
    const mapping = instance({ ...MAPPING.instance.columns, Phone: 'Nowhere0001' })
    expect(find({ mapping, dhis2: null, facts: [content([{ program: 'PRGNowhere1', orgUnit: 'X' }])] })).toEqual([])
  })
})

test('values of patients are named only for those who may see them', () => {
  const facts = [content([{ program: null }], sampled(MAPPING.instance, 'Gender', ['Male', 'HIV positive, wife of 07-55']))]
  expect(JSON.stringify(find({ facts }))).not.toContain('wife')
  expect(find({ facts, examples: true })[0]!.message).toMatch(/, for example "HIV positive, wife of 07-55"\.$/)
  const long: Metadata = { ...METADATA, attributes: new Map(METADATA.attributes) }
  const tooLong = [content([{ program: null }], sampled(MAPPING.instance, 'First Name', ['x'.repeat(1201)]))]
  expect(find({ facts: tooLong, dhis2: { metadata: long } })[0]!.message).toMatch(/it is too long\.$/)
})

test('errors come first, and each in the order of the form', () => {
  const mapping: Mapping = { ...instance({ ...MAPPING.instance.columns, Nickname: 'TEAFirstNm1' }), searchable: ['Phone'] }
  const findings = find({ mapping, facts: [undefined, { types: null, content: null }] })
  expect(findings.map(({ severity, part }) => [severity, part])).toEqual([
    ['error', 'enrollments'],
    ['error', 'config'],
    ['warning', 'instance'],
  ])
})
