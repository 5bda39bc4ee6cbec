import { EMBEDDED, type Node, parseFields, selectFields } from './fields-filter.ts'
import { type Call, numberParameter, refusal, type Reply } from './http.ts'
import type { Json, JsonObject } from './json.ts'
import type { MetadataIndex } from './metadata.ts'
import type { VersionFacts } from './versions.ts'

/** A scalar as text; structures and missing values are "". */
function scalarText(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}

function textAt(node: Node, key: string): string {
  return scalarText(node[key])
}

/** The collections of metadata by their name in the API. */
export type MetadataGraph = ReadonlyMap<string, ReadonlyMap<string, Node>>

const CREATED = '2024-01-01T00:00:00.000'

function named(id: string, name: string, code?: string, shortName = name): Record<string, string | boolean | undefined> {
  return {
    id,
    code,
    name,
    displayName: name,
    shortName: shortName.slice(0, 50),
    displayShortName: shortName.slice(0, 50),
    created: CREATED,
    lastUpdated: CREATED,
    externalAccess: false,
  }
}

const READ_ONLY = { read: true, update: false, externalize: false, delete: false, write: false, manage: false }

/** Makes the graph that `fields` walks on. References are functions, so that the circles in it do no harm. */
export function metadataGraph(metadata: MetadataIndex, facts: VersionFacts): MetadataGraph {
  const collections = new Map<string, Map<string, Node>>()
  const find = (collection: string, id: string | undefined): Node | undefined =>
    id === undefined ? undefined : collections.get(collection)?.get(id)
  const findAll = (collection: string, ids: Iterable<string>): Node[] =>
    [...ids].map((id) => find(collection, id)).filter((node) => node !== undefined)
  const add = (collection: string, nodes: readonly Node[]): void => {
    collections.set(collection, new Map(nodes.map((node) => [textAt(node, 'id'), node])))
  }
  const { source } = metadata

  add(
    'organisationUnits',
    [...metadata.orgUnits.values()].map((unit) => ({
      ...named(unit.id, unit.name, unit.code),
      path: unit.path,
      level: unit.level,
      leaf: unit.children.length === 0,
      openingDate: '2000-01-01T00:00:00.000',
      dimensionItemType: 'ORGANISATION_UNIT',
      access: READ_ONLY,
      parent: () => find('organisationUnits', unit.parent),
      children: () => findAll('organisationUnits', unit.children),
      ancestors: () => findAll('organisationUnits', unit.path.split('/').slice(1, -1)),
      programs: () =>
        findAll(
          'programs',
          source.programs.filter((program) => program.orgUnits.includes(unit.id)).map((program) => program.id),
        ),
    })),
  )
  add(
    'organisationUnitLevels',
    ['National', 'Province', 'District', 'Clinic'].map((name, i) => ({ ...named(`OULevel000${i + 1}`, name), level: i + 1 })),
  )
  add(
    'options',
    source.optionSets.flatMap((set) =>
      set.options.map((option, i) => ({
        ...named(option.id, option.name, option.code),
        sortOrder: i + 1,
        optionSet: () => find('optionSets', set.id),
      })),
    ),
  )
  add(
    'optionSets',
    source.optionSets.map((set) => ({
      ...named(set.id, set.name),
      valueType: 'TEXT',
      version: 1,
      options: () =>
        findAll(
          'options',
          set.options.map((option) => option.id),
        ),
    })),
  )
  add(
    'trackedEntityAttributes',
    source.attributes.map((attribute) => ({
      ...named(attribute.id, attribute.name, attribute.code),
      valueType: attribute.valueType,
      unique: attribute.unique === true,
      orgunitScope: false,
      generated: false,
      confidential: false,
      inherit: false,
      aggregationType: 'NONE',
      optionSetValue: attribute.optionSet !== undefined,
      optionSet: () => find('optionSets', attribute.optionSet),
    })),
  )
  add(
    'dataElements',
    source.dataElements.map((element) => ({
      ...named(element.id, element.name, element.code),
      valueType: element.valueType,
      domainType: 'TRACKER',
      aggregationType: 'NONE',
      optionSetValue: element.optionSet !== undefined,
      optionSet: () => find('optionSets', element.optionSet),
    })),
  )
  add(
    'trackedEntityTypes',
    source.trackedEntityTypes.map((type) => ({
      ...named(type.id, type.name),
      minAttributesRequiredToSearch: 1,
      maxTeiCountToReturn: 0,
      allowAuditLog: true,
      featureType: 'NONE',
      trackedEntityTypeAttributes: () =>
        type.attributes.map((attribute, i) => ({
          [EMBEDDED]: true,
          id: `TTA${attribute.id.slice(3)}`,
          mandatory: attribute.mandatory === true,
          searchable: true,
          displayInList: true,
          sortOrder: i + 1,
          valueType: metadata.attributes.get(attribute.id)?.valueType,
          trackedEntityAttribute: () => find('trackedEntityAttributes', attribute.id),
          trackedEntityType: () => find('trackedEntityTypes', type.id),
        })),
    })),
  )
  add(
    'programs',
    source.programs.map((program) => ({
      ...named(program.id, program.name, undefined, program.shortName),
      programType: 'WITH_REGISTRATION',
      registration: true,
      withoutRegistration: false,
      accessLevel: 'OPEN',
      onlyEnrollOnce: program.onlyEnrollOnce === true,
      displayIncidentDate: program.displayIncidentDate !== false,
      incidentDateLabel: program.incidentDateLabel,
      enrollmentDateLabel: 'Enrollment date',
      selectEnrollmentDatesInFuture: program.selectEnrollmentDatesInFuture === true,
      selectIncidentDatesInFuture: program.selectIncidentDatesInFuture === true,
      ignoreOverdueEvents: false,
      minAttributesRequiredToSearch: 1,
      maxTeiCountToReturn: 0,
      featureType: 'NONE',
      version: 0,
      trackedEntityType: () => find('trackedEntityTypes', program.trackedEntityType),
      organisationUnits: () => findAll('organisationUnits', program.orgUnits),
      programStages: () =>
        findAll(
          'programStages',
          program.stages.map((stage) => stage.id),
        ),
      programTrackedEntityAttributes: () =>
        program.attributes.map((attribute, i) => ({
          [EMBEDDED]: true,
          id: `P${program.shortName.slice(0, 2).toUpperCase()}${attribute.id.slice(3)}`,
          mandatory: attribute.mandatory === true,
          searchable: true,
          displayInList: true,
          allowFutureDate: false,
          sortOrder: i + 1,
          valueType: metadata.attributes.get(attribute.id)?.valueType,
          trackedEntityAttribute: () => find('trackedEntityAttributes', attribute.id),
          program: () => find('programs', program.id),
        })),
    })),
  )
  add(
    'programStages',
    source.programs.flatMap((program) =>
      program.stages.map((stage, s) => ({
        ...named(stage.id, stage.name),
        repeatable: stage.repeatable,
        sortOrder: s + 1,
        minDaysFromStart: 0,
        autoGenerateEvent: false,
        executionDateLabel: 'Visit date',
        // the switch of 2.30 became the strategy of 2.34
        ...(facts.minor === 30 ? { validCompleteOnly: true } : { validationStrategy: 'ON_COMPLETE' }),
        program: () => find('programs', program.id),
        programStageDataElements: () =>
          stage.dataElements.map((element, i) => ({
            [EMBEDDED]: true,
            id: `PSD${element.id.slice(2, 9)}${element.id.slice(-1)}`,
            compulsory: element.compulsory === true,
            sortOrder: i + 1,
            allowFutureDate: true,
            allowProvidedElsewhere: false,
            displayInReports: true,
            dataElement: () => find('dataElements', element.id),
            programStage: () => find('programStages', stage.id),
          })),
      })),
    ),
  )
  return collections
}

