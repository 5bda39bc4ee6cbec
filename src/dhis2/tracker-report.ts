/** The report of POST /api/tracker → one result for every object, matched by uid alone: order, counts and texts differ between versions. */
import { z } from 'zod'
import type { ImportError, ImportReport, ObjectResult } from '../core/model.ts'

const errorSchema = z.object({ uid: z.string(), errorCode: z.string(), message: z.string() })
const statsSchema = z.object({ created: z.number(), updated: z.number() })
const reportSchema = z.object({
  validationReport: z.object({
    errorReports: z.array(errorSchema),
    warningReports: z.array(z.looseObject({ uid: z.string().optional(), message: z.string().optional() })).default([]),
  }),
  bundleReport: z
    .object({
      typeReportMap: z.record(
        z.string(),
        z.object({
          stats: statsSchema,
          objectReports: z.array(z.object({ uid: z.string(), errorReports: z.array(errorSchema).default([]) })),
        }),
      ),
    })
    .optional(),
})

/** One object of the request, in the order parent before child. */
export interface Sent {
  uid: string
  parent: string | null
  /** DHIS2 had it before, as far as we know */
  exists: boolean
}

/**
 * With atomicMode=OBJECT the status says nothing: HTTP 200 and OK come back even when every object was refused (2.41–2.43). Saved is what
 * `objectReports` names; refused what `errorReports` names; in neither: refused with its parent.
 * @returns null when the body is no such report
 */
export function parseReport(body: unknown, sent: readonly Sent[], validateOnly: boolean): ImportReport | null {
  const parsed = reportSchema.safeParse(body)
  if (!parsed.success) return null
  const { validationReport, bundleReport } = parsed.data
  const types = Object.values(bundleReport?.typeReportMap ?? {})
  const saved = new Set(types.flatMap((type) => type.objectReports.filter((o) => o.errorReports.length === 0).map((o) => o.uid)))
  const errors = new Map<string, ImportError[]>()
  for (const error of [...validationReport.errorReports, ...types.flatMap((type) => type.objectReports.flatMap((o) => o.errorReports))])
    errors.set(error.uid, [...(errors.get(error.uid) ?? []), { code: error.errorCode, message: error.message, field: null }])
  const warnings = new Map<string, ImportError[]>()
  for (const { uid, message } of validationReport.warningReports)
    if (uid !== undefined && message !== undefined)
      warnings.set(uid, [...(warnings.get(uid) ?? []), { code: 'WARNING', message, field: null }])

  // what we take for new may be there from an earlier send: only when the counts agree is it really created
  const updated = types.reduce((sum, type) => sum + type.stats.updated, 0)
  const countsAgree = validateOnly || updated === sent.filter((o) => o.exists && saved.has(o.uid)).length

  const results = new Map<string, ObjectResult>()
  for (const { uid, parent, exists } of sent) {
    const own = errors.get(uid)
    const parentRefused = parent !== null && ['refused', 'parentRefused'].includes(results.get(parent)?.state ?? '')
    if (own?.every((e) => e.code === 'E5000')) results.set(uid, { state: 'parentRefused' })
    else if (own) results.set(uid, { state: 'refused', errors: own })
    else if (parentRefused) results.set(uid, { state: 'parentRefused' })
    else if (saved.has(uid) || validateOnly)
      results.set(uid, { state: exists || !countsAgree ? 'updated' : 'created', warnings: warnings.get(uid) ?? [] })
    else
      results.set(uid, {
        state: 'refused',
        errors: [{ code: 'UNREPORTED', message: 'DHIS2 said neither that it saved the object nor why not', field: null }],
      })
  }
  return results
}
