/** The server's metadata, from answers of the shapes that 2.30 to 2.43 give. */
import { afterEach, describe, expect, test } from 'vitest'
import type { SystemInfo } from '../../src/dhis2/client.ts'
import { openHttp, type Http } from '../../src/dhis2/http.ts'
import { legacyClient } from '../../src/dhis2/legacy.ts'
import { readMetadata } from '../../src/dhis2/metadata.ts'
import { trackerClient } from '../../src/dhis2/tracker.ts'
import { startServer, type LocalServer } from '../support/local-server.ts'

let open: { close: () => Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.toReversed()) await one.close()
  open = []
})

/** Answers by the first part of the path below /api/; what is not named is an empty list. */
async function serve(lists: Record<string, (query: URLSearchParams) => unknown>): Promise<{ http: Http; server: LocalServer }> {
  const server = await startServer(({ path }) => {
    const url = new URL(path, 'http://dhis2')
    const name = url.pathname.slice('/api/'.length)
    return { body: lists[name]?.(url.searchParams) ?? {} }
  })
  const http = openHttp({
    url: server.url,
    credentials: { username: 'sync', password: 'pw' },
    connections: 4,
    timeoutMs: 5000,
    retryBudgetMs: 0,
  })
  open.push(server, http)
  return { http, server }
}

const asked = (server: LocalServer, name: string) =>
  server.seen.map((s) => new URL(s.path, 'http://dhis2')).filter((url) => url.pathname === `/api/${name}`)
/** The uids of `filter=id:in:[…]`. */
const uidsIn = (query: URLSearchParams) => /^id:in:\[(.*)\]$/.exec(query.get('filter') ?? '')?.[1]?.split(',') ?? []
const uid = (letter: string, n: number) => `${letter}${String(n).padStart(10, '0')}`

const STAGES = [
  {
    name: 'Initial test',
    validationStrategy: 'ON_UPDATE_AND_INSERT',
    id: 'PSTHtsInit1',
    repeatable: false,
    programStageDataElements: [
      { dataElement: { name: 'HTS test date', valueType: 'DATE', id: 'DEHtsTstDt1' }, compulsory: true },
      {
        dataElement: { name: 'HTS test result', code: 'RESULT', valueType: 'TEXT', optionSet: { id: 'OPSHivResul' }, id: 'DEHtsResul1' },
        compulsory: false,
      },
    ],
  },
  {
    name: 'Follow-up visit',
    id: 'PSTHtsFoll1',
    repeatable: true,
    programStageDataElements: [
      { dataElement: { name: 'HTS re-test result', valueType: 'TEXT', optionSet: { id: 'OPSHivResul' }, id: 'DEFupReslt1' } },
    ],
  },
]
const LISTS: Record<string, (query: URLSearchParams) => unknown> = {
  organisationUnits: () => ({
    organisationUnits: [
      { code: 'C-01', name: 'Acacia Clinic', id: 'OUClinHre01' },
      { code: 'C-02', name: 'Baobab Clinic', id: 'OUClinHre02' },
    ],
  }),
  trackedEntityAttributes: () => ({
    trackedEntityAttributes: [
      { name: 'Date of birth', valueType: 'DATE', unique: false, id: 'TEABirthDt1' },
      { name: 'Gender', valueType: 'TEXT', optionSet: { id: 'OPSGender00' }, unique: false, id: 'TEAGenderS1' },
      { name: 'UIC', code: 'UIC', valueType: 'TEXT', unique: true, id: 'TEAUicCode1' },
    ],
  }),
  trackedEntityTypes: () => ({
    trackedEntityTypes: [
      {
        name: 'Person',
        id: 'TETPerson01',
        trackedEntityTypeAttributes: [
          null,
          { mandatory: true, searchable: true, trackedEntityAttribute: { id: 'TEAUicCode1' } },
          { trackedEntityAttribute: { id: 'TEABirthDt1' } },
        ],
      },
      { name: 'Animal', id: 'TETAnimal01' },
    ],
  }),
  programs: () => ({
    programs: [
      {
        name: 'HTS - HIV testing',
        onlyEnrollOnce: true,
        selectEnrollmentDatesInFuture: true,
        selectIncidentDatesInFuture: true,
        trackedEntityType: { id: 'TETPerson01' },
        id: 'PRGHtsTest1',
        organisationUnits: [{ id: 'OUClinHre02' }, { id: 'OUClinHre01' }],
        programTrackedEntityAttributes: [
          { mandatory: true, searchable: true, trackedEntityAttribute: { id: 'TEAUicCode1' } },
          null,
          { mandatory: false, trackedEntityAttribute: { id: 'TEAGenderS1' } },
        ],
        programStages: STAGES,
      },
    ],
  }),
  optionSets: () => ({
    optionSets: [
      {
        id: 'OPSHivResul',
        options: [null, { code: 'POSITIVE', name: 'Positive' }, null, { code: 'NEGATIVE', name: 'Negative' }],
      },
      {
        id: 'OPSGender00',
        options: [
          { code: 'Male', name: 'Male' },
          { code: 'Female', name: 'Female' },
        ],
      },
    ],
  }),
}

