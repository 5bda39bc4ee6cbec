import { Button, Tag } from '@carbon/react'
import { Edit, PlayFilled, TrashCan } from '@carbon/react/icons'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useNavigate } from 'react-router'
import { useApi } from '../api/api-context.tsx'
import { useRead } from '../api/use-read.ts'
import { useFormat, useTexts } from '../i18n/texts.tsx'
import { Confirm } from '../parts/confirm.tsx'
import { DataTable } from '../parts/data-table.tsx'
import { Empty } from '../parts/empty.tsx'
import { useMessages } from '../parts/messages.tsx'
import { Page } from '../parts/page.tsx'
import { Read } from '../parts/read.tsx'
import { SyncTag } from '../parts/state-tag.tsx'
import { Time } from '../parts/time.tsx'
import { CronWords } from '../schedules/cron-words.tsx'
import { ScheduleDialog, type Schedule } from '../schedules/schedule-dialog.tsx'

export function SchedulesPage() {
  const { schedules } = useTexts()
  const query = useRead('listSchedules', {}, { every: 30_000 })
  const syncs = useRead('readLastSyncs')
  const [editing, setEditing] = useState<{ mapping: string; schedule: Schedule | null } | null>(null)
  return (
    <Page title={schedules.title}>
      <Read query={query}>
        {({ rows }) => {
          const scheduled = new Set(rows.map(({ mapping }) => mapping))
          const free = (syncs.data?.rows ?? []).map(({ mapping }) => mapping).filter((mapping) => !scheduled.has(mapping))
          return (
            <>
              {rows.length === 0 ? (
                <Empty text={schedules.empty} />
              ) : (
                <ScheduleTable rows={rows} edit={(schedule) => setEditing({ mapping: schedule.mapping, schedule })} />
              )}
              {free.length > 0 && (
                <section aria-labelledby="unscheduled">
                  <h2 id="unscheduled">{schedules.unscheduled}</h2>
                  <ul className="plain-rows">
                    {free.map((mapping) => (
                      <li key={mapping} className="row">
                        <span>{mapping}</span>
                        <Button
                          kind="tertiary"
                          size="sm"
                          aria-label={`${schedules.add}: ${mapping}`}
                          onClick={() => setEditing({ mapping, schedule: null })}
                        >
                          {schedules.add}
                        </Button>
                      </li>
                    ))}
                  </ul>
                </section>
              )}
            </>
          )
        }}
      </Read>
      {editing && <ScheduleDialog {...editing} close={() => setEditing(null)} />}
    </Page>
  )
}

function ScheduleTable({ rows, edit }: { rows: readonly Schedule[]; edit: (schedule: Schedule) => void }) {
  const { schedules, common } = useTexts()
  const format = useFormat()
  return (
    <DataTable
      caption={schedules.title}
      rows={rows}
      keyOf={({ mapping }) => mapping}
      columns={[
        { key: 'mapping', head: schedules.mapping, rowHeader: true, cell: ({ mapping }) => mapping },
        {
          key: 'when',
          head: schedules.when,
          cell: ({ cron, timeZone, paused, comment }) => (
            <>
              <CronWords cron={cron} /> {paused && <Tag size="sm">{schedules.paused}</Tag>}
              <p className="quiet small">
                <code>{cron}</code> · {timeZone}
              </p>
              <p className="quiet small">{comment}</p>
            </>
          ),
        },
        {
          key: 'next',
          head: schedules.next,
          cell: ({ next, paused }) => (
            <ol className={paused ? 'quiet' : ''}>
              {next.map((at) => (
                <li key={at}>
                  <Time at={at} />
                </li>
              ))}
            </ol>
          ),
        },
        {
          key: 'last',
          head: schedules.last,
          cell: ({ lastSync, lastMissed }) => (
            <>
              {lastSync === null ? (
                <span className="quiet">{common.never}</span>
              ) : (
                <Link to={`/runs/${lastSync.id}`} className="row tight">
                  <SyncTag state={lastSync.state} /> <Time at={lastSync.createdAt} />
                </Link>
              )}
              {lastMissed && <p className="warn small">{schedules.missed(format.dateTime(lastMissed.at), lastMissed.reason)}</p>}
            </>
          ),
        },
        {
          key: 'actions',
          head: <span className="hidden">{common.actions}</span>,
          label: '',
          className: 'buttons',
          cell: (schedule) => <Actions schedule={schedule} edit={() => edit(schedule)} />,
        },
      ]}
    />
  )
}

function Actions({ schedule, edit }: { schedule: Schedule; edit: () => void }) {
  const { schedules, common } = useTexts()
  const api = useApi()
  const queries = useQueryClient()
  const navigate = useNavigate()
  const { say, fail } = useMessages()
  const [deleting, setDeleting] = useState(false)
  const { mapping, cron, timeZone, comment, paused } = schedule
  const changed = () => queries.invalidateQueries({ queryKey: ['listSchedules'] })
  const pause = async () => {
    try {
      await api('saveSchedule', { params: { mapping }, body: { cron, timeZone, comment, paused: !paused } })
      await changed()
    } catch (error) {
      fail(error)
    }
  }
  const run = async () => {
    try {
      const { id } = await api('runSchedule', { params: { mapping } })
      await navigate(`/runs/${id}`)
    } catch (error) {
      fail(error)
    }
  }
  const remove = async () => {
    await api('deleteSchedule', { params: { mapping } })
    say(schedules.deleted(mapping))
    await changed()
  }
  return (
    <div className="row tight end">
      <Button kind="tertiary" size="sm" renderIcon={Edit} aria-label={`${common.edit} ${mapping}`} onClick={edit}>
        {common.edit}
      </Button>
      <Button kind="ghost" size="sm" renderIcon={PlayFilled} aria-label={`${schedules.runNow} ${mapping}`} onClick={() => void run()}>
        {schedules.runNow}
      </Button>
      <Button kind="ghost" size="sm" aria-label={`${paused ? schedules.resume : schedules.pause} ${mapping}`} onClick={() => void pause()}>
        {paused ? schedules.resume : schedules.pause}
      </Button>
      <Button
        kind="danger--ghost"
        size="sm"
        renderIcon={TrashCan}
        aria-label={`${schedules.delete} ${mapping}`}
        onClick={() => setDeleting(true)}
      >
        {schedules.delete}
      </Button>
      {deleting && (
        <Confirm
          danger
          title={schedules.deleteTitle(mapping)}
          text={schedules.deleteText}
          action={schedules.delete}
          run={remove}
          close={() => setDeleting(false)}
        />
      )}
    </div>
  )
}
