import { csvOf } from '../../../preview/csv.ts'
import { openJudge } from '../../../preview/judge.ts'
import type { previewOperations } from '../../contract/previews.ts'
import type { Handler } from '../../handler.ts'
import { mappingNamed, requestOf } from './answers.ts'

export const readPreviewCsv: Handler<typeof previewOperations.readPreviewCsv> = async ({ params, query }, ctx) => {
  const { kind, patient, effect } = query
  const mapping = await mappingNamed(params.name, ctx)
  const judge = await openJudge(mapping, ctx.factsOf, ctx.config.timeZone)
  const filter = { ...(kind && { kind }), ...(patient !== undefined && { patient }), ...(effect && { effect }) }
  const lines = csvOf(ctx.store, mapping, requestOf(query), filter, judge)
  return { status: 200, stream: await begun(lines), filename: `${mapping.name} preview.csv` }
}

/** What is wrong with the mapping or the Mart shows before the first line: later there is no answer any more to say it in. */
async function begun(lines: AsyncGenerator<string>): Promise<AsyncIterable<string>> {
  let first: IteratorResult<string> | null = await lines.next()
  const iterator: AsyncIterator<string> = {
    next: () => {
      const taken = first
      first = null
      return taken ? Promise.resolve(taken) : lines.next()
    },
    // a generator of its own would not run this when the caller is gone before the first line is taken
    return: () => lines.return(undefined),
  }
  return { [Symbol.asyncIterator]: () => iterator }
}
