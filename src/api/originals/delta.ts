import type { Relation } from '../../../sql/mart/catalogue.ts'
import { RunFailure } from '../../errors.ts'
import type { JoinedRow } from '../../../sql/mart/joined-delta.ts'
import { iterated } from '../iterated.ts'
import { required, type OriginalRoute } from './original-route.ts'
import { periodOf } from './period.ts'

/** Two failures are answered with HTTP 200, as the page expects them. */
export const getDeltaData: OriginalRoute = {
  method: 'get',
  path: '/dhis-integration/api/getDeltaData',
  access: ['upload'],
  handler: async ({ query }, ctx) => {
    const name = required(query, 'mappingName')
    const period = periodOf(query['startDate'] ?? '', query['endDate'] ?? '')
    const generatedDate = new Date().toISOString().slice(0, 19).replace('T', ' ')
    const mapping = await ctx.store.readMapping(name)
    if (!mapping) return { error: `No mapping specified with the name ${name}`, generatedDate }
    let titles: Titles | undefined
    const rows = iterated<Shown>((give) =>
      ctx.store.joinedDelta(mapping, period, (row, relations) => give(shown(row, relations, (titles ??= titlesOf(relations))))),
    )[Symbol.asyncIterator]()
    try {
      // what is wrong with the relations is known with the first row
      return json(await rows.next(), rows, generatedDate)
    } catch (error) {
      if (!(error instanceof RunFailure)) throw error
      ctx.log.warn({ problem: error.message }, 'a preview failed')
      return { error: 'There is an error in the preview. Please contact Admin.', generatedDate }
    }
  },
}

async function* json(first: IteratorResult<Shown>, rest: AsyncIterator<Shown>, generatedDate: string) {
  yield '{"result":['
  let comma = ''
  for (let row = first; row.done !== true; row = await rest.next()) {
    yield `${comma}${JSON.stringify(row.value)}`
    comma = ','
  }
  yield `],"generatedDate":${JSON.stringify(generatedDate)}}`
}

type Shown = Readonly<Record<string, string | number | boolean | null>>
type Value = Shown[string]

/** Shown under their own titles already. */
const DEFAULTS: Readonly<Record<string, readonly string[]>> = {
  trackedEntity: ['Patient_Identifier', 'OrgUnit', 'date_created'],
  event: ['Patient_Identifier', 'OrgUnit', 'date_created', 'event_date', 'program', 'program_stage', 'status'],
}

/** In the original's order of keys. */
function shown(row: JoinedRow, relations: readonly Relation[], titles: Titles): Shown {
  return {
    'Patient Identifier': row.patient_id,
    'Org Unit': row.org_unit,
    ...valuesOf(titles.trackedEntity, relations, 0, row.instance_values),
    'Instance Date Created': row.instance_created,
    'Enrollment Date': row.enrollment_date,
    'Incident Date': row.incident_date,
    'Enrollment Status': row.enrollment_status,
    'Prog Enrollment Date Created': row.enrollment_created,
    'Event Date': row.event_date,
    Program: row.program,
    'Program Stage': row.program_stage,
    'Event Status': row.event_status,
    ...valuesOf(titles.event, relations, row.source, row.event_values),
    'Event Date Created': row.event_created,
  }
}

interface Title {
  kind: 'trackedEntity' | 'event'
  column: string
  title: string
}

type Titles = Readonly<Record<Title['kind'], readonly Title[]>>

/** A column that is mapped of the patient and of an event is told apart by its title. */
function titlesOf(relations: readonly Relation[]): Titles {
  const mapped = (kind: Title['kind']) => [
    ...new Set(relations.filter((r) => r.kind === kind).flatMap((r) => r.columns.map(([name]) => name))),
  ]
  const titles = (kind: Title['kind'], word: string, others: readonly string[]) =>
    mapped(kind)
      .filter((column) => !DEFAULTS[kind]!.includes(column))
      .map((column): Title => ({
        kind,
        column,
        title: others.includes(column) ? `${word} ${column.charAt(0).toUpperCase()}${column.slice(1)}` : column,
      }))
  return {
    trackedEntity: titles('trackedEntity', 'Instance', mapped('event')),
    event: titles('event', 'Event', mapped('trackedEntity')),
  }
}

function valuesOf(
  titles: readonly Title[],
  relations: readonly Relation[],
  source: number | null,
  values: JoinedRow['instance_values'],
): Shown {
  return Object.fromEntries(
    titles.map(({ kind, column, title }) => {
      const relation = relations.find((r) => r.kind === kind && r.source === source)
      const position = relation?.columns.findIndex(([name]) => name === column) ?? -1
      return [title, native(values?.[position] ?? null, relation?.types.get(column) ?? 'text')]
    }),
  )
}

/** Numbers and booleans as such, points in time as Jackson prints them. */
function native(text: string | null, type: string): Value {
  if (text === null) return null
  if (/^(smallint|integer|bigint|numeric|real|double precision)$/.test(type)) return Number.isFinite(Number(text)) ? Number(text) : text
  if (type === 'boolean') return text === 'true'
  if (type.startsWith('timestamp')) return `${text.slice(0, 19).replace(' ', 'T')}.000+0000`
  return text
}
