import { RIGHTS, type Right } from '../api/contract/operation.ts'
import { UsageError } from './exit.ts'

/** `all`, or some of them; none: whoever it is may enter, and sees the state of things. @throws UsageError */
export function rightsOf(given: readonly string[]): Right[] {
  const unknown = given.find((name) => name !== 'all' && !RIGHTS.some((right) => right === name))
  if (unknown !== undefined) throw new UsageError(`There is no right "${unknown}". There are ${RIGHTS.join(', ')}, and all.`)
  return RIGHTS.filter((right) => given.includes('all') || given.includes(right))
}

export const rightsText = (rights: readonly Right[]) => (rights.length > 0 ? rights.join(' ') : 'may enter only')