/** The singular that DHIS2 uses in "X with id Y could not be found." */
const SINGULAR: Readonly<Record<string, string>> = {
  organisationUnits: 'OrganisationUnit',
  organisationUnitLevels: 'OrganisationUnitLevel',
  options: 'Option',
  optionSets: 'OptionSet',
  trackedEntityAttributes: 'TrackedEntityAttribute',
  dataElements: 'DataElement',
  trackedEntityTypes: 'TrackedEntityType',
  programs: 'Program',
  programStages: 'ProgramStage',
}

function valuesAt(node: Node, path: readonly string[]): unknown[] {
  const [key = '', ...rest] = path
  const raw = node[key]
  const value = typeof raw === 'function' ? raw() : raw
  const items: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (rest.length === 0) return [...items]
  return items.flatMap((item) => (typeof item === 'object' && item !== null ? valuesAt(item as Node, rest) : []))
}

function list(operand: string): string[] {
  return operand.replace(/^\[|\]$/g, '').split(',')
}

function compare(operator: string, value: unknown, operand: string): boolean {
  const missing = value === undefined || value === null
  const text = scalarText(value)
  const [small, smallOperand] = [text.toLowerCase(), operand.toLowerCase()]
  switch (operator) {
    case 'eq':
      return !missing && text === operand
    case '!eq':
    case 'neq':
    case 'ne':
      return !missing && text !== operand
    case 'ieq':
      return !missing && small === smallOperand
    case 'in':
      return !missing && list(operand).includes(text)
    case '!in':
      return !missing && !list(operand).includes(text)
    case 'like':
      return !missing && text.includes(operand)
    case '!like':
      return !missing && !text.includes(operand)
    case 'ilike':
      return !missing && small.includes(smallOperand)
    case '!ilike':
      return !missing && !small.includes(smallOperand)
    case '$like':
      return !missing && text.startsWith(operand)
    case '$ilike':
      return !missing && small.startsWith(smallOperand)
    case 'like$':
      return !missing && text.endsWith(operand)
    case 'ilike$':
      return !missing && small.endsWith(smallOperand)
    case 'token':
      return !missing && smallOperand.split(/\s+/).every((word) => small.includes(word))
    case 'null':
      return missing
    case '!null':
      return !missing
    case 'gt':
      return !missing && (Number.isNaN(Number(text)) ? text > operand : Number(text) > Number(operand))
    case 'ge':
      return !missing && (Number.isNaN(Number(text)) ? text >= operand : Number(text) >= Number(operand))
    case 'lt':
      return !missing && (Number.isNaN(Number(text)) ? text < operand : Number(text) < Number(operand))
    case 'le':
      return !missing && (Number.isNaN(Number(text)) ? text <= operand : Number(text) <= Number(operand))
    default:
      throw refusal(400, `Unknown filter operator: ${operator}`)
  }
}

