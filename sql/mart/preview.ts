/** What a sync would look at, without writing anything: the snapshot's own rows, page by page or as a stream. */
import { sql, type CommonQueryMethods, type DatabasePool, type FragmentSqlToken } from 'slonik'
import { z } from 'zod'
import type { DeltaRow } from '../../src/core/delta-row.ts'
import type { Mapping } from '../../src/core/mapping.ts'
import { KINDS, type Kind } from '../../src/core/model.ts'
import { readMarkers } from '../store/markers.ts'
import type { DeltaCounts, DeltaFilter, DeltaPage, DeltaPageRows, DeltaPlace, DeltaRequest, MartOptions, Store } from '../store/store.ts'
import { withinTime } from './browse.ts'
import { readRelations, type Relation } from './catalogue.ts'
import { inDelta, isOfSentEnrollment, isSettled } from './delta.ts'
import { MartMisfitError, martProblem } from './mart-error.ts'
import { selectRows } from './rows.ts'
import { streamed } from './streamed.ts'

/** For a page, which somebody waits for. */
const PAGE_MS = 120_000

const text = z.string().nullable()
const enrollmentPart = z.object({
  recordKey: z.string(),
  orgUnitCode: text,
  program: text,
  uniqueId: text,
  enrollmentDate: text,
  incidentDate: text,
  status: text,
})
const deltaRow = z.object({
  source: z.int(),
  what: z.enum(['new', 'update', 'unchanged']),
  differs: z.boolean(),
  patient_id: z.string(),
  record_key: z.string(),
  hash: z.string(),
  org_unit_code: text,
  program: text,
  program_stage: text,
  unique_id: text,
  patient_program_id: text,
  enrollment_date: text,
  incident_date: text,
  event_date: text,
  status: text,
  created_text: text,
  mart_values: z.array(text),
  sent: z.array(z.string()).nullable(),
  tracked: z.boolean(),
  enrollments: z.array(enrollmentPart).nullable(),
})
const countRow = z.object({ new: z.int(), update: z.int(), unchanged: z.int() })

interface Look {
  mapping: Mapping
  request: DeltaRequest
  relations: readonly Relation[]
  markers: Readonly<Record<Kind, string | null>>
  options: MartOptions
}

export function previewMethods(
  pool: DatabasePool,
  options: MartOptions,
): Pick<Store, 'countDelta' | 'readDeltaPage' | 'streamDelta' | 'readPrograms'> {
  const look = async (tx: CommonQueryMethods, mapping: Mapping, request: DeltaRequest): Promise<Look> => ({
    mapping,
    request,
    relations: await readRelations(tx, options.martSchema, mapping),
    markers: await readMarkers(tx, mapping.name),
    options,
  })
  return {
    countDelta: (mapping, request) =>
      ofTheMart(mapping, () =>
        withinTime(pool, PAGE_MS, async (tx) => {
          const looked = await look(tx, mapping, request)
          return {
            trackedEntity: await countKind(tx, looked, 'trackedEntity'),
            enrollment: await countKind(tx, looked, 'enrollment'),
            event: await countKind(tx, looked, 'event'),
          }
        }),
      ),

    readDeltaPage: (mapping, request, page) =>
      ofTheMart(mapping, () => withinTime(pool, PAGE_MS, async (tx) => readPage(tx, await look(tx, mapping, request), page))),

    readPrograms: (mapping) =>
      ofTheMart(mapping, () =>
        withinTime(pool, PAGE_MS, async (tx) => {
          const relations = await readRelations(tx, options.martSchema, mapping)
          const given = relations.flatMap(({ constants }) => constants['program'] ?? [])
          const named = relations.filter(({ kind, constants }) => kind === 'enrollment' && constants['program'] === undefined)
          const found = await Promise.all(
            named.map(({ table }) =>
              tx.anyFirst(sql.type(z.object({ program: z.string() }))`
                select distinct btrim(m.program::text) as program from ${sql.identifier([options.martSchema, table])} as m where m.program is not null`),
            ),
          )
          return [...new Set([...given, ...found.flat()])].toSorted()
        }),
      ),

    async *streamDelta(mapping, request, filter) {
      const looked = await ofTheMart(mapping, () => look(pool, mapping, request))
      for (const kind of kindsFrom(filter)) {
        const query = sql.fragment`${deltaOf(looked, kind)} ${foundOf(looked, kind, filter, null)} select * from found`
        let last: DeltaRow | null = null
        try {
          for await (const found of streamed(pool, query, deltaRow)) {
            const row = deltaRowOf(found, kind, looked)
            if (last === null || !isTwin(row, last)) yield row
            last = row
          }
        } catch (error) {
          throw misfit(mapping, error)
        }
      }
    },
  }
}

