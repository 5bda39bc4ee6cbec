/** Step 2, one chunk: patients → tracked entities. Which tracked entity is it, what does it lack, send it, write down how it ended. */
import { equalsTrackedEntity } from '../src/core/compare.ts'
import { matchPatient, searchFilters } from '../src/core/match.ts'
import type { Dhis2TrackedEntity, ImportReport, Metadata, ObjectResult, PatientRow, TrackedEntityPayload } from '../src/core/model.ts'
import { rejectionOf } from '../src/core/outcome.ts'
import { trackedEntityPayload, trackedEntityTypeOf } from '../src/core/payload.ts'
import { reject, type Rejection } from '../src/core/rejection.ts'
import type { Outcome, Run } from '../sql/store/store.ts'
import { assumeTrackedEntities } from './assume.ts'
import type { JobContext } from './context.ts'
import { deliver } from './deliver.ts'
import { recordDelivered, rejected } from './outcomes.ts'

interface Prepared {
  row: PatientRow
  payload: TrackedEntityPayload
  sent: readonly string[]
  adopted: boolean
}

/** @returns how many patients the chunk had */
export async function pushPatients(ctx: JobContext, run: Run, chunk: number): Promise<number> {
  const rows = await ctx.store.readPatients(run.runId, chunk)
  if (rows.length === 0) return 0
  const metadata = await ctx.metadata(run)
  const known = await readKnown(ctx, rows)
  const identities = await identify(ctx, run, rows, known, metadata)

  const prepared: Prepared[] = []
  const outcomes: Outcome[] = []
  for (const row of rows) {
    const made = prepare(ctx, run, row, identities.get(row.rowId)!, metadata)
    if ('rejection' in made) outcomes.push(rejected(row.rowId, made.rejection))
    else if (run.resync && equalsTrackedEntity(made.payload, known.get(made.payload.trackedEntity)))
      outcomes.push(settled(made, { state: 'unchanged', warnings: [] }))
    else prepared.push(made)
  }
  await ctx.store.recordOutcomes(run.runId, 'patients', outcomes)

  // known ones first: sent again one by one, an innocent known person goes before the newcomer that collides with it (decided 13)
  prepared.sort((a, b) => Number(a.row.trackedEntity === null) - Number(b.row.trackedEntity === null))
  await ctx.store.markSending(
    run.runId,
    prepared.map(({ row, payload, sent }) => ({
      rowId: row.rowId,
      uid: payload.trackedEntity,
      sent: [...new Set([...row.sent, ...sent])],
    })),
  )
  const { results, refusesEverything } = await deliver(prepared, {
    post: (items, divisible) =>
      send(
        ctx,
        run,
        items.map((item) => item.payload),
        divisible,
      ),
    size: () => ctx.requestSize(run),
    uids: (item) => [item.payload.trackedEntity],
    split: (item) => [item],
  })
  await recordDelivered(
    ctx,
    run,
    'patients',
    prepared.map((item) => outcomeOf(item, results.get(item.payload.trackedEntity)!, run, metadata)),
    refusesEverything,
  )
  return rows.length
}

async function send(ctx: JobContext, run: Run, payloads: readonly TrackedEntityPayload[], divisible: boolean): Promise<ImportReport> {
  if (!run.dryRun) return ctx.client.importTrackedEntities(payloads, { divisible })
  if (!ctx.client.canValidate) return assumeTrackedEntities(payloads)
  return ctx.client.importTrackedEntities(payloads, { divisible, validateOnly: { trackedEntities: [], enrollments: [] } })
}

/** What DHIS2 has of the patients whose tracked entity we know: one that was deleted there must not come back silently (decided 9). */
async function readKnown(ctx: JobContext, rows: readonly PatientRow[]): Promise<Map<string, Dhis2TrackedEntity>> {
  const uids = rows.flatMap((row) => (row.trackedEntity !== null && !row.unconfirmed ? [row.trackedEntity] : []))
  const found = uids.length > 0 ? await ctx.client.readTrackedEntities(uids) : []
  return new Map(found.map((te) => [te.trackedEntity, te]))
}

type Identity = { uid: string; isNew: boolean } | { rejection: Rejection }

