/** What the form holds while somebody fills it in, and what each action makes of it. Pure: the page only draws it. */
import type { MappingBody } from '../../../src/api/contract/mappings.ts'

type Columns = Readonly<Record<string, string>>
type Translations = Readonly<Record<string, Columns>>
export type ConstantName = 'OrgUnit' | 'program' | 'program_stage'
export type Constants = Readonly<Partial<Record<ConstantName, string>>>

/** A relation with the columns that are mapped, and the matches that were proposed and not yet decided. */
export interface Section {
  /** stays with the section when others are removed */
  key: number
  table: string
  columns: Columns
  proposals: Columns
  constants: Constants
  translations: Translations
}
export interface FormState {
  name: string
  instance: Section
  enrollments: Section
  events: readonly Section[]
  searchable: readonly string[]
  comparable: readonly string[]
  openLatest: 'yes' | 'no' | null
  onRejected: 'stop' | 'continue'
  chunkSize: string
}
/** Where a section is: `at` counts event relations. */
export interface Place {
  part: 'instance' | 'enrollments' | 'events'
  at: number
}

export type Action =
  | { do: 'load'; state: FormState }
  | { do: 'set'; changed: Partial<Pick<FormState, 'name' | 'openLatest' | 'onRejected' | 'chunkSize'>> }
  | { do: 'table'; place: Place; table: string }
  | { do: 'prune'; place: Place; columns: readonly string[] }
  | { do: 'map'; place: Place; column: string; uid: string }
  | { do: 'propose'; place: Place; proposals: Columns }
  | { do: 'decide'; place: Place; columns: readonly string[]; accept: boolean }
  | { do: 'tick'; which: 'searchable' | 'comparable'; column: string; on: boolean }
  | { do: 'constant'; place: Place; name: ConstantName; value: string }
  | { do: 'translate'; place: Place; column: string; to: Columns }
  | { do: 'add-event' }
  | { do: 'remove-event'; at: number }

const emptySection = (key: number): Section => ({ key, table: '', columns: {}, proposals: {}, constants: {}, translations: {} })

export const EMPTY_MAPPING: FormState = {
  name: '',
  instance: emptySection(0),
  enrollments: emptySection(1),
  events: [emptySection(2)],
  searchable: [],
  comparable: [],
  openLatest: null,
  onRejected: 'stop',
  chunkSize: '',
}

export function formOf(mapping: MappingBody): FormState {
  const section = (key: number, given: { table: string; columns?: Columns; constants: object; translations?: Translations }): Section => ({
    ...emptySection(key),
    table: given.table,
    columns: given.columns ?? {},
    constants: given.constants,
    translations: given.translations ?? {},
  })
  return {
    name: mapping.name,
    instance: section(0, mapping.instance),
    enrollments: section(1, mapping.enrollments),
    events: mapping.events.map((event, i) => section(2 + i, event)),
    searchable: mapping.searchable,
    comparable: mapping.comparable,
    openLatest: mapping.openLatestCompletedEnrollment,
    onRejected: mapping.onRejected,
    chunkSize: mapping.chunkSize === null ? '' : String(mapping.chunkSize),
  }
}

/** What is sent: only what is mapped, and only what goes with it. Proposals are nobody's decision yet, and stay behind. */
export function bodyOf(state: FormState): MappingBody {
  const section = ({ table, columns, constants, translations }: Section) => {
    const mapped = filled(columns)
    return {
      table,
      columns: mapped,
      constants: filled(constants),
      translations: Object.fromEntries(
        Object.entries(translations).filter(([column, to]) => column in mapped && Object.keys(to).length > 0),
      ),
    }
  }
  const instance = section(state.instance)
  const mappedOnly = (columns: readonly string[]) => columns.filter((column) => column in instance.columns)
  return {
    name: state.name.trim(),
    instance,
    enrollments: { table: state.enrollments.table, constants: filled(state.enrollments.constants) },
    events: state.events.map(section),
    searchable: mappedOnly(state.searchable),
    comparable: mappedOnly(state.comparable),
    openLatestCompletedEnrollment: state.openLatest ?? 'no',
    onRejected: state.onRejected,
    chunkSize: state.chunkSize.trim() === '' ? null : Number(state.chunkSize),
  }
}

export function reduce(state: FormState, action: Action): FormState {
  switch (action.do) {
    case 'load':
      return action.state
    case 'set':
      return { ...state, ...action.changed }
    case 'table':
      return withSection(state, action.place, (section) => ({ ...section, table: action.table, proposals: {} }))
    case 'prune':
      return withSection(state, action.place, (section) => ({
        ...section,
        columns: only(section.columns, action.columns),
        translations: only(section.translations, action.columns),
      }))
    case 'map':
      return withSection(state, action.place, (section) => ({
        ...section,
        columns: action.uid === '' ? without(section.columns, [action.column]) : { ...section.columns, [action.column]: action.uid },
        proposals: without(section.proposals, [action.column]),
      }))
    case 'propose':
      return withSection(state, action.place, (section) => ({ ...section, proposals: action.proposals }))
    case 'decide':
      return withSection(state, action.place, (section) => ({
        ...section,
        columns: action.accept ? { ...section.columns, ...only(section.proposals, action.columns) } : section.columns,
        proposals: without(section.proposals, action.columns),
      }))
    case 'tick': {
      const others = state[action.which].filter((column) => column !== action.column)
      return { ...state, [action.which]: action.on ? [...others, action.column] : others }
    }
    case 'constant':
      return withSection(state, action.place, (section) => ({
        ...section,
        constants: { ...section.constants, [action.name]: action.value },
      }))
    case 'translate':
      return withSection(state, action.place, (section) => ({
        ...section,
        translations: { ...section.translations, [action.column]: action.to },
      }))
    case 'add-event':
      return { ...state, events: [...state.events, emptySection(Math.max(...state.events.map(({ key }) => key)) + 1)] }
    case 'remove-event':
      return { ...state, events: state.events.filter((_, at) => at !== action.at) }
  }
}

function withSection(state: FormState, { part, at }: Place, change: (section: Section) => Section): FormState {
  if (part !== 'events') return { ...state, [part]: change(state[part]) }
  return { ...state, events: state.events.map((section, i) => (i === at ? change(section) : section)) }
}

const sectionsOf = (state: FormState): readonly Section[] => [state.instance, ...state.events]
export const proposalsOf = (state: FormState): number =>
  sectionsOf(state).reduce((sum, { proposals }) => sum + Object.keys(proposals).length, 0)

const filled = (columns: Columns) => Object.fromEntries(Object.entries(columns).filter(([, value]) => value.trim() !== ''))
const only = <Value>(record: Readonly<Record<string, Value>>, keys: readonly string[]) =>
  Object.fromEntries(Object.entries(record).filter(([key]) => keys.includes(key)))
const without = (record: Columns, keys: readonly string[]) =>
  Object.fromEntries(Object.entries(record).filter(([key]) => !keys.includes(key)))