/** One pass over the relations of each kind gives its counts and its part of the page: see `deltaOf`. */
async function readPage(tx: CommonQueryMethods, looked: Look, page: DeltaPage): Promise<DeltaPageRows> {
  const counts: Partial<DeltaCounts> = {}
  const rows: DeltaRow[] = []
  const shown = new Set(kindsFrom(page))
  for (const kind of KINDS) {
    // one more than is shown tells that there are more
    const room = shown.has(kind) ? page.limit + 1 - rows.length : 0
    if (room <= 0 && page.counts) counts[kind] = await countKind(tx, looked, kind)
    if (room <= 0) continue
    // without a row there is still the one with the counts
    const found = await tx.any(sql.type(z.looseObject({ counts: countRow.nullable(), hash: text }))`
      ${deltaOf(looked, kind)} ${foundOf(looked, kind, page, room)}
      select found.*, ${page.counts ? sql.fragment`(select to_jsonb(n) from (${COUNTS}) as n)` : sql.fragment`null::jsonb`} as counts
      from (values (1)) as one left join found on true order by ${IN_ORDER}`)
    if (page.counts) counts[kind] = found[0]!.counts!
    // without a row there is still the one with the counts
    rows.push(...found.flatMap((row) => (row.hash === null ? [] : [deltaRowOf(deltaRow.parse(row), kind, looked)])))
  }
  return {
    counts: page.counts ? (counts as DeltaCounts) : null,
    // the same row twice is one record
    rows: rows.slice(0, page.limit).filter((row, i, all) => i === 0 || !isTwin(row, all[i - 1]!)),
    more: rows.length > page.limit,
  }
}

const isTwin = (a: DeltaRow, b: DeltaRow) => a.kind === b.kind && a.recordKey === b.recordKey && a.hash === b.hash

const COUNTS = sql.fragment`
  select (count(*) filter (where what = 'new'))::int as new, (count(*) filter (where what = 'update'))::int as update,
    (count(*) filter (where what = 'unchanged'))::int as unchanged from delta`

const countKind = (tx: CommonQueryMethods, looked: Look, kind: Kind) =>
  tx.one(sql.type(countRow)`${deltaOf(looked, kind, false)} ${COUNTS}`)

/** From the kind of the place on, in the order that pages have. */
const kindsFrom = ({ kind, after = null }: DeltaFilter): Kind[] =>
  KINDS.filter((one) => (kind === undefined || one === kind) && (after === null || KINDS.indexOf(one) >= KINDS.indexOf(after.kind)))

/**
 * with … delta …: the rows that a sync would look at, each with what becomes of it. Kept (materialized) for a page: they are counted, the first ones found
 * and their twins looked for, and a view of a thousand lines is evaluated once for all of it.
 *
 * EXPLAIN ANALYZE, PostgreSQL 18, 30,000 patients, 30,000 enrollments, 100,000 events as a view over jsonb, on a busy machine of two cores: reading each
 * relation's hash once takes 0.4 + 0.4 + 2.4 s; the first page of patients with all counts 0.9 + 0.4 + 2.1 s, that of events 2.7 s. The page itself is a top-N
 * sort (heapsort, 55 kB), counting a second pass over what was kept (0.15 s, 36 MB on disk). Two queries, one for the page and one for the counts, read the view
 * twice. Without "offset 0" here and in selectRows the page of events took 6.4 s, after a first sync 12.3 s: the hash was found six times.
 */
function deltaOf({ mapping, request, relations, markers, options }: Look, kind: Kind, kept = true): FragmentSqlToken {
  const { martSchema, overlapDays } = options
  const { name } = mapping
  // a period is sent again whatever DHIS2 has; a re-sync compares, and leaves alone what DHIS2 has as it was confirmed
  const force = request.from !== null
  const rowsWhere = (of: Kind, where: FragmentSqlToken) =>
    sql.join(
      relations
        .filter((relation) => relation.kind === of)
        .map(
          (relation) => sql.fragment`select ${relation.source}::int as source, r.* from (${selectRows(relation, martSchema, where)}) as r`,
        ),
      sql.fragment` union all `,
    )
  const within = (of: Kind) => inDelta(of, request, { mappingName: name, marker: markers[of], overlapDays })
  const wanted = (of: Kind) => sql.fragment`
    select d.*, c.sent, c.hash as confirmed, ${isSettled(name, of, force)} as same
    from (${rowsWhere(of, of === 'event' && bringsEvents ? sql.fragment`(${within(of)} or ${isOfSentEnrollment(sql.fragment`sending`, name)})` : within(of))}) as d
    left join sync_confirmed c on c.mapping_name = ${name} and c.kind = ${of} and c.record_key = d.record_key`
  const bringsEvents = !force && !request.resync && markers.event !== null
  const sending =
    kind === 'event' && bringsEvents
      ? sql.fragment`sending as materialized (select patient_id, program, unique_id, enrollment_date from (${wanted('enrollment')}) as e where not same),`
      : sql.fragment``
  return sql.fragment`
    with ${sending} delta as ${kept ? sql.fragment`materialized` : sql.fragment`not materialized`} (
      select d.*, case when same then 'unchanged' when tracked or confirmed is not null then 'update' else 'new' end as what
      from (select d.*, ${tracked(kind)} as tracked from (${wanted(kind)} offset 0) as d offset 0) as d
    )`
}

