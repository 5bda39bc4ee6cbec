/** The metadata that a sandbox holds: plain data, as an administrator would draw it up. */
export interface OrgUnit {
  id: string
  code?: string
  name: string
  parent?: string
}

export interface OptionSet {
  id: string
  name: string
  options: readonly { id: string; code: string; name: string }[]
}

export interface Attribute {
  id: string
  code?: string
  name: string
  valueType: string
  optionSet?: string
  unique?: boolean
}

export interface DataElement {
  id: string
  code?: string
  name: string
  valueType: string
  optionSet?: string
}

interface TrackedEntityType {
  id: string
  name: string
  attributes: readonly { id: string; mandatory?: boolean }[]
}

interface ProgramStage {
  id: string
  name: string
  repeatable: boolean
  dataElements: readonly { id: string; compulsory?: boolean }[]
}

export interface Program {
  id: string
  name: string
  shortName: string
  trackedEntityType: string
  incidentDateLabel: string
  onlyEnrollOnce?: boolean
  selectEnrollmentDatesInFuture?: boolean
  selectIncidentDatesInFuture?: boolean
  /** false: the incident date may be left out */
  displayIncidentDate?: boolean
  attributes: readonly { id: string; mandatory?: boolean }[]
  /** uids of the org units that it is assigned to */
  orgUnits: readonly string[]
  stages: readonly ProgramStage[]
}

export interface Metadata {
  orgUnits: readonly OrgUnit[]
  optionSets: readonly OptionSet[]
  attributes: readonly Attribute[]
  dataElements: readonly DataElement[]
  trackedEntityTypes: readonly TrackedEntityType[]
  programs: readonly Program[]
}

interface IndexedOrgUnit extends OrgUnit {
  /** `/root/…/id` */
  path: string
  level: number
  children: string[]
}

export interface IndexedStage extends Omit<ProgramStage, 'dataElements'> {
  program: string
  /** data element uid → compulsory */
  dataElements: ReadonlyMap<string, boolean>
}

export interface IndexedProgram extends Omit<Program, 'attributes' | 'orgUnits' | 'stages'> {
  /** attribute uid → mandatory */
  attributes: ReadonlyMap<string, boolean>
  orgUnits: ReadonlySet<string>
  stages: readonly IndexedStage[]
}

/** The same, by uid. */
export interface MetadataIndex {
  source: Metadata
  orgUnits: ReadonlyMap<string, IndexedOrgUnit>
  /** option set uid → codes */
  optionCodes: ReadonlyMap<string, ReadonlySet<string>>
  attributes: ReadonlyMap<string, Attribute>
  dataElements: ReadonlyMap<string, DataElement>
  trackedEntityTypes: ReadonlyMap<string, Omit<TrackedEntityType, 'attributes'> & { attributes: ReadonlyMap<string, boolean> }>
  programs: ReadonlyMap<string, IndexedProgram>
  stages: ReadonlyMap<string, IndexedStage>
}

function byId<T extends { id: string }>(list: readonly T[]): Map<string, T> {
  return new Map(list.map((item) => [item.id, item]))
}

function flags(list: readonly { id: string; mandatory?: boolean; compulsory?: boolean }[]): Map<string, boolean> {
  return new Map(list.map((item) => [item.id, item.mandatory === true || item.compulsory === true]))
}

function indexOrgUnits(list: readonly OrgUnit[]): Map<string, IndexedOrgUnit> {
  const source = byId(list)
  const indexed = new Map<string, IndexedOrgUnit>()
  const add = (unit: OrgUnit): IndexedOrgUnit => {
    const known = indexed.get(unit.id)
    if (known !== undefined) return known
    const parent = unit.parent === undefined ? undefined : source.get(unit.parent)
    const above = parent === undefined ? undefined : add(parent)
    const entry = { ...unit, path: `${above?.path ?? ''}/${unit.id}`, level: (above?.level ?? 0) + 1, children: [] }
    above?.children.push(unit.id)
    indexed.set(unit.id, entry)
    return entry
  }
  for (const unit of list) add(unit)
  return indexed
}

export function indexMetadata(source: Metadata): MetadataIndex {
  const programs = source.programs.map((program): IndexedProgram => ({
    ...program,
    attributes: flags(program.attributes),
    orgUnits: new Set(program.orgUnits),
    stages: program.stages.map((stage) => ({ ...stage, program: program.id, dataElements: flags(stage.dataElements) })),
  }))
  return {
    source,
    orgUnits: indexOrgUnits(source.orgUnits),
    optionCodes: new Map(source.optionSets.map((set) => [set.id, new Set(set.options.map((option) => option.code))])),
    attributes: byId(source.attributes),
    dataElements: byId(source.dataElements),
    trackedEntityTypes: byId(source.trackedEntityTypes.map((type) => ({ ...type, attributes: flags(type.attributes) }))),
    programs: byId(programs),
    stages: byId(programs.flatMap((program) => program.stages)),
  }
}