function matches(node: Node, filter: string): boolean {
  const [path = '', operator = '', ...rest] = filter.split(':')
  const operand = rest.join(':')
  if (path === 'identifiable') return ['id', 'code', 'name'].some((key) => compare(operator, node[key], operand))
  const values = valuesAt(node, path.split('.'))
  return values.length === 0 ? compare(operator, undefined, operand) : values.some((value) => compare(operator, value, operand))
}

function byName(a: Node, b: Node): number {
  const [first, second] = [textAt(a, 'name').toLowerCase(), textAt(b, 'name').toLowerCase()]
  return first < second ? -1 : first > second ? 1 : 0
}

function ordered(nodes: Node[], order: string | null): Node[] {
  if (order === null) return nodes.toSorted(byName)
  const [key = 'name', direction = 'asc'] = order.split(/[:~]/)
  const sign = direction.includes('desc') ? -1 : 1
  return nodes.toSorted((a, b) => {
    const [first, second] = [textAt(a, key).toLowerCase(), textAt(b, key).toLowerCase()]
    return first < second ? -sign : first > second ? sign : 0
  })
}

const isFalse = (text: string | null): boolean => text?.toLowerCase() === 'false'

/** Cuts a page out and says so in `pager`, as the version does. */
function paged(call: Call, facts: VersionFacts, collection: string, nodes: readonly Node[], fields: string): Reply {
  const selection = parseFields(fields)
  const show = (some: readonly Node[]): Json[] => some.map((node) => selectFields(node, selection))
  if (isFalse(call.query.get('paging')) || call.query.get('skipPaging') === 'true')
    return { status: 200, body: { [collection]: show(nodes) } }
  const pageSize = Math.max(1, numberParameter(call, 'pageSize', 50))
  const pageCount = Math.ceil(nodes.length / pageSize)
  const page = Math.max(
    1,
    facts.minor === 30 ? Math.min(numberParameter(call, 'page', 1), Math.max(1, pageCount)) : numberParameter(call, 'page', 1),
  )
  const link = (to: number): string => {
    // 2.30 forgets every other parameter
    const parameters = new URLSearchParams(
      facts.minor === 30 ? {} : [...call.query].filter(([name]) => name !== 'page' && name !== 'pageSize'),
    )
    const rest = parameters.toString()
    return `${call.base}/api/${collection}?${to > 1 ? `page=${to}&` : ''}pageSize=${pageSize}${rest === '' ? '' : `&${rest}`}`
  }
  const pager: JsonObject = {
    page,
    // an empty list has one page on 2.30 and none later
    pageCount: facts.minor === 30 ? Math.max(1, pageCount) : pageCount,
    total: nodes.length,
    pageSize,
    ...(page < pageCount ? { nextPage: link(page + 1) } : {}),
    ...(page > 1 ? { prevPage: link(page - 1) } : {}),
  }
  return { status: 200, body: { pager, [collection]: show(nodes.slice((page - 1) * pageSize, page * pageSize)) } }
}

