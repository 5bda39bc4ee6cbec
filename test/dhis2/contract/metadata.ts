import { expect } from 'vitest'
import { PROGRAM } from './speak.ts'
import { type ContractCase, TRACKER } from './target.ts'

/** Metadata as a client of any version reads it. */
export const metadataCases: readonly ContractCase[] = [
  {
    title: 'the server says its version',
    async run(target) {
      const { body } = await target.get('/api/system/info')
      expect(body.version).toMatch(new RegExp(`^2\\.${target.minor}(\\.|$)`))
      expect(body.revision).toEqual(expect.any(String))
      expect(body.serverDate).toMatch(/^\d{4}-\d\d-\d\dT/)
    },
  },
  {
    title: 'the own account',
    async run(target) {
      const { body } = await target.get('/api/me?fields=id,organisationUnits[id],teiSearchOrganisationUnits[id],authorities')
      expect(body.id).toBe('USERsync001')
      expect(body.organisationUnits.length).toBe(12)
      expect(body.teiSearchOrganisationUnits).toEqual([{ id: 'OUCountry01' }])
      expect(body.authorities === undefined).toBe(target.minor === 30)
    },
  },
  {
    title: 'org units by code, in order of their names',
    async run(target) {
      const { body } = await target.get(
        '/api/organisationUnits?filter=code:in:[C-02,C-01,D-N1,NONE]&fields=id,code,name,path,level&paging=false',
      )
      expect(body).toEqual({
        organisationUnits: [
          { id: 'OUClinHre01', code: 'C-01', name: 'Acacia Clinic', level: 4, path: '/OUCountry01/OUProvHre01/OUDistHre01/OUClinHre01' },
          { id: 'OUClinHre02', code: 'C-02', name: 'Baobab Clinic', level: 4, path: '/OUCountry01/OUProvHre01/OUDistHre01/OUClinHre02' },
          { id: 'OUDistHre01', code: 'D-N1', name: 'Lakeside District', level: 3, path: '/OUCountry01/OUProvHre01/OUDistHre01' },
        ],
      })
    },
  },
  {
    title: 'org units below a root',
    async run(target) {
      const { body } = await target.get('/api/organisationUnits/OUDistHre01?includeDescendants=true&paging=false&fields=id,code')
      expect(body.organisationUnits).toEqual([
        { id: 'OUClinHre01', code: 'C-01' },
        { id: 'OUClinHre02', code: 'C-02' },
        { id: 'OUClinHre03', code: 'C-03' },
        { id: 'OUDistHre01', code: 'D-N1' },
      ])
      const plain = await target.get('/api/organisationUnits/OUDistHre01?includeDescendants=true')
      // all fields and no pages on 2.30, names and pages later
      expect([plain.body.pager === undefined, plain.body.organisationUnits[0].code === 'C-01']).toEqual([
        target.minor === 30,
        target.minor === 30,
      ])
      const unknown = await target.get('/api/organisationUnits/OUNowhere01?includeDescendants=true&fields=id')
      expect([unknown.status, unknown.body.organisationUnits?.length]).toEqual(target.minor > 41 ? [200, 0] : [404, undefined])
    },
  },
  {
    title: 'pages of a collection',
    async run(target) {
      const first = await target.get('/api/organisationUnits?fields=id&pageSize=7&page=1')
      const { pager } = first.body
      expect(pager).toMatchObject({ page: 1, pageSize: 7, total: 19, pageCount: 3 })
      expect(pager.nextPage).toMatch(/page=2/)
      const last = await target.get('/api/organisationUnits?fields=id&pageSize=7&page=3')
      expect(last.body.organisationUnits.length).toBe(5)
      expect(last.body.pager.nextPage).toBeUndefined()
      expect(last.body.pager.prevPage).toMatch(/page=2/)
      const shown = await target.get('/api/organisationUnits?pageSize=1')
      expect(Object.keys(shown.body.organisationUnits[0]).toSorted()).toEqual(['displayName', 'id'])
    },
  },
  {
    title: 'a program with its attributes, stages, data elements, options and org units',
    async run(target) {
      const fields =
        'id,name,onlyEnrollOnce,displayIncidentDate,selectEnrollmentDatesInFuture,selectIncidentDatesInFuture,trackedEntityType[id],organisationUnits[id],' +
        'programTrackedEntityAttributes[mandatory,trackedEntityAttribute[id,valueType,unique,optionSet[id,options[code,name]]]],' +
        'programStages[id,name,repeatable,programStageDataElements[compulsory,dataElement[id,valueType,optionSet[id,options[code]]]]]'
      const { body } = await target.get(`/api/programs/${PROGRAM}?fields=${fields}`)
      expect(body).toMatchObject({
        id: PROGRAM,
        name: 'HTS - HIV testing',
        onlyEnrollOnce: false,
        displayIncidentDate: true,
        selectEnrollmentDatesInFuture: false,
        trackedEntityType: { id: 'TETPerson01' },
      })
      expect(body.organisationUnits.length).toBe(12)
      const attributes = new Map<string, unknown>(
        body.programTrackedEntityAttributes.map((one: { mandatory: boolean; trackedEntityAttribute: { id: string } }) => [
          one.trackedEntityAttribute.id,
          one,
        ]),
      )
      expect([...attributes.keys()].length).toBe(6)
      expect(attributes.get('TEAUicCode1')).toEqual({
        mandatory: true,
        trackedEntityAttribute: { id: 'TEAUicCode1', valueType: 'TEXT', unique: true },
      })
      expect(attributes.get('TEAGenderS1')).toMatchObject({
        mandatory: false,
        trackedEntityAttribute: {
          optionSet: {
            id: 'OPSGender00',
            options: [
              { code: 'Male', name: 'Male' },
              { code: 'Female', name: 'Female' },
            ],
          },
        },
      })
      const first = body.programStages.find((one: { id: string }) => one.id === 'PSTHtsInit1')
      expect(first.repeatable).toBe(false)
      expect(first.programStageDataElements.length).toBe(6)
      expect(first.programStageDataElements).toContainEqual({ compulsory: true, dataElement: { id: 'DEHtsTstDt1', valueType: 'DATE' } })
      expect((await target.get('/api/programs/PRGNowhere1?fields=id')).status).toBe(404)
    },
  },
  {
    title: 'programs by uid, references by id alone',
    async run(target) {
      const { body } = await target.get(
        `/api/programs?filter=id:in:[${PROGRAM},PRGNowhere1]&fields=id,trackedEntityType,programStages&paging=false`,
      )
      expect(body.programs.length).toBe(1)
      expect(body.programs[0].trackedEntityType).toEqual({ id: 'TETPerson01' })
      expect(body.programs[0].programStages.toSorted((a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1))).toEqual([
        { id: 'PSTHtsFoll1' },
        { id: 'PSTHtsInit1' },
      ])
    },
  },
  {
    title: 'data elements, attributes, stages, types and option sets by uid',
    async run(target) {
      const elements = await target.get(
        '/api/dataElements?filter=id:in:[DEHtsTstDt1,DEHtsEntry1]&fields=id,name,code,valueType,optionSet[id,options[code,name]]&paging=false',
      )
      expect(elements.body.dataElements).toEqual([
        {
          id: 'DEHtsEntry1',
          name: 'HTS entry point',
          valueType: 'TEXT',
          optionSet: {
            id: 'OPSHtsEntry',
            options: [
              { code: 'OPD', name: 'Outpatient department' },
              { code: 'ANC', name: 'Antenatal care' },
              { code: 'TB', name: 'TB clinic' },
              { code: 'OUTREACH', name: 'Community outreach' },
            ],
          },
        },
        { id: 'DEHtsTstDt1', name: 'HTS test date', valueType: 'DATE' },
      ])
      const attributes = await target.get('/api/trackedEntityAttributes?filter=valueType:eq:DATE&pageSize=1000')
      expect(attributes.body.trackedEntityAttributes).toEqual([{ id: 'TEABirthDt1', displayName: 'Date of birth' }])
      const types = await target.get(
        '/api/trackedEntityTypes/TETPerson01?fields=id,name,trackedEntityTypeAttributes[mandatory,trackedEntityAttribute[id]]',
      )
      expect(types.body.trackedEntityTypeAttributes).toContainEqual({ mandatory: false, trackedEntityAttribute: { id: 'TEAUicCode1' } })
      const stages = await target.get('/api/programStages?filter=program.id:eq:PRGHtsTest1&fields=id,repeatable,program[id]&paging=false')
      expect(stages.body.programStages).toHaveLength(2)
      expect(stages.body.programStages[0].program).toEqual({ id: PROGRAM })
      const sets = await target.get('/api/optionSets?filter=name:ilike:gender&fields=id,options[code]&paging=false')
      expect(sets.body.optionSets).toEqual([{ id: 'OPSGender00', options: [{ code: 'Male' }, { code: 'Female' }] }])
    },
  },
  {
    title: 'which org units programs are assigned to',
    on: TRACKER,
    async run(target) {
      const { body } = await target.get(`/api/programs/orgUnits?programs=${PROGRAM}`)
      expect(body[PROGRAM].length).toBe(12)
      expect(body[PROGRAM]).toContain('OUClinHre01')
    },
  },
]
