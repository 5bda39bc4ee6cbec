import type { Schedule } from '../../../../sql/store/schedules.ts'
import { ApiProblem } from '../../api-problem.ts'
import type { ApiContext } from '../../handler.ts'

export const noSchedule = (mapping: string) => new ApiProblem('not-found', `The mapping "${mapping}" has no schedule.`)

/** @throws ApiProblem not-found */
export async function theSchedule({ store }: Pick<ApiContext, 'store'>, mapping: string): Promise<Schedule> {
  const schedule = await store.readSchedule(mapping)
  if (!schedule) throw noSchedule(mapping)
  return schedule
}
