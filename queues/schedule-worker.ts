/** Runs the schedules' jobs: each starts a sync, and is done; the sync has jobs of its own. */
import type { Schedule } from '../sql/store/schedules.ts'
import { NotDueError } from '../sql/store/schedules.ts'
import { MappingNotFoundError, RunActiveError, type Run, type RunRequest, type Store } from '../sql/store/store.ts'
import { STALLED, type Job, type Queue, type QueueBackend, type Worker } from './backend.ts'
import { readData, SCHEDULE_QUEUE, scheduleDataSchema, scheduleKey, type ScheduleData } from './jobs.ts'
import { safeFailure } from './safe-failure.ts'

export interface ScheduleWorkerOptions {
  backend: QueueBackend
  store: Store
  schedules: Queue<ScheduleData>
  enqueue: (request: RunRequest) => Promise<Run>
}

export function startScheduleWorker(options: ScheduleWorkerOptions): Worker {
  return options.backend.worker<ScheduleData, string>(
    SCHEDULE_QUEUE,
    async (job) => {
      try {
        return await onTime(job, options)
      } catch (error) {
        throw safeFailure(error)
      }
    },
    STALLED,
  ) as Worker
}

/** @returns what was done, for those who look at the queue */
async function onTime(job: Job<ScheduleData>, { store, schedules, enqueue }: ScheduleWorkerOptions): Promise<string> {
  const { scheduleId } = readData(scheduleDataSchema, job.data)
  const schedule = await store.readScheduleById(scheduleId)
  if (!schedule || schedule.paused) {
    await schedules.removeJobScheduler(scheduleKey(scheduleId))
    return `nothing: the schedule was ${schedule ? 'paused' : 'deleted'}`
  }
  // a job that BullMQ's scheduler made tells its time so
  const due = new Date(job.opts.prevMillis ?? job.timestamp)
  try {
    const run = await enqueue({
      ...scheduledRequest(schedule, `schedule (${schedule.modifiedBy})`),
      schedule: { scheduleId, due, now: new Date() },
    })
    return `sync ${run.runId} was started`
  } catch (error) {
    if (error instanceof NotDueError) return 'nothing: this time has been seen to'
    if (error instanceof MappingNotFoundError) {
      await store.deleteSchedule(schedule.mappingName)
      await schedules.removeJobScheduler(scheduleKey(scheduleId))
      return 'nothing: the mapping was deleted, and so its schedule'
    }
    if (!(error instanceof RunActiveError)) throw error
    // never behind it: when it is done, nothing is left to send
    const active = await store.readRun(error.runId)
    const reason = `A sync of "${schedule.mappingName}" was going on${active ? `, started by ${active.requestedBy}` : ''}.`
    await store.missSchedule({ scheduleId, due, now: new Date() }, reason)
    return `nothing: ${reason}`
  }
}

/** What a schedule asks for. The comment and the user are those of whoever saved it: somebody answers for each sync. */
export const scheduledRequest = ({ mappingName, comment }: Schedule, requestedBy: string): RunRequest => ({
  mappingName,
  requestedBy,
  comment,
  dryRun: false,
  from: null,
  to: null,
  resync: false,
})
