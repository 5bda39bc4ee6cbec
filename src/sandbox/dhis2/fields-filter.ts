import type { Json, JsonObject } from './json.ts'

/** Metadata objects form a graph: references are the objects themselves, made only when a client asks for them. */
export type Node = { readonly [key: string]: Leaf | Node | readonly Node[] | (() => Node | readonly Node[] | undefined) }
type Leaf = null | boolean | number | string | undefined | readonly string[] | Readonly<Record<string, boolean>>

/** A parsed `fields` parameter: what to take of one object. */
export interface FieldSelection {
  all: boolean
  presets: Set<string>
  excluded: Set<string>
  fields: Map<string, { nested: FieldSelection | null; rename: string | null; transform: string | null }>
}

function emptySelection(): FieldSelection {
  return { all: false, presets: new Set(), excluded: new Set(), fields: new Map() }
}

/** Splits at commas outside of brackets. */
function splitTop(text: string): string[] {
  const parts: string[] = []
  let depth = 0
  let start = 0
  for (let i = 0; i < text.length; i++) {
    const char = text[i]
    if (char === '[' || char === '(') depth++
    else if (char === ']' || char === ')') depth--
    else if (char === ',' && depth === 0) {
      parts.push(text.slice(start, i))
      start = i + 1
    }
  }
  parts.push(text.slice(start))
  return parts.map((part) => part.trim()).filter((part) => part !== '')
}

const FIELD = /^(!?)([\w:*.]+?)((?:(?:~|\|)[\w]+(?:\([^)]*\))?)*)(?:\[(.*)\])?((?:(?:~|\|)[\w]+(?:\([^)]*\))?)*)$/s
const PRESETS = new Set(['*', ':all', ':identifiable', ':nameable', ':simple', ':owner', ':persisted'])

function addField(selection: FieldSelection, text: string): void {
  const match = FIELD.exec(text)
  if (match === null) return
  const [, not, name = '', before = '', inner, after = ''] = match
  if (not === '!') {
    selection.excluded.add(name)
    return
  }
  if (PRESETS.has(name)) {
    if (name === '*' || name === ':all' || name === ':owner' || name === ':persisted') selection.all = true
    else selection.presets.add(name)
    return
  }
  const transforms = before + after
  const rename = /~rename\(([^)]*)\)/.exec(transforms)?.[1] ?? null
  const transform = /(?:~|\||::)(size|isEmpty|isNotEmpty|pluck(?:\([^)]*\))?)/.exec(transforms)?.[1] ?? null
  const known = selection.fields.get(name)?.nested ?? null
  const nested = inner === undefined ? known : parseInto(known ?? emptySelection(), inner)
  selection.fields.set(name, { nested, rename, transform })
}

function parseInto(selection: FieldSelection, text: string): FieldSelection {
  for (const part of splitTop(text)) addField(selection, part)
  return selection
}

/** Parses `id,name,options[code,name],!href,*` with presets, exclusion, renaming and size/pluck. */
export function parseFields(text: string): FieldSelection {
  return parseInto(
    emptySelection(),
    text
      .replaceAll('(', '[')
      .replaceAll(')', ']')
      .replace(/~rename\[([^\]]*)\]/g, '~rename($1)')
      .replace(/pluck\[([^\]]*)\]/g, 'pluck($1)'),
  )
}

const IDENTIFIABLE = [
  'id',
  'uid',
  'code',
  'name',
  'displayName',
  'created',
  'lastUpdated',
  'lastUpdatedBy',
  'access',
  'href',
  'externalAccess',
]
const NAMEABLE = [...IDENTIFIABLE, 'shortName', 'displayShortName', 'description']

/** Objects that are no more than a part of their owner are shown whole, all others by id. */
export const EMBEDDED = '#embedded'

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function resolve(node: Node, key: string): Leaf | Node | readonly Node[] {
  const value = node[key]
  return typeof value === 'function' ? value() : value
}

function unselected(value: Node): JsonObject {
  return value[EMBEDDED] === true || !('id' in value) ? selectFields(value, ALL) : { id: value['id'] as Json }
}

const ALL: FieldSelection = { ...emptySelection(), all: true }

function nodesOf(value: Leaf | Node | readonly Node[]): readonly Node[] | null {
  return Array.isArray(value) && value.every(isNode) ? value : null
}

function show(value: Leaf | Node | readonly Node[], nested: FieldSelection | null): Json | undefined {
  if (value === undefined) return undefined
  const list = nodesOf(value)
  if (list !== null) return list.map((item) => (nested === null ? unselected(item) : selectFields(item, nested)))
  if (isNode(value)) return nested === null ? unselected(value) : selectFields(value, nested)
  return value as Json
}

function transformed(value: Leaf | Node | readonly Node[], transform: string): Json | undefined {
  const list = nodesOf(value)
  if (list === null) return show(value, null)
  if (transform === 'size') return list.length
  if (transform === 'isEmpty') return list.length === 0
  if (transform === 'isNotEmpty') return list.length > 0
  const key = /pluck\(([^)]*)\)/.exec(transform)?.[1] ?? 'id'
  return list.map((item) => show(resolve(item, key), null) ?? null)
}

/** The fields of an object that the selection names; fields without a value are left out. */
export function selectFields(node: Node, selection: FieldSelection): JsonObject {
  const result: JsonObject = {}
  const put = (key: string, value: Json | undefined): void => {
    if (value !== undefined) result[key] = value
  }
  if (selection.all) {
    for (const key of Object.keys(node)) if (key !== EMBEDDED && !selection.excluded.has(key)) put(key, show(resolve(node, key), null))
  }
  for (const preset of selection.presets) {
    const keys =
      preset === ':nameable'
        ? NAMEABLE
        : preset === ':simple'
          ? Object.keys(node).filter((key) => typeof node[key] !== 'function')
          : IDENTIFIABLE
    for (const key of keys) if (key !== EMBEDDED && !selection.excluded.has(key)) put(key, show(resolve(node, key), null))
  }
  for (const [name, { nested, rename, transform }] of selection.fields) {
    if (selection.excluded.has(name)) continue
    const value = resolve(node, name)
    put(rename ?? name, transform === null ? show(value, nested) : transformed(value, transform))
  }
  return result
}
