/** The document's mapping table, in the originals' columns. */
import { sql, type CommonQueryMethods, type DatabasePool } from 'slonik'
import { z } from 'zod'
import { mappingEtag } from '../../src/core/mapping-etag.ts'
import { mappingFromParts, mappingParts } from '../../src/core/mapping-file.ts'
import type { Mapping } from '../../src/core/mapping.ts'
import { forgetMapping, hasHistory, renameMapping } from './mapping-names.ts'
import { insertMarkers } from './markers.ts'
import {
  MappingChangedError,
  MappingHistoryError,
  MappingNotFoundError,
  NameTakenError,
  RunActiveError,
  type MappingOutcome,
  type Store,
  type StoredMapping,
} from './store.ts'

const row = z.object({ mapping_name: z.string(), lookup_table: z.unknown(), mapping_json: z.unknown(), config: z.unknown() })
const storedRow = row.extend({
  created_by: z.string().nullable(),
  created: z.string().nullable(),
  modified_by: z.string().nullable(),
  modified: z.string().nullable(),
})
const CONTENT = sql.fragment`mapping_name, lookup_table, mapping_json, config`
const STORED = sql.fragment`${CONTENT}, created_by, date_created::text as created, modified_by, date_modified::text as modified`

type MappingMethods = Pick<
  Store,
  | 'readMapping'
  | 'listMappings'
  | 'saveMappings'
  | 'readStoredMapping'
  | 'listStoredMappings'
  | 'createMapping'
  | 'replaceMapping'
  | 'deleteMapping'
>

export function mappingMethods(pool: DatabasePool): MappingMethods {
  return {
    readMapping: (name) => readMapping(pool, name),
    listMappings: () => listMappings(pool),

    async readStoredMapping(name) {
      const found = await pool.maybeOne(sql.type(storedRow)`select ${STORED} from mapping where mapping_name = ${name}`)
      return found ? storedOf(found) : null
    },

    async listStoredMappings(search) {
      const rows = await pool.any(sql.type(storedRow)`
        select ${STORED} from mapping where position(lower(${search}) in lower(mapping_name)) > 0 order by mapping_name`)
      return rows.map(storedOf)
    },

    saveMappings: (mappings, user, { dryRun = false } = {}) =>
      changing(pool, async (tx) => {
        const outcomes: MappingOutcome[] = []
        for (const mapping of mappings) {
          const before = await readMapping(tx, mapping.name)
          const action = before === null ? 'create' : mappingEtag(before) === mappingEtag(mapping) ? 'unchanged' : 'replace'
          outcomes.push({ name: mapping.name, action })
          if (dryRun) continue
          if (action === 'create') await insert(tx, mapping, user)
          if (action === 'replace') await update(tx, mapping.name, mapping, user)
          await insertMarkers(tx, mapping.name)
        }
        return outcomes
      }),

    createMapping: (mapping, user) =>
      changing(pool, async (tx) => {
        await refuseTaken(tx, mapping.name)
        await insert(tx, mapping, user)
        await insertMarkers(tx, mapping.name)
      }),

    replaceMapping: (name, mapping, user, isExpected) =>
      changing(pool, async (tx) => {
        await lock(tx, name, isExpected)
        if (mapping.name !== name) {
          await refuseActive(tx, name)
          await refuseTaken(tx, mapping.name)
          await renameMapping(tx, name, mapping.name)
        }
        await update(tx, name, mapping, user)
      }),

    deleteMapping: (name, isExpected, withHistory) =>
      changing(pool, async (tx) => {
        await lock(tx, name, isExpected)
        await refuseActive(tx, name)
        if (!withHistory && (await hasHistory(tx, name))) throw new MappingHistoryError(name)
        await forgetMapping(tx, name)
        await tx.query(sql.unsafe`delete from mapping where mapping_name = ${name}`)
      }),
  }
}

/** One who changes mappings at a time: names are looked at before they are taken. Readers are not held up. */
function changing<T>(pool: DatabasePool, change: (tx: CommonQueryMethods) => Promise<T>): Promise<T> {
  return pool.transaction(async (tx) => {
    await tx.query(sql.unsafe`lock table mapping in share row exclusive mode`)
    return change(tx)
  })
}

