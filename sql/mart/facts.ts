/** What the Mart has of a mapping's relations: which of them are there, what they name in DHIS2, and a sample of their values. Read only. */
import { sql, type CommonQueryMethods, type DatabasePool, type FragmentSqlToken } from 'slonik'
import { z } from 'zod'
import { ORG_UNIT } from '../../src/core/fixed-columns.ts'
import type { RelationContent, RelationFacts } from '../../src/core/mapping-facts.ts'
import { relationsOf, type Mapping } from '../../src/core/mapping.ts'
import type { MartOptions } from '../store/store.ts'
import { notOurs, withinTime } from './browse.ts'
import { readTypes, type Relation } from './catalogue.ts'
import { martProblem } from './mart-error.ts'
import { dateCreated, given, text } from './rows.ts'

const SAMPLE_ROWS = 1000
/** of programs, stages and org units together */
const MOST_PLACES = 20_000
/** Of each relation. Events are often views that take long, and the rest of a mapping can be told all the same. */
const READ_MS = 20_000

const place = z.object({ program: z.string().nullable(), stage: z.string().nullable(), orgUnit: z.string().nullable(), rows: z.int() })
const sampleRow = z.object({
  program: z.string().nullable(),
  stage: z.string().nullable(),
  values: z.array(z.string().nullable()),
})

/** In the order of relationsOf. */
export async function readRelationFacts(pool: DatabasePool, options: MartOptions, mapping: Mapping): Promise<RelationFacts[]> {
  const { martSchema } = options
  const relations = relationsOf(mapping)
  const names = await pool.anyFirst(sql.type(z.object({ name: z.string() }))`
    select name from unnest(${sql.array(
      relations.map(({ table }) => table),
      'text',
    )}) as name where ${notOurs(options, sql.fragment`name`)}`)
  const types = await readTypes(pool, martSchema, names)
  const facts: RelationFacts[] = []
  for (const relation of relations) {
    const own = types.get(relation.table)
    if (own === undefined) facts.push({ types: null, content: null, problem: null })
    else facts.push({ types: own, ...(await readContent(pool, martSchema, { ...relation, types: own })) })
  }
  return facts
}

async function readContent(
  pool: DatabasePool,
  martSchema: string,
  relation: Relation,
): Promise<Pick<RelationFacts, 'content' | 'problem'>> {
  try {
    const content = await withinTime(pool, READ_MS, async (tx): Promise<RelationContent> => ({
      places: await readPlaces(tx, martSchema, relation),
      sample: await readSample(tx, martSchema, relation),
    }))
    return { content, problem: null }
  } catch (error) {
    const problem = martProblem(error)
    if (problem === null) throw error
    return { content: null, problem }
  }
}

const named = (relation: Relation, column: string): FragmentSqlToken =>
  relation.constants[column] !== undefined || relation.types.has(column) ? given(relation, column) : sql.fragment`null::text`
const placeOf = (relation: Relation) => sql.fragment`
  ${relation.kind === 'trackedEntity' ? sql.fragment`null::text` : named(relation, 'program')} as program,
  ${relation.kind === 'event' ? named(relation, 'program_stage') : sql.fragment`null::text`} as stage`

const readPlaces = (tx: CommonQueryMethods, martSchema: string, relation: Relation) =>
  tx.any(sql.type(place)`
    select ${placeOf(relation)}, ${named(relation, ORG_UNIT)} as "orgUnit", count(*)::int as rows
    from ${sql.identifier([martSchema, relation.table])} as m group by 1, 2, 3 order by 4 desc, 1, 2, 3 limit ${MOST_PLACES}`)

function readSample(tx: CommonQueryMethods, martSchema: string, relation: Relation) {
  const values = relation.columns.map(([column]) => (relation.types.has(column) ? text(column) : sql.fragment`null::text`))
  const newest = relation.types.has('date_created') ? sql.fragment`order by ${dateCreated(relation)} desc nulls last` : sql.fragment``
  return tx.any(sql.type(sampleRow)`
    select ${placeOf(relation)}, array[${sql.join([...values, sql.fragment`null::text`], sql.fragment`, `)}]::text[] as values
    from ${sql.identifier([martSchema, relation.table])} as m ${newest} limit ${SAMPLE_ROWS}`)
}
