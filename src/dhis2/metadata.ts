/** The server's metadata that a run needs. The same requests work from 2.30 to 2.43. */
import type { AttributeUse, Field, Metadata, Option, OrgUnit, Program, ProgramStage, TrackedEntityType } from '../core/model.ts'
import { isUid } from '../core/uid.ts'
import type { Http } from './http.ts'
import { inParts, readAll } from './paging.ts'

interface Ref {
  id: string
}
interface RawOrgUnit extends Ref {
  code: string
  name: string
}
interface RawField extends Ref {
  name: string
  code?: string
  valueType: string
  unique?: boolean
  optionSet?: Ref
}
/** DHIS2 keeps options and attributes by position: where one was taken out there may be a null. */
type RawAttribute = { mandatory?: boolean; searchable?: boolean; trackedEntityAttribute: Ref } | null
interface RawProgram extends Ref {
  name: string
  onlyEnrollOnce?: boolean
  selectEnrollmentDatesInFuture?: boolean
  selectIncidentDatesInFuture?: boolean
  trackedEntityType?: Ref
  organisationUnits?: Ref[]
  programTrackedEntityAttributes?: RawAttribute[]
  programStages?: RawStage[]
}
interface RawStage extends Ref {
  name: string
  repeatable?: boolean
  validationStrategy?: string
  programStageDataElements?: { compulsory?: boolean; dataElement: RawField }[]
}
interface RawOptionSet extends Ref {
  options?: (Option | null)[]
}
interface RawType extends Ref {
  name: string
  trackedEntityTypeAttributes?: RawAttribute[]
}

const FIELD = 'id,name,code,valueType,unique,optionSet[id]'
const PROGRAM = [
  'id,name,onlyEnrollOnce,selectEnrollmentDatesInFuture,selectIncidentDatesInFuture,trackedEntityType[id],organisationUnits[id]',
  'programTrackedEntityAttributes[mandatory,searchable,trackedEntityAttribute[id]]',
  'programStages[id,name,repeatable,validationStrategy,programStageDataElements[compulsory,dataElement[id,name,code,valueType,optionSet[id]]]]',
].join(',')
const TYPE = 'id,name,trackedEntityTypeAttributes[mandatory,searchable,trackedEntityAttribute[id]]'
const PROGRAMS_IN_URL = 20

export async function readMetadata(http: Http, programUids: readonly string[]): Promise<Metadata> {
  const [orgUnits, attributes, types, programs] = await Promise.all([
    readAll<RawOrgUnit>(http, 'organisationUnits', [
      ['fields', 'id,code,name'],
      ['filter', 'code:!null'],
    ]),
    readAll<RawField>(http, 'trackedEntityAttributes', [['fields', FIELD]]),
    readAll<RawType>(http, 'trackedEntityTypes', [['fields', TYPE]]),
    readPrograms(http, programUids),
  ])
  const rawElements = programs.flatMap((p) =>
    (p.programStages ?? []).flatMap((s) => (s.programStageDataElements ?? []).map((d) => d.dataElement)),
  )
  const options = await readOptions(http, [...attributes, ...rawElements])
  const field = (raw: RawField): Field => ({
    uid: raw.id,
    name: raw.name,
    code: raw.code ?? null,
    valueType: raw.valueType,
    unique: raw.unique ?? false,
    options: raw.optionSet ? (options.get(raw.optionSet.id) ?? []) : null,
  })
  return {
    orgUnitsByCode: new Map(orgUnits.map((o): [string, OrgUnit] => [o.code, { uid: o.id, code: o.code, name: o.name }])),
    attributes: byUid(attributes.map(field)),
    dataElements: byUid(rawElements.map(field)),
    programs: byUid(programs.map(programOf)),
    trackedEntityTypes: byUid(types.map(typeOf)),
  }
}

const byUid = <T extends { uid: string }>(items: readonly T[]) => new Map(items.map((item) => [item.uid, item]))

/** Names that are no uids are not asked for: DHIS2 would refuse the request for all of them. */
async function readPrograms(http: Http, uids: readonly string[]): Promise<RawProgram[]> {
  const found: RawProgram[] = []
  for (const part of inParts(uids.filter(isUid), PROGRAMS_IN_URL)) {
    found.push(
      ...(await readAll<RawProgram>(http, 'programs', [
        ['fields', PROGRAM],
        ['filter', `id:in:[${part.join(',')}]`],
      ])),
    )
  }
  return found
}

async function readOptions(http: Http, fields: readonly RawField[]): Promise<Map<string, Option[]>> {
  const uids = [...new Set(fields.flatMap((f) => (f.optionSet ? [f.optionSet.id] : [])))]
  const sets = new Map<string, Option[]>()
  for (const part of inParts(uids, 100)) {
    const raw = await readAll<RawOptionSet>(http, 'optionSets', [
      ['fields', 'id,options[code,name]'],
      ['filter', `id:in:[${part.join(',')}]`],
    ])
    for (const { id, options } of raw)
      sets.set(
        id,
        (options ?? []).filter((option) => option !== null),
      )
  }
  return sets
}

const usesOf = (list: readonly RawAttribute[] | undefined) =>
  new Map(
    (list ?? [])
      .filter((a) => a !== null)
      .map((a): [string, AttributeUse] => [
        a.trackedEntityAttribute.id,
        { mandatory: a.mandatory ?? false, searchable: a.searchable ?? false },
      ]),
  )

const typeOf = (raw: RawType): TrackedEntityType => ({
  uid: raw.id,
  name: raw.name,
  attributes: usesOf(raw.trackedEntityTypeAttributes),
})

const programOf = (raw: RawProgram): Program => ({
  uid: raw.id,
  name: raw.name,
  trackedEntityType: raw.trackedEntityType?.id ?? '',
  onlyEnrollOnce: raw.onlyEnrollOnce ?? false,
  selectEnrollmentDatesInFuture: raw.selectEnrollmentDatesInFuture ?? false,
  selectIncidentDatesInFuture: raw.selectIncidentDatesInFuture ?? false,
  orgUnits: new Set((raw.organisationUnits ?? []).map((o) => o.id)),
  attributes: usesOf(raw.programTrackedEntityAttributes),
  stages: byUid((raw.programStages ?? []).map(stageOf)),
})

const stageOf = (raw: RawStage): ProgramStage => ({
  uid: raw.id,
  name: raw.name,
  repeatable: raw.repeatable ?? false,
  validationStrategy: raw.validationStrategy ?? 'ON_COMPLETE',
  dataElements: new Map((raw.programStageDataElements ?? []).map((d) => [d.dataElement.id, { compulsory: d.compulsory ?? false }])),
})
