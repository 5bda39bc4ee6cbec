import { Button, Select, SelectItem } from '@carbon/react'
import { ChevronLeft, ChevronRight, Download } from '@carbon/react/icons'
import { useState, type FormEvent } from 'react'
import { addressOf } from '../api/client.ts'
import { useRead } from '../api/use-read.ts'
import { instantOf, localOf } from '../format/format.ts'
import { useTexts } from '../i18n/texts.tsx'
import { AuditList } from '../logs/audit-list.tsx'
import { LogTable } from '../logs/log-table.tsx'
import { Empty } from '../parts/empty.tsx'
import { textOf } from '../parts/form-data.ts'
import { Page } from '../parts/page.tsx'
import { Read } from '../parts/read.tsx'
import { useFilters } from '../parts/use-filters.ts'
import { TextField } from '../parts/text-field.tsx'

const STATES = ['pending', 'success', 'failed'] as const
type Position = { before?: number; after?: number }

/** As the original opened it: since today's midnight where the viewer is. */
function todayMidnight(): string {
  const date = new Date()
  date.setHours(0, 0, 0, 0)
  return localOf(date)
}

export function LogsPage() {
  const { logs, common, logStates } = useTexts()
  const [given, setGiven] = useFilters(['from', 'to', 'service', 'user', 'status', 'text', 'all'])
  const from = given.from || (given.all ? '' : todayMidnight())
  const [position, setPosition] = useState<Position>({})
  const filters = {
    from: instantOf(from),
    to: instantOf(given.to),
    service: given.service || undefined,
    user: given.user || undefined,
    status: STATES.find((state) => state === given.status),
    text: given.text || undefined,
  }
  const query = useRead('listLogs', { query: { ...filters, ...position } }, { keep: true, every: position.before ? false : 15_000 })
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const data = new FormData(event.currentTarget)
    const text = (name: string) => textOf(data, name).trim()
    setPosition({})
    setGiven({
      from: text('from'),
      all: text('from') === '' ? 'yes' : '',
      to: text('to'),
      service: text('service'),
      user: text('user'),
      status: text('status'),
      text: text('text'),
    })
  }
  return (
    <Page
      title={logs.title}
      actions={
        <Button kind="tertiary" size="md" href={addressOf('readLogsCsv', { query: filters })} renderIcon={Download}>
          {common.download}
        </Button>
      }
    >
      <form className="filters" role="search" aria-label={logs.filters} onSubmit={submit} key={JSON.stringify(given)}>
        <TextField id="log-from" name="from" type="datetime-local" size="md" label={logs.from} defaultValue={from} />
        <TextField id="log-service" name="service" size="md" label={logs.service} defaultValue={given.service} />
        <TextField id="log-user" name="user" size="md" label={logs.user} defaultValue={given.user} />
        <Select id="log-status" name="status" size="md" labelText={logs.status} defaultValue={given.status}>
          <SelectItem value="" text={common.all} />
          {STATES.map((state) => (
            <SelectItem key={state} value={state} text={logStates[state]} />
          ))}
        </Select>
        <TextField id="log-text" name="text" size="md" label={logs.text} defaultValue={given.text} />
        <Button type="submit" size="md">
          {common.filter}
        </Button>
      </form>
      <Read query={query} failed={logs.failed}>
        {({ rows, older, newer }) => (
          <>
            {rows.length === 0 ? (
              <Empty text={position.before || position.after ? logs.noMore : logs.empty}>
                {!given.all && (
                  <Button kind="ghost" size="md" onClick={() => setGiven({ all: 'yes', from: '' })}>
                    {common.older}
                  </Button>
                )}
              </Empty>
            ) : (
              <LogTable rows={rows} />
            )}
            <nav className="pager" aria-label={logs.title}>
              <Button
                kind="ghost"
                size="md"
                renderIcon={ChevronLeft}
                disabled={!newer && position.before === undefined}
                onClick={() => setPosition(rows.length > 0 && newer ? { after: rows[0]!.id } : {})}
              >
                {common.newer}
              </Button>
              <Button
                kind="ghost"
                size="md"
                renderIcon={ChevronRight}
                disabled={!older || rows.length === 0}
                onClick={() => setPosition({ before: rows.at(-1)!.id })}
              >
                {common.older}
              </Button>
            </nav>
          </>
        )}
      </Read>
      <AuditList />
    </Page>
  )
}
