/** Is there what the mappings are about? By the catalogue alone: the relations may be views that take minutes to read. */
import type { CommonQueryMethods } from 'slonik'
import { RunFailure } from '../../src/errors.ts'
import { listMappings } from '../store/mappings.ts'
import type { MartOptions } from '../store/store.ts'
import { readRelations } from './catalogue.ts'

export interface MartFound {
  mappings: number
  /** a sentence for each mapping that could not be synced now */
  problems: readonly string[]
}

export async function findMart(pool: CommonQueryMethods, { martSchema }: MartOptions): Promise<MartFound> {
  const mappings = await listMappings(pool)
  const problems: string[] = []
  for (const mapping of mappings) {
    try {
      await readRelations(pool, martSchema, mapping)
    } catch (error) {
      if (!(error instanceof RunFailure)) throw error
      problems.push(error.message)
    }
  }
  return { mappings: mappings.length, problems }
}
