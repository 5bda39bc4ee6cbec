import { mappingEtag } from '../../../core/mapping-etag.ts'
import { relationsOf, type Mapping } from '../../../core/mapping.ts'
import type { Kind } from '../../../core/model.ts'
import { openJudge, type Judged } from '../../../preview/judge.ts'
import { readPage } from '../../../preview/page.ts'
import type { PreviewBody, previewOperations } from '../../contract/previews.ts'
import type { ApiContext, Call, Handler } from '../../handler.ts'
import { mappingNamed, rejectionBody, requestOf } from './answers.ts'
import { placeOf, textOf } from './place.ts'

type PreviewQuery = Call<typeof previewOperations.readPreview>['query']

export const readPreview: Handler<typeof previewOperations.readPreview> = async ({ params, query }, ctx) => {
  const mapping = await mappingNamed(params.name, ctx)
  const key = JSON.stringify([mapping.name, mappingEtag(mapping), Object.entries(query).toSorted()])
  return { status: 200, body: await ctx.live.previews(key, () => bodyOf(mapping, query, ctx)) }
}

async function bodyOf(mapping: Mapping, query: PreviewQuery, ctx: ApiContext): Promise<PreviewBody> {
  const { kind, patient, effect, after, limit } = query
  const place = after === undefined ? null : placeOf(after)
  const generatedAt = new Date().toISOString()
  const judge = await openJudge(mapping, ctx.factsOf, ctx.config.timeZone)
  const page = await readPage(
    ctx.store,
    mapping,
    requestOf(query),
    { ...(kind && { kind }), ...(patient !== undefined && { patient }), ...(effect && { effect }), after: place, limit },
    judge,
  )
  const relations = relationsOf(mapping)
  const columns = (of: Kind) => [
    ...new Set(relations.flatMap((relation) => (relation.kind === of ? relation.columns.map(([column]) => column) : []))),
  ]
  const rowBody = ({ row, effect: becomes, rejection }: Judged) => {
    const mapped = relations.find((relation) => relation.kind === row.kind && relation.source === row.source)!.columns
    return {
      kind: row.kind,
      effect: becomes,
      patientId: row.patientId,
      recordKey: row.recordKey,
      relation: row.relation,
      orgUnit: row.orgUnitCode,
      program: row.program,
      programStage: row.programStage,
      enrollmentDate: row.enrollmentDate,
      incidentDate: row.incidentDate,
      eventDate: row.eventDate,
      status: row.status,
      dateCreated: row.created,
      values: Object.fromEntries(mapped.map(([column], i) => [column, row.values[i] ?? null])),
      rejection: rejection && rejectionBody(rejection),
    }
  }
  return {
    generatedAt,
    dhis2Problem: judge.dhis2Problem,
    counts: page.counts,
    columns: { trackedEntity: columns('trackedEntity'), event: columns('event') },
    rows: page.rows.map(rowBody),
    next: page.next && textOf(page.next),
  }
}
