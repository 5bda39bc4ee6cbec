import type { Answer, Input } from '../api/client.ts'

export const REJECTED_STATES = ['open', 'settled', 'dismissed'] as const

type Query = NonNullable<Input<'groupRejected'>['query']>
export type RejectedFilters = { [Key in keyof Query]?: NonNullable<Query[Key]> }
export type Group = Answer<'groupRejected'>['rows'][number]
export type RejectedRecord = Answer<'listRejected'>['rows'][number]
