/** Reading, saving and importing mappings. */
import { parseMappingFile } from '../../core/mapping-file.ts'
import type { Mapping } from '../../core/mapping.ts'
import { problemOf } from '../api-problem.ts'
import { audit } from '../audit.ts'
import type { ApiContext } from '../handler.ts'
import { OriginalError, required, textsOf, type OriginalRoute } from './original-route.ts'

const API = '/dhis-integration/api'

export const getMappingNames: OriginalRoute = {
  method: 'get',
  path: `${API}/getMappingNames`,
  access: ['mapping', 'upload'],
  handler: async (_call, { store }) => (await store.listMappings()).map(({ name }) => name),
}

export const getMapping: OriginalRoute = {
  method: 'get',
  path: `${API}/getMapping`,
  access: ['mapping'],
  handler: async ({ query }, { store }) => {
    const name = required(query, 'mappingName')
    const [row] = await store.readMappingRows(name)
    if (!row) throw new OriginalError(500, `Mapping ${name} not found.`)
    return asOriginal(row)
  },
}

export const getAllMappings: OriginalRoute = {
  method: 'get',
  path: `${API}/getAllMappings`,
  access: ['mapping'],
  handler: async (_call, { store }) => (await store.readMappingRows(null)).map(asOriginal),
}

/** Columns of PostgreSQL's type json, as its Java driver gives them away. */
function asOriginal(row: Awaited<ReturnType<ApiContext['store']['readMappingRows']>>[number]) {
  const json = (value: string | null) => value && { type: 'json', value }
  return {
    mapping_name: row.mapping_name,
    lookup_table: json(row.lookup_table),
    mapping_json: json(row.mapping_json),
    config: json(row.config),
  }
}

/** `currentMapping` names the one that is changed, and perhaps renamed; without it a new one is added. */
export const saveMapping: OriginalRoute = {
  method: 'put',
  path: `${API}/saveMapping`,
  access: ['mapping'],
  handler: async ({ body, principal, requestId }, ctx) => {
    const { mappingName, lookupTable, mappingJson, config = '', currentMapping = '' } = textsOf(body)
    const item = { mapping_name: mappingName, lookup_table: lookupTable, mapping_json: mappingJson, ...(config !== '' && { config }) }
    await orRefuse('Could not add Mapping', async () => {
      const [mapping] = parsed([item])
      if (currentMapping === '') await ctx.store.createMapping(mapping!, principal.name)
      else await ctx.store.replaceMapping(currentMapping, mapping!, principal.name, () => true)
    })
    const message = `User ${principal.name} saved ${mappingName} Mapping Service`
    await audit(ctx, { user: principal.name, type: 'SAVE_DHIS_MAPPING', message, requestId })
    return { data: 'Successfully Saved Mapping' }
  },
}

/** Those that there are already are replaced; all or none. */
export const importMappings: OriginalRoute = {
  method: 'put',
  path: `${API}/mappings`,
  access: ['mapping'],
  handler: async ({ body, principal, requestId }, ctx) => {
    const mappings = await orRefuse('Could not add Mapping(s)', async () => {
      const given = parsed(body)
      await ctx.store.saveMappings(given, principal.name)
      return given
    })
    const message = `User ${principal.name} imported ${mappings.map(({ name }) => name).join(', ')} Mapping Service`
    await audit(ctx, { user: principal.name, type: 'IMPORT_MAPPING_SERVICE', message, requestId })
    return { data: 'Successfully Imported All Mappings' }
  },
}

/** The items may be JSON in texts, as the page sends them. */
function parsed(items: unknown): Mapping[] {
  const { mappings, problems } = parseMappingFile(JSON.stringify(items))
  if (problems.length > 0)
    throw new OriginalError(500, problems.map(({ name, problem }) => (name ? `${name}: ${problem}` : problem)).join(', '))
  return mappings
}

/** What the page shows begins with the original's words. */
async function orRefuse<T>(words: string, save: () => Promise<T>): Promise<T> {
  try {
    return await save()
  } catch (error) {
    const problem = error instanceof OriginalError ? error : problemOf(error)
    if ('unexpected' in problem) throw error
    throw new OriginalError(500, `${words}. ${problem.message}`)
  }
}
