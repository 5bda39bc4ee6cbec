/** The contract's schemas → JSON Schema as OpenAPI 3.1 has it; those with a name become components. */
import { z } from 'zod'

export type JsonSchema = Record<string, unknown>

export interface Components {
  /** of what is sent to us: what has a default may be left out */
  input: (schema: z.ZodType) => JsonSchema
  output: (schema: z.ZodType) => JsonSchema
  /** The document with the components that it names. One that is sent otherwise than it is answered has two names: Mapping and MappingSent. */
  settle: (document: JsonSchema) => JsonSchema
}

const REF = '#/components/schemas/'

export function openComponents(): Components {
  /** by name and direction: "Mapping.input" */
  const found = new Map<string, JsonSchema>()
  const convert = (schema: z.ZodType, io: 'input' | 'output'): JsonSchema => {
    // what JSON Schema cannot say, such as "both or none", is said in the answer
    const json = z.toJSONSchema(schema, { target: 'draft-2020-12', io, unrepresentable: 'any' }) as JsonSchema
    const { $schema: _, $defs = {}, id, ...rest } = json as { $schema?: string; $defs?: Record<string, JsonSchema>; id?: string }
    for (const [name, definition] of Object.entries($defs)) found.set(`${name}.${io}`, pointed(definition, io))
    if (id === undefined) return pointed(rest, io)
    found.set(`${id}.${io}`, pointed(rest, io))
    return { $ref: `${REF}${id}.${io}` }
  }
  return {
    input: (schema) => convert(schema, 'input'),
    output: (schema) => convert(schema, 'output'),
    settle: (document) => settle(document, found),
  }
}

/** `$defs` of one schema → components of the document. */
function pointed(schema: JsonSchema, io: 'input' | 'output'): JsonSchema {
  const { id: _, ...rest } = mapRefs(schema, (ref) => ref.replace(/^#\/\$defs\/(.+)$/, `${REF}$1.${io}`))
  return rest
}

function settle(document: JsonSchema, found: ReadonlyMap<string, JsonSchema>): JsonSchema {
  const text = (key: string) => JSON.stringify(found.get(key))
  const bare = (key: string) => text(key)?.replaceAll(/\.(input|output)"/g, '"')
  const names = [...new Set([...found.keys()].map((key) => key.replace(/\.\w+$/, '')))]
  const twofold = new Set(
    names.filter((name) => found.has(`${name}.input`) && found.has(`${name}.output`) && bare(`${name}.input`) !== bare(`${name}.output`)),
  )
  // whatever holds one that is twofold is so too
  for (let before = -1; before !== twofold.size;) {
    before = twofold.size
    for (const name of names) if ([...twofold].some((inner) => text(`${name}.input`)?.includes(`"${REF}${inner}.input"`))) twofold.add(name)
  }
  const nameOf = (key: string) => {
    const [name, io] = key.split('.') as [string, string]
    return io === 'input' && twofold.has(name) && found.has(`${name}.output`) ? `${name}Sent` : name
  }
  const final = (schema: JsonSchema) => mapRefs(schema, (ref) => (ref.startsWith(REF) ? REF + nameOf(ref.slice(REF.length)) : ref))
  const schemas = Object.fromEntries([...found].map(([key, schema]) => [nameOf(key), final(schema)]))
  const { components, ...rest } = final(document) as { components: JsonSchema }
  return { ...rest, components: { schemas, ...components } }
}

function mapRefs(schema: JsonSchema, change: (ref: string) => string): JsonSchema {
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => [key, key === '$ref' && typeof inner === 'string' ? change(inner) : walk(inner)]),
    )
  }
  return walk(schema) as JsonSchema
}