function filtered(call: Call, nodes: Iterable<Node>): Node[] {
  const filters = call.query.getAll('filter')
  const any = call.query.get('rootJunction')?.toUpperCase() === 'OR'
  const query = call.query.get('query')?.toLowerCase()
  return [...nodes].filter(
    (node) =>
      (filters.length === 0 ||
        (any ? filters.some((filter) => matches(node, filter)) : filters.every((filter) => matches(node, filter)))) &&
      (query === undefined || ['name', 'code', 'id'].some((key) => textAt(node, key).toLowerCase().includes(query))),
  )
}

function fieldsOf(call: Call, otherwise: string): string {
  return call.query.getAll('fields').join(',') || otherwise
}

/** GET of a collection of metadata or of one object of it; null when there is no such collection. */
export function readMetadata(call: Call, graph: MetadataGraph, facts: VersionFacts): Reply | null {
  const [collection = '', uid, ...rest] = call.segments
  const nodes = graph.get(collection)
  if (nodes === undefined || rest.length > 0) return null
  const order = call.query.get('order')
  if (uid === undefined)
    return paged(call, facts, collection, ordered(filtered(call, nodes.values()), order), fieldsOf(call, 'id,displayName'))

  if (collection === 'programs' && uid === 'orgUnits' && facts.minor > 30) return programOrgUnits(call, nodes)
  const node = nodes.get(uid)
  if (
    collection === 'organisationUnits' &&
    ['includeDescendants', 'includeChildren', 'includeAncestors'].some((name) => call.query.get(name) === 'true')
  ) {
    if (node === undefined && facts.minor <= 41) throw notThere(collection, uid, facts)
    const units = node === undefined ? [] : around(call, nodes, node)
    const list = ordered(filtered(call, units), order)
    if (facts.minor > 30) return paged(call, facts, collection, list, fieldsOf(call, 'id,displayName'))
    // 2.30 has no pages here, and gives all fields
    const selection = parseFields(fieldsOf(call, '*'))
    return { status: 200, body: { organisationUnits: list.map((unit) => selectFields(unit, selection)) } }
  }
  if (node === undefined) throw notThere(collection, uid, facts)
  return { status: 200, body: selectFields(node, parseFields(fieldsOf(call, '*'))) }
}

function notThere(collection: string, uid: string, facts: VersionFacts): Error {
  return refusal(404, `${SINGULAR[collection] ?? collection} with id ${uid} could not be found.`, facts.minor > 30 ? 'E1005' : undefined)
}

function around(call: Call, nodes: ReadonlyMap<string, Node>, node: Node): Node[] {
  const path = textAt(node, 'path')
  if (call.query.get('includeDescendants') === 'true')
    return [...nodes.values()].filter((unit) => `${textAt(unit, 'path')}/`.startsWith(`${path}/`))
  const level = Number(node['level'])
  if (call.query.get('includeChildren') === 'true') {
    return [...nodes.values()].filter((unit) => `${textAt(unit, 'path')}/`.startsWith(`${path}/`) && Number(unit['level']) <= level + 1)
  }
  return path
    .split('/')
    .map((uid) => nodes.get(uid))
    .filter((unit) => unit !== undefined)
}

/** GET programs/orgUnits?programs=a,b: program uid → uids of the org units that it is assigned to. */
function programOrgUnits(call: Call, programs: ReadonlyMap<string, Node>): Reply {
  const asked = call.query.getAll('programs').flatMap((text) => text.split(','))
  const entries = asked.flatMap((uid): [string, Json][] => {
    const program = programs.get(uid)
    return program === undefined ? [] : [[uid, valuesAt(program, ['organisationUnits', 'id']) as Json[]]]
  })
  return { status: 200, body: Object.fromEntries(entries) }
}
