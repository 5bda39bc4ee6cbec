/** The server's metadata that a run needs. The same requests work from 2.30 to 2.43. */
import type { Field, Metadata, Option, OrgUnit, Program, ProgramStage, TrackedEntityType } from '../core/model.ts'
import { isUid } from '../core/uid.ts'
import type { Http } from './http.ts'
import { inParts, readAll } from './paging.ts'

interface Ref {
  id: string
}
interface RawField extends Ref {
  name: string
  code?: string
  valueType: string
  unique?: boolean
  optionSet?: Ref
}
interface RawProgram extends Ref {
  name: string
  onlyEnrollOnce?: boolean
  selectEnrollmentDatesInFuture?: boolean
  selectIncidentDatesInFuture?: boolean
  trackedEntityType?: Ref
  organisationUnits?: Ref[]
  programTrackedEntityAttributes?: { mandatory?: boolean; trackedEntityAttribute: Ref }[]
  programStages?: RawStage[]
}
interface RawStage extends Ref {
  name: string
  repeatable?: boolean
  validationStrategy?: string
  programStageDataElements?: { compulsory?: boolean; dataElement: RawField }[]
}
interface RawType extends Ref {
  name: string
  trackedEntityTypeAttributes?: { mandatory?: boolean; trackedEntityAttribute: Ref }[]
}

const FIELD = 'id,name,code,valueType,unique,optionSet[id]'
const PROGRAM = [
  'id,name,onlyEnrollOnce,selectEnrollmentDatesInFuture,selectIncidentDatesInFuture,trackedEntityType[id],organisationUnits[id]',
  'programTrackedEntityAttributes[mandatory,trackedEntityAttribute[id]]',
  'programStages[id,name,repeatable,validationStrategy,programStageDataElements[compulsory,dataElement[id,name,code,valueType,optionSet[id]]]]',
].join(',')
const PROGRAMS_IN_URL = 20

export async function readMetadata(http: Http, programUids: readonly string[]): Promise<Metadata> {
  const [orgUnits, attributes, types, programs] = await Promise.all([
    readAll(
      http,
      'organisationUnits',
      [
        ['fields', 'id,code,name'],
        ['filter', 'code:!null'],
      ],
      'organisationUnits',
    ),
    readAll(http, 'trackedEntityAttributes', [['fields', FIELD]], 'trackedEntityAttributes'),
    readAll(
      http,
      'trackedEntityTypes',
      [['fields', 'id,name,trackedEntityTypeAttributes[mandatory,trackedEntityAttribute[id]]']],
      'trackedEntityTypes',
    ),
    readPrograms(http, programUids),
  ])
  const rawFields = attributes as unknown as RawField[]
  const rawElements = programs.flatMap((p) =>
    (p.programStages ?? []).flatMap((s) => (s.programStageDataElements ?? []).map((d) => d.dataElement)),
  )
  const options = await readOptions(http, [...rawFields, ...rawElements])
  const field = (raw: RawField): Field => ({
    uid: raw.id,
    name: raw.name,
    code: raw.code ?? null,
    valueType: raw.valueType,
    unique: raw.unique ?? false,
    options: raw.optionSet ? (options.get(raw.optionSet.id) ?? []) : null,
  })
  return {
    orgUnitsByCode: new Map(
      orgUnits
        .map((raw) => raw as unknown as Ref & { code: string; name: string })
        .map((o): [string, OrgUnit] => [o.code, { uid: o.id, code: o.code, name: o.name }]),
    ),
    attributes: byUid(rawFields.map(field)),
    dataElements: byUid(rawElements.map(field)),
    programs: byUid(programs.map(programOf)),
    trackedEntityTypes: byUid(types.map((raw) => typeOf(raw as unknown as RawType))),
  }
}

const byUid = <T extends { uid: string }>(items: readonly T[]) => new Map(items.map((item) => [item.uid, item]))

/** Names that are no uids are not asked for: DHIS2 would refuse the request for all of them. */
async function readPrograms(http: Http, uids: readonly string[]): Promise<RawProgram[]> {
  const found: RawProgram[] = []
  for (const part of inParts(uids.filter(isUid), PROGRAMS_IN_URL)) {
    const raw = await readAll(
      http,
      'programs',
      [
        ['fields', PROGRAM],
        ['filter', `id:in:[${part.join(',')}]`],
      ],
      'programs',
    )
    found.push(...(raw as unknown as RawProgram[]))
  }
  return found
}

async function readOptions(http: Http, fields: readonly RawField[]): Promise<Map<string, Option[]>> {
  const uids = [...new Set(fields.flatMap((f) => (f.optionSet ? [f.optionSet.id] : [])))]
  const sets = new Map<string, Option[]>()
  for (const part of inParts(uids, 100)) {
    for (const raw of await readAll(
      http,
      'optionSets',
      [
        ['fields', 'id,options[code,name]'],
        ['filter', `id:in:[${part.join(',')}]`],
      ],
      'optionSets',
    )) {
      const { id, options } = raw as unknown as Ref & { options?: Option[] }
      sets.set(id, options ?? [])
    }
  }
  return sets
}

const mandatory = (list: readonly { mandatory?: boolean; trackedEntityAttribute: Ref }[] | undefined) =>
  new Map((list ?? []).map((a) => [a.trackedEntityAttribute.id, { mandatory: a.mandatory ?? false }]))

const typeOf = (raw: RawType): TrackedEntityType => ({
  uid: raw.id,
  name: raw.name,
  attributes: mandatory(raw.trackedEntityTypeAttributes),
})

const programOf = (raw: RawProgram): Program => ({
  uid: raw.id,
  name: raw.name,
  trackedEntityType: raw.trackedEntityType?.id ?? '',
  onlyEnrollOnce: raw.onlyEnrollOnce ?? false,
  selectEnrollmentDatesInFuture: raw.selectEnrollmentDatesInFuture ?? false,
  selectIncidentDatesInFuture: raw.selectIncidentDatesInFuture ?? false,
  orgUnits: new Set((raw.organisationUnits ?? []).map((o) => o.id)),
  attributes: mandatory(raw.programTrackedEntityAttributes),
  stages: byUid((raw.programStages ?? []).map(stageOf)),
})

const stageOf = (raw: RawStage): ProgramStage => ({
  uid: raw.id,
  name: raw.name,
  repeatable: raw.repeatable ?? false,
  validationStrategy: raw.validationStrategy ?? 'ON_COMPLETE',
  dataElements: new Map((raw.programStageDataElements ?? []).map((d) => [d.dataElement.id, { compulsory: d.compulsory ?? false }])),
})