const tracked = (kind: Kind) =>
  ({
    trackedEntity: sql.fragment`exists (select from instance_tracker t where t.patient_id = d.patient_id)`,
    enrollment: sql.fragment`exists (select from enrollment_tracker t where t.program = d.program and t.program_unique_id = d.unique_id)`,
    event: sql.fragment`exists (select from event_tracker t where t.program = d.program and t.program_stage = d.program_stage and t.event_unique_id = d.unique_id)`,
  })[kind]

/** C: the order is the same wherever the next page is read, and comparing is cheapest. */
const IN_ORDER = sql.fragment`patient_id collate "C", record_key collate "C", hash`

/**
 * More to go behind deltaOf's with …: `found`, the rows that the filter takes, in order. Twins and enrollments are looked for once for all of a page, or of
 * all rows: for each row anew it would be a pass over everything. An event has its patient's enrollments with it, which say where it belongs.
 */
function foundOf({ relations, options }: Look, kind: Kind, filter: DeltaFilter, limit: number | null): FragmentSqlToken {
  const { patient, what, after = null } = filter
  const conditions = [
    sql.fragment`true`,
    ...(patient === undefined ? [] : [sql.fragment`patient_id = ${patient}`]),
    ...(what === undefined ? [] : [sql.fragment`what = any (${sql.array([...what], 'text')})`]),
    ...(after === null || after.kind !== kind ? [] : [isAfter(after)]),
  ]
  const taken = sql.fragment`select * from delta where ${sql.join(conditions, sql.fragment` and `)}`
  const page = limit === null ? taken : sql.fragment`${taken} order by ${IN_ORDER} limit ${limit}`
  const ofPage = limit === null ? sql.fragment`` : sql.fragment`where record_key in (select record_key from page)`
  const [enrollment] = relations.filter((relation) => relation.kind === 'enrollment')
  const ofPeople = sql.fragment`r.patient_id in (select patient_id from page)`
  const people = sql.fragment`
    , people as materialized (
      select patient_id, jsonb_agg(jsonb_build_object('recordKey', record_key, 'orgUnitCode', org_unit_code, 'program', program, 'uniqueId', unique_id,
        'enrollmentDate', enrollment_date, 'incidentDate', incident_date, 'status', status)) as enrollments
      from (${selectRows(enrollment!, options.martSchema, ofPeople)}) as r group by patient_id
    )`
  const [more, enrollments, join] =
    kind === 'event'
      ? [people, sql.fragment`people.enrollments`, sql.fragment`left join people using (patient_id)`]
      : [sql.fragment``, sql.fragment`null::jsonb`, sql.fragment``]
  return sql.fragment`
    , page as ${limit === null ? sql.fragment`not materialized` : sql.fragment`materialized`} (${page})
    , twins as materialized (
      select record_key from delta ${ofPage} group by record_key having min(hash) <> max(hash) and not bool_and(same)
    ) ${more}
    , found as (
      select page.*, page.created::text as created_text, page.record_key in (select record_key from twins) as differs, ${enrollments} as enrollments
      from page ${join} order by ${IN_ORDER}
    )`
}

const isAfter = ({ patientId, recordKey, hash }: DeltaPlace) =>
  sql.fragment`(patient_id collate "C", record_key collate "C", hash) > (${patientId}, ${recordKey}, ${hash})`

function deltaRowOf(row: z.infer<typeof deltaRow>, kind: Kind, { relations }: Look): DeltaRow {
  return {
    kind,
    source: row.source,
    relation: relations.find((relation) => relation.kind === kind && relation.source === row.source)!.table,
    what: row.what,
    differs: row.differs,
    patientId: row.patient_id,
    recordKey: row.record_key,
    hash: row.hash,
    orgUnitCode: row.org_unit_code,
    program: row.program,
    programStage: row.program_stage,
    uniqueId: row.unique_id,
    patientProgramId: row.patient_program_id,
    enrollmentDate: row.enrollment_date,
    incidentDate: row.incident_date,
    eventDate: row.event_date,
    status: row.status,
    created: row.created_text,
    values: row.mart_values,
    sent: row.sent ?? [],
    tracked: row.tracked,
    enrollments: row.enrollments ?? [],
  }
}

async function ofTheMart<T>(mapping: Mapping, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    throw misfit(mapping, error)
  }
}

function misfit(mapping: Mapping, error: unknown): unknown {
  const problem = martProblem(error)
  return problem === null ? error : new MartMisfitError(`Mapping "${mapping.name}": one of its relations ${problem}`, { cause: error })
}