describe('what a run needs to know', () => {
  test('from whole answers; gaps in lists that DHIS2 keeps by position do no harm', async () => {
    const { http } = await serve(LISTS)
    const results = [
      { code: 'POSITIVE', name: 'Positive' },
      { code: 'NEGATIVE', name: 'Negative' },
    ]
    const field = { code: null, unique: false, options: null }
    expect(await readMetadata(http, ['PRGHtsTest1'])).toEqual({
      orgUnitsByCode: new Map([
        ['C-01', { uid: 'OUClinHre01', code: 'C-01', name: 'Acacia Clinic' }],
        ['C-02', { uid: 'OUClinHre02', code: 'C-02', name: 'Baobab Clinic' }],
      ]),
      attributes: new Map([
        ['TEABirthDt1', { ...field, uid: 'TEABirthDt1', name: 'Date of birth', valueType: 'DATE' }],
        [
          'TEAGenderS1',
          {
            ...field,
            uid: 'TEAGenderS1',
            name: 'Gender',
            valueType: 'TEXT',
            options: [
              { code: 'Male', name: 'Male' },
              { code: 'Female', name: 'Female' },
            ],
          },
        ],
        ['TEAUicCode1', { ...field, uid: 'TEAUicCode1', name: 'UIC', code: 'UIC', valueType: 'TEXT', unique: true }],
      ]),
      dataElements: new Map([
        ['DEHtsTstDt1', { ...field, uid: 'DEHtsTstDt1', name: 'HTS test date', valueType: 'DATE' }],
        ['DEHtsResul1', { ...field, uid: 'DEHtsResul1', name: 'HTS test result', code: 'RESULT', valueType: 'TEXT', options: results }],
        ['DEFupReslt1', { ...field, uid: 'DEFupReslt1', name: 'HTS re-test result', valueType: 'TEXT', options: results }],
      ]),
      programs: new Map([
        [
          'PRGHtsTest1',
          {
            uid: 'PRGHtsTest1',
            name: 'HTS - HIV testing',
            trackedEntityType: 'TETPerson01',
            onlyEnrollOnce: true,
            selectEnrollmentDatesInFuture: true,
            selectIncidentDatesInFuture: true,
            orgUnits: new Set(['OUClinHre01', 'OUClinHre02']),
            attributes: new Map([
              ['TEAUicCode1', { mandatory: true, searchable: true }],
              ['TEAGenderS1', { mandatory: false, searchable: false }],
            ]),
            stages: new Map([
              [
                'PSTHtsInit1',
                {
                  uid: 'PSTHtsInit1',
                  name: 'Initial test',
                  repeatable: false,
                  validationStrategy: 'ON_UPDATE_AND_INSERT',
                  dataElements: new Map([
                    ['DEHtsTstDt1', { compulsory: true }],
                    ['DEHtsResul1', { compulsory: false }],
                  ]),
                },
              ],
              [
                'PSTHtsFoll1',
                {
                  uid: 'PSTHtsFoll1',
                  name: 'Follow-up visit',
                  repeatable: true,
                  validationStrategy: 'ON_COMPLETE',
                  dataElements: new Map([['DEFupReslt1', { compulsory: false }]]),
                },
              ],
            ]),
          },
        ],
      ]),
      trackedEntityTypes: new Map([
        [
          'TETPerson01',
          {
            uid: 'TETPerson01',
            name: 'Person',
            attributes: new Map([
              ['TEAUicCode1', { mandatory: true, searchable: true }],
              ['TEABirthDt1', { mandatory: false, searchable: false }],
            ]),
          },
        ],
        ['TETAnimal01', { uid: 'TETAnimal01', name: 'Animal', attributes: new Map() }],
      ]),
    })
  })

  test('what DHIS2 leaves out is no, none or empty', async () => {
    const { http } = await serve({ ...LISTS, programs: () => ({ programs: [{ id: 'PRGHtsTest1', name: 'Bare' }] }) })
    expect((await readMetadata(http, ['PRGHtsTest1'])).programs.get('PRGHtsTest1')).toEqual({
      uid: 'PRGHtsTest1',
      name: 'Bare',
      trackedEntityType: '',
      onlyEnrollOnce: false,
      selectEnrollmentDatesInFuture: false,
      selectIncidentDatesInFuture: false,
      orgUnits: new Set(),
      attributes: new Map(),
      stages: new Map(),
    })
  })

  test.each<[string, unknown]>([
    ['an option set that our account may not read', { optionSets: [] }],
    ['an option set without options', { optionSets: [{ id: 'OPSGender00' }] }],
  ])('%s has no options, which is not the same as any value', async (_name, optionSets) => {
    const { http } = await serve({ ...LISTS, optionSets: () => optionSets })
    const { attributes } = await readMetadata(http, ['PRGHtsTest1'])
    expect([attributes.get('TEAGenderS1')?.options, attributes.get('TEABirthDt1')?.options]).toEqual([[], null])
  })

  test('an empty server', async () => {
    const { http, server } = await serve({})
    const metadata = await readMetadata(http, [])
    expect(Object.values(metadata).map((map: ReadonlyMap<string, unknown>) => map.size)).toEqual([0, 0, 0, 0, 0])
    expect(asked(server, 'optionSets')).toEqual([])
  })
})

