/** What a sync would do, as a file: a line for each row, as fast as they are taken. */
import type { DeltaFilter, DeltaRequest, Store } from '../../sql/store/store.ts'
import { csvLine } from '../csv.ts'
import { relationsOf, type Mapping } from '../core/mapping.ts'
import { KIND_WORDS } from '../core/rejection.ts'
import { whatOf, type Effect, type Judge, type Judged } from './judge.ts'

const FIXED = [
  'Kind',
  'Relation',
  'What',
  'Patient',
  'Record',
  'Org Unit',
  'Program',
  'Program Stage',
  'Enrollment Date',
  'Incident Date',
  'Event Date',
  'Status',
  'Date Created',
]

interface CsvFilter extends Omit<DeltaFilter, 'what' | 'after'> {
  effect?: Effect
}
/** lines that go together: a write for each would cost more than the line */
const TOGETHER = 100

export async function* csvOf(
  store: Pick<Store, 'streamDelta'>,
  mapping: Mapping,
  request: DeltaRequest,
  { effect, ...filter }: CsvFilter,
  { judge, dhis2Problem }: Judge,
): AsyncGenerator<string> {
  const relations = relationsOf(mapping)
  const columns = [...new Set(relations.flatMap((relation) => relation.columns.map(([column]) => column)))]
  const rejections = dhis2Problem === null ? 'Rejection' : `Rejection (what DHIS2 demands is not known: ${dhis2Problem})`
  let lines = [csvLine([...FIXED, rejections, ...columns])]
  const what = whatOf(effect)
  for await (const row of store.streamDelta(mapping, request, { ...filter, ...(what && { what }) })) {
    const judged = judge(row)
    if (effect !== undefined && judged.effect !== effect) continue
    const mapped = relations.find(({ kind, source }) => kind === row.kind && source === row.source)!.columns
    const values = new Map(mapped.map(([column], i) => [column, row.values[i] ?? null]))
    lines.push(csvLine([...fixed(judged), ...columns.map((column) => values.get(column) ?? null)]))
    if (lines.length < TOGETHER) continue
    yield lines.join('')
    lines = []
  }
  yield lines.join('')
}

const fixed = ({ row, effect, rejection }: Judged) => [
  KIND_WORDS[row.kind],
  row.relation,
  effect,
  row.patientId,
  row.recordKey,
  row.orgUnitCode,
  row.program,
  row.programStage,
  row.enrollmentDate,
  row.incidentDate,
  row.eventDate,
  row.status,
  row.created,
  rejection?.message ?? null,
]
