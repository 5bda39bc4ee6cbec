/** The document's mapping table, in the originals' columns. */
import { sql, type CommonQueryMethods, type DatabasePool } from 'slonik'
import { z } from 'zod'
import { mappingFromParts, mappingParts } from '../../src/core/mapping-file.ts'
import type { Mapping } from '../../src/core/mapping.ts'
import { insertMarkers } from './markers.ts'

const row = z.object({ mapping_name: z.string(), lookup_table: z.unknown(), mapping_json: z.unknown(), config: z.unknown() })

export async function readMapping(tx: CommonQueryMethods, name: string): Promise<Mapping | null> {
  const found = await tx.maybeOne(
    sql.type(row)`select mapping_name, lookup_table, mapping_json, config from mapping where mapping_name = ${name}`,
  )
  return found ? mappingFromParts(found) : null
}

export async function listMappings(pool: CommonQueryMethods): Promise<readonly Mapping[]> {
  return (await pool.any(sql.type(row)`select mapping_name, lookup_table, mapping_json, config from mapping order by mapping_name`)).map(
    mappingFromParts,
  )
}

export async function saveMappings(
  pool: DatabasePool,
  mappings: readonly Mapping[],
  user: string,
): Promise<{ created: string[]; replaced: string[] }> {
  return pool.transaction(async (tx) => {
    // bound, so that it fits the column: a timestamp in 2018, a text since
    const modified = new Date().toISOString().slice(0, 19).replace('T', ' ')
    const result = { created: [] as string[], replaced: [] as string[] }
    for (const mapping of mappings) {
      const { lookup_table: tables, mapping_json: columns, config } = mappingParts(mapping)
      const { rowCount } = await tx.query(sql.unsafe`
        update mapping set lookup_table = ${JSON.stringify(tables)}::json, mapping_json = ${JSON.stringify(columns)}::json, config = ${JSON.stringify(config)}::json,
          modified_by = ${user}, date_modified = ${modified}
        where mapping_name = ${mapping.name}`)
      result[rowCount > 0 ? 'replaced' : 'created'].push(mapping.name)
      if (rowCount === 0) {
        await tx.query(sql.unsafe`
          insert into mapping (mapping_name, lookup_table, mapping_json, config, created_by, date_created)
          values (${mapping.name}, ${JSON.stringify(tables)}::json, ${JSON.stringify(columns)}::json, ${JSON.stringify(config)}::json, ${user},
            date_trunc('second', now() at time zone 'UTC'))`)
      }
      await insertMarkers(tx, mapping.name)
    }
    return result
  })
}
