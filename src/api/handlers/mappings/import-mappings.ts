import { groupBy } from '../../../core/group-by.ts'
import { decoded } from '../../../core/loose-json.ts'
import { parseMappings } from '../../../core/mapping-file.ts'
import type { mappingOperations } from '../../contract/mappings.ts'
import type { Handler } from '../../handler.ts'
import { audited } from './audit.ts'

export const importMappings: Handler<typeof mappingOperations.importMappings> = async (call, ctx) => {
  const { dryRun } = call.query
  const file = decoded(call.body)
  const { mappings, problems } = parseMappings(file)
  if (problems.length > 0) return { status: 200, body: { imported: false, items: refused(file, problems) } }
  const outcomes = await ctx.store.saveMappings(mappings, call.principal.name, { dryRun })
  if (!dryRun) {
    const names = outcomes.map(({ name, action }) => `${name} (${action})`).join(', ')
    await audited(ctx, call, 'IMPORT_MAPPING_SERVICE', `imported ${names}`)
  }
  const items = outcomes.map(({ name, action }, i) => ({ item: i + 1, name, action, problems: [] }))
  return { status: 200, body: { imported: !dryRun, items } }
}

/** Every item of the file: nothing becomes of any, also of those without a problem. */
function refused(file: unknown, problems: ReturnType<typeof parseMappings>['problems']) {
  const found = groupBy(problems, ({ item }) => item)
  const items = found.has(0) || !Array.isArray(file) ? [0] : file.map((_, i) => i + 1)
  return items.map((item) => {
    const own = found.get(item) ?? []
    return { item, name: own[0]?.name ?? nameIn(file, item), action: 'none' as const, problems: own.map(({ problem }) => problem) }
  })
}

function nameIn(file: unknown, item: number): string | null {
  const parts = Array.isArray(file) ? (decoded(file[item - 1]) as { mapping_name?: unknown } | null) : null
  return typeof parts?.mapping_name === 'string' ? parts.mapping_name.trim() : null
}