describe('what is asked', () => {
  test('whole lists, never pages', async () => {
    const { http, server } = await serve(LISTS)
    await readMetadata(http, ['PRGHtsTest1'])
    const all = server.seen.map((s) => new URL(s.path, 'http://dhis2'))
    expect(all.map((url) => url.pathname).toSorted()).toEqual(
      ['optionSets', 'organisationUnits', 'programs', 'trackedEntityAttributes', 'trackedEntityTypes'].map((name) => `/api/${name}`),
    )
    expect(all.map((url) => url.searchParams.get('paging'))).toEqual(Array(5).fill('false'))
    expect(asked(server, 'organisationUnits')[0]?.searchParams.get('filter')).toBe('code:!null')
  })

  test('an option set once, however many fields have it', async () => {
    const { http, server } = await serve(LISTS)
    await readMetadata(http, ['PRGHtsTest1'])
    expect(asked(server, 'optionSets').map((url) => uidsIn(url.searchParams))).toEqual([['OPSGender00', 'OPSHivResul']])
  })

  test('programs by uid alone: any other name would spoil the request for all', async () => {
    const { http, server } = await serve(LISTS)
    await readMetadata(http, ['HTS Service', 'PRGHtsTest1', '', 'PRGHtsTest1x', 'a],b:in:[c', '1RGHtsTest1'])
    expect(asked(server, 'programs').map((url) => uidsIn(url.searchParams))).toEqual([['PRGHtsTest1']])
    server.seen.length = 0
    await readMetadata(http, ['HTS Service'])
    expect(asked(server, 'programs')).toEqual([])
  })
})

