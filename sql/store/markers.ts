/** The document's marker table: up to where each kind of a mapping's rows is synced. Both generations' categories are read and kept. */
import { sql, type CommonQueryMethods } from 'slonik'
import { z } from 'zod'
import { KINDS, type Kind } from '../../src/core/model.ts'

/** The last generation has six for enrollments. */
const CATEGORIES: Readonly<Record<Kind, readonly string[]>> = {
  trackedEntity: ['instance'],
  enrollment: [
    'enrollment',
    'new_active_enrollment',
    'new_completed_enrollment',
    'new_cancelled_enrollment',
    'updated_active_enrollment',
    'updated_completed_enrollment',
    'updated_cancelled_enrollment',
  ],
  event: ['event'],
}

/** Timestamps as text; null: from the beginning. The `enrollment` row rules where there is one, otherwise the oldest of the six. */
export async function readMarkers(tx: CommonQueryMethods, mappingName: string): Promise<Record<Kind, string | null>> {
  const rows = await tx.any(sql.type(z.object({ category: z.string().nullable(), at: z.string().nullable() }))`
    select category, last_synced_date::text as at from marker where program_name = ${mappingName}`)
  const of = (kind: Kind) => {
    const known = rows.filter((row) => CATEGORIES[kind].includes(row.category ?? ''))
    const ruling = known.filter((row) => row.category === CATEGORIES[kind][0])
    const times = (ruling.length > 0 ? ruling : known).map((row) => row.at)
    return times.length === 0 || times.includes(null) ? null : times.reduce((a, b) => (a! < b! ? a : b))!
  }
  return { trackedEntity: of('trackedEntity'), enrollment: of('enrollment'), event: of('event') }
}

/**
 * Moves every row of a kind forward; makes the document's row where there is none. Not at all without a newest date, and backward only from the future:
 * such a marker hid nothing from the run (see inDelta), and must not hide anything from the next.
 */
export async function moveMarkers(
  tx: CommonQueryMethods,
  mappingName: string,
  newest: Readonly<Record<string, string | null>>,
): Promise<void> {
  for (const kind of KINDS) {
    const at = newest[kind] ?? null
    if (at === null) continue
    const categories = CATEGORIES[kind]
    const { rowCount } = await tx.query(sql.unsafe`
      update marker set last_synced_date = case when last_synced_date > now()::timestamp then ${at}::timestamp else greatest(last_synced_date, ${at}::timestamp) end
      where program_name = ${mappingName} and category = any (${sql.array([...categories], 'text')})`)
    if (rowCount === 0)
      await tx.query(
        sql.unsafe`insert into marker (program_name, category, last_synced_date) values (${mappingName}, ${categories[0]!}, ${at}::timestamp)`,
      )
  }
}

/** The document's three rows for a new mapping, without a date: from the beginning. */
export async function insertMarkers(tx: CommonQueryMethods, mappingName: string): Promise<void> {
  await tx.query(sql.unsafe`
    insert into marker (program_name, category)
    select ${mappingName}, category from unnest(${sql.array(['instance', 'enrollment', 'event'], 'text')}) as category
    where not exists (select from marker where program_name = ${mappingName})`)
}
