import { Button, Checkbox, InlineLoading } from '@carbon/react'
import { useQueryClient } from '@tanstack/react-query'
import { useState, type FormEvent } from 'react'
import { useApi } from '../api/api-context.tsx'
import { isApiError } from '../api/api-error.ts'
import { useRead } from '../api/use-read.ts'
import type { Answer } from '../api/client.ts'
import { useFormat, useTexts } from '../i18n/texts.tsx'
import { Dialog } from '../parts/dialog.tsx'
import { Failure } from '../parts/failure.tsx'
import { useMessages } from '../parts/messages.tsx'
import { Time } from '../parts/time.tsx'
import { useLater } from '../parts/use-later.ts'
import { CronWords } from './cron-words.tsx'
import { TextField } from '../parts/text-field.tsx'

export type Schedule = Answer<'listSchedules'>['rows'][number]

const EXAMPLES = { nightly: '0 2 * * *', hourly: '0 * * * *', weekdays: '0 18 * * 1-5', weekly: '0 3 * * 0' } as const

interface Props {
  mapping: string
  schedule: Schedule | null
  close: () => void
}

/** When a mapping is synced by itself: in words, and the next five times, as one types. */
export function ScheduleDialog({ mapping, schedule, close }: Props) {
  const { schedules, common } = useTexts()
  const { timeZone: viewersZone } = useFormat()
  const api = useApi()
  const queries = useQueryClient()
  const { say } = useMessages()
  const [cron, setCron] = useState<string>(schedule?.cron ?? EXAMPLES.nightly)
  const [timeZone, setTimeZone] = useState(schedule?.timeZone ?? viewersZone)
  const [comment, setComment] = useState(schedule?.comment ?? schedules.commentDefault)
  const [paused, setPaused] = useState(schedule?.paused ?? false)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const asked = useLater({ cron: cron.trim(), timeZone: timeZone.trim() }, 300)
  const times = useRead('readTimes', { query: asked }, { enabled: asked.cron !== '' && asked.timeZone !== '', keep: true })
  const wrong = isApiError(times.error, 'invalid', 'bad-request') ? times.error.message : null
  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setError(null)
    try {
      await api('saveSchedule', { params: { mapping }, body: { cron: cron.trim(), timeZone: timeZone.trim(), comment, paused } })
      say(schedules.savedText(mapping))
      await queries.invalidateQueries({ queryKey: ['listSchedules'] })
      close()
    } catch (failed) {
      setError(failed)
      setBusy(false)
    }
  }
  return (
    <Dialog title={schedules.editTitle(mapping)} close={close}>
      <form className="stack" onSubmit={(event) => void submit(event)}>
        <div className="row tight" role="group" aria-label={schedules.examples}>
          {Object.entries(EXAMPLES).map(([name, expression]) => (
            <Button key={name} kind="ghost" size="sm" onClick={() => setCron(expression)}>
              {schedules.example[name as keyof typeof EXAMPLES]}
            </Button>
          ))}
        </div>
        <TextField
          id="cron"
          label={schedules.cron}
          helper={schedules.cronHint}
          value={cron}
          required
          spellCheck={false}
          wrong={wrong ?? undefined}
          onChange={(event) => setCron(event.target.value)}
        />
        <p aria-live="polite">
          <strong>
            <CronWords cron={cron.trim()} />
          </strong>
        </p>
        <TextField
          id="time-zone"
          label={schedules.zone}
          value={timeZone}
          required
          list="time-zones"
          onChange={(event) => setTimeZone(event.target.value)}
        />
        <datalist id="time-zones">
          {Intl.supportedValuesOf('timeZone').map((zone) => (
            <option key={zone} value={zone} />
          ))}
        </datalist>
        <TextField
          id="schedule-comment"
          label={`${schedules.comment} *`}
          value={comment}
          required
          maxLength={2000}
          onChange={(event) => setComment(event.target.value)}
        />
        <Checkbox id="paused" labelText={schedules.paused} checked={paused} onChange={(_, { checked }) => setPaused(checked)} />
        {wrong === null && times.data && (
          <section aria-labelledby="next-times">
            <h3 id="next-times">{schedules.next}</h3>
            <ol>
              {times.data.next.map((at) => (
                <li key={at}>
                  <Time at={at} long />
                </li>
              ))}
            </ol>
          </section>
        )}
        {error !== null && <Failure error={error} />}
        <div className="row end">
          <Button kind="secondary" onClick={close}>
            {common.cancel}
          </Button>
          <Button type="submit" disabled={busy || wrong !== null || comment.trim() === ''}>
            {busy ? <InlineLoading description={common.saving} /> : common.save}
          </Button>
        </div>
      </form>
    </Dialog>
  )
}