async function readMapping(tx: CommonQueryMethods, name: string): Promise<Mapping | null> {
  const found = await tx.maybeOne(sql.type(row)`select ${CONTENT} from mapping where mapping_name = ${name}`)
  return found ? mappingFromParts(found) : null
}

/** As readMapping; until the transaction's end nobody renames or deletes it. */
export async function readMappingAndHold(tx: CommonQueryMethods, name: string): Promise<Mapping | null> {
  const found = await tx.maybeOne(sql.type(row)`select ${CONTENT} from mapping where mapping_name = ${name} for share`)
  return found ? mappingFromParts(found) : null
}

export async function listMappings(pool: CommonQueryMethods): Promise<readonly Mapping[]> {
  return (await pool.any(sql.type(row)`select ${CONTENT} from mapping order by mapping_name`)).map(mappingFromParts)
}

/** Runs that are just being made hold the row, see readMappingAndHold: after this they are seen, or do not find their mapping. */
async function lock(tx: CommonQueryMethods, name: string, isExpected: (etag: string) => boolean): Promise<void> {
  const found = await tx.maybeOne(sql.type(row)`select ${CONTENT} from mapping where mapping_name = ${name} for update`)
  if (!found) throw new MappingNotFoundError(name)
  if (!isExpected(mappingEtag(mappingFromParts(found)))) throw new MappingChangedError(name)
}

async function refuseTaken(tx: CommonQueryMethods, name: string): Promise<void> {
  if ((await readMapping(tx, name)) !== null) throw new NameTakenError(name)
}

async function refuseActive(tx: CommonQueryMethods, name: string): Promise<void> {
  const active = await tx.maybeOneFirst(sql.type(z.object({ run_id: z.string() }))`
    select run_id::text from sync_run where mapping_name = ${name} and state in ('queued', 'running')`)
  if (active !== null) throw new RunActiveError(name, active)
}

function columnsOf(mapping: Mapping) {
  const { lookup_table, mapping_json, config } = mappingParts(mapping)
  return { tables: JSON.stringify(lookup_table), columns: JSON.stringify(mapping_json), config: JSON.stringify(config) }
}

async function insert(tx: CommonQueryMethods, mapping: Mapping, user: string): Promise<void> {
  const { tables, columns, config } = columnsOf(mapping)
  await tx.query(sql.unsafe`
    insert into mapping (mapping_name, lookup_table, mapping_json, config, created_by, date_created)
    values (${mapping.name}, ${tables}::json, ${columns}::json, ${config}::json, ${user}, date_trunc('second', now() at time zone 'UTC'))`)
}

async function update(tx: CommonQueryMethods, name: string, mapping: Mapping, user: string): Promise<void> {
  const { tables, columns, config } = columnsOf(mapping)
  // bound, so that it fits the column: a timestamp in 2018, a text since
  const modified = new Date().toISOString().slice(0, 19).replace('T', ' ')
  await tx.query(sql.unsafe`
    update mapping set mapping_name = ${mapping.name}, lookup_table = ${tables}::json, mapping_json = ${columns}::json, config = ${config}::json,
      modified_by = ${user}, date_modified = ${modified}
    where mapping_name = ${name}`)
}

function storedOf(found: z.infer<typeof storedRow>): StoredMapping {
  const mapping = mappingFromParts(found)
  return {
    mapping,
    etag: mappingEtag(mapping),
    createdBy: found.created_by,
    createdAt: utc(found.created),
    modifiedBy: found.modified_by,
    modifiedAt: utc(found.modified),
  }
}

/** The originals write UTC without saying so. */
function utc(text: string | null): Date | null {
  const [time] = /^\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d)?)?/.exec(text ?? '') ?? []
  const at = new Date(time === undefined ? Number.NaN : `${time.replace(' ', 'T')}${time.length > 10 ? 'Z' : ''}`)
  return Number.isNaN(at.getTime()) ? null : at
}