describe('long lists of uids are asked for in parts', () => {
  const LONGEST_URL = 4000
  test('programs and option sets', async () => {
    const programs = Array.from({ length: 45 }, (_, i) => uid('P', i))
    const sets = Array.from({ length: 230 }, (_, i) => uid('O', i))
    const { http, server } = await serve({
      programs: (query) => ({ programs: uidsIn(query).map((id) => ({ id, name: `Program ${id}` })) }),
      trackedEntityAttributes: () => ({
        trackedEntityAttributes: sets.map((id, i) => ({ id: uid('A', i), name: `A${i}`, valueType: 'TEXT', optionSet: { id } })),
      }),
      optionSets: (query) => ({ optionSets: uidsIn(query).map((id) => ({ id, options: [{ code: id, name: id }] })) }),
    })
    const metadata = await readMetadata(http, programs)
    expect([...metadata.programs.keys()]).toEqual(programs)
    expect([...metadata.attributes.values()].map((field) => field.options?.[0]?.code)).toEqual(sets)
    expect(asked(server, 'programs').map((url) => uidsIn(url.searchParams).length)).toEqual([20, 20, 5])
    expect(asked(server, 'optionSets').map((url) => uidsIn(url.searchParams).length)).toEqual([100, 100, 30])
    for (const { path } of server.seen) expect(path.length).toBeLessThan(LONGEST_URL)
  })

  const PERSONS = Array.from({ length: 400 }, (_, i) => uid('T', i))
  const info = (version: string): SystemInfo => ({ version, minor: Number(version.slice(2)), revision: null })
  /** the adapter, where it asks, how it names and separates uids */
  test.each([
    ['legacy', '2.30', 'trackedEntityInstances', 'trackedEntityInstance', ';', 'trackedEntityInstance'],
    ['tracker', '2.38', 'tracker/trackedEntities', 'trackedEntity', ';', 'trackedEntity'],
    ['tracker', '2.43', 'tracker/trackedEntities', 'trackedEntities', ',', 'trackedEntity'],
  ] as const)('tracked entities and enrollments: %s %s', async (api, version, path, parameter, separator, key) => {
    const enrollment = (person: string) => ({
      enrollment: person.replace('T', 'N'),
      trackedEntity: person,
      program: 'PRGHtsTest1',
      status: 'ACTIVE',
      enrolledAt: '2024-03-01T00:00:00.000',
      enrollmentDate: '2024-03-01T00:00:00.000',
    })
    const { http, server } = await serve({
      [path]: (query) => ({
        [path.split('/').at(-1)!]: (query.get(parameter) ?? '')
          .split(separator)
          // more than was asked for, as servers give that do not know the parameter
          .concat('TNotAsked01')
          .map((person) => ({ [key]: person, orgUnit: 'OUClinHre01', enrollments: [enrollment(person)] })),
      }),
    })
    const client = api === 'legacy' ? legacyClient(http, info(version)) : trackerClient(http, info(version))
    // a uid twice is asked for once
    const persons = await client.readTrackedEntities([...PERSONS, ...PERSONS.slice(0, 10)])
    expect(persons.map((person) => person.trackedEntity)).toEqual(PERSONS)
    const enrollments = await client.readEnrollments('PRGHtsTest1', PERSONS)
    expect(enrollments.map((e) => [e.trackedEntity, e.enrollment])).toEqual(PERSONS.map((person) => [person, person.replace('T', 'N')]))
    expect(asked(server, path).map((url) => url.searchParams.get(parameter)?.split(separator).length)).toEqual([
      150, 150, 100, 150, 150, 100,
    ])
    for (const { path: long } of server.seen) expect(long.length).toBeLessThan(LONGEST_URL)
  })
})