async function identify(
  ctx: JobContext,
  run: Run,
  rows: readonly PatientRow[],
  known: ReadonlyMap<string, Dhis2TrackedEntity>,
  metadata: Metadata,
): Promise<Map<string, Identity>> {
  const matching = { mapping: run.mapping, metadata, timeZone: ctx.settings.timeZone }
  const strangers = rows.filter((row) => row.trackedEntity === null && row.sameValueAs === null)
  const filters = searchFilters(strangers, matching)
  const type = trackedEntityTypeOf(metadata, ctx.settings.trackedEntityType)
  const hits = filters.length > 0 && type !== null ? await ctx.client.searchTrackedEntities(type.uid, filters) : []
  for (const hit of hits) if (!known.has(hit.trackedEntity)) (known as Map<string, Dhis2TrackedEntity>).set(hit.trackedEntity, hit)
  const owners = await ctx.store.patientsOf(hits.map((hit) => hit.trackedEntity))

  return new Map(
    rows.map((row): [string, Identity] => {
      const derived = ctx.uidOf('trackedEntity', row.patientId)
      if (row.trackedEntity !== null) {
        const identity =
          row.unconfirmed || known.has(row.trackedEntity) ? { uid: row.trackedEntity, isNew: row.unconfirmed } : { rejection: gone(row) }
        return [row.rowId, identity]
      }
      const match = matchPatient(row, hits, owners, matching)
      if (match === 'new') return [row.rowId, { uid: derived, isNew: true }]
      return [row.rowId, 'rejection' in match ? match : { uid: match.uid, isNew: false }]
    }),
  )
}

function prepare(ctx: JobContext, run: Run, row: PatientRow, identity: Identity, metadata: Metadata): Prepared | { rejection: Rejection } {
  const { table: relation, columns } = run.mapping.instance
  if (row.sharesTrackedEntityWith.length > 0) {
    const others = row.sharesTrackedEntityWith.join(', ')
    const message = `Patient ${row.patientId} and patient ${others} are bound to the same tracked entity ${row.trackedEntity} in instance_tracker.`
    return { rejection: reject('tracked-entity-shared', message, { dhis2Uid: row.trackedEntity }) }
  }
  if (row.sameValueAs) {
    const { patientId, column, value } = row.sameValueAs
    const message = `Patient ${row.patientId} and patient ${patientId} both have "${value}" in column "${column}" of ${relation}.`
    return { rejection: reject('same-value-in-run', message, { column, value, dhis2Uid: columns[column] ?? null }) }
  }
  if ('rejection' in identity) return identity
  const made = trackedEntityPayload(row, {
    mapping: run.mapping,
    metadata,
    trackedEntityType: trackedEntityTypeOf(metadata, ctx.settings.trackedEntityType),
    timeZone: ctx.settings.timeZone,
    uid: identity.uid,
    isNew: identity.isNew,
  })
  // one on its way without an answer may have been found by search too: only its uid tells
  const tracked = row.trackedEntity !== null && !row.unconfirmed
  return 'rejection' in made ? made : { row, ...made, adopted: !tracked && identity.uid !== ctx.uidOf('trackedEntity', row.patientId) }
}

function gone(row: PatientRow): Rejection {
  const message = `Patient ${row.patientId}: the tracked entity ${row.trackedEntity} that instance_tracker names is not in DHIS2 any more, or our account may not see it.`
  return reject('gone', message, { dhis2Uid: row.trackedEntity })
}

function outcomeOf(item: Prepared, result: ObjectResult, run: Run, metadata: Metadata): Outcome {
  if (result.state === 'created' || result.state === 'updated') return settled(item, result)
  const errors = result.state === 'refused' ? result.errors : []
  const about = {
    kind: 'trackedEntity',
    patientId: item.row.patientId,
    relation: run.mapping.instance.table,
    columns: run.mapping.instance.columns,
  } as const
  return rejected(item.row.rowId, rejectionOf(errors, { ...about, payload: item.payload, metadata }))
}

function settled(
  { row, payload, sent, adopted }: Prepared,
  result: { state: 'created' | 'updated' | 'unchanged'; warnings: readonly { message: string }[] },
): Outcome {
  return {
    rowId: row.rowId,
    state: result.state,
    uid: payload.trackedEntity,
    trackedEntity: payload.trackedEntity,
    status: null,
    adopted,
    sent,
    rejection: null,
    warnings: result.warnings.map((w) => w.message),
  }
}
