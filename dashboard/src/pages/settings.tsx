import { Button, InlineLoading } from '@carbon/react'
import { CheckmarkFilled, ErrorFilled } from '@carbon/react/icons'
import { useMutation } from '@tanstack/react-query'
import { useApi } from '../api/api-context.tsx'
import { useRead } from '../api/use-read.ts'
import { useFormat, useTexts } from '../i18n/texts.tsx'
import { DataTable } from '../parts/data-table.tsx'
import { Failure } from '../parts/failure.tsx'
import { Page } from '../parts/page.tsx'
import { Read } from '../parts/read.tsx'
import { StateLine } from '../home/state-line.tsx'

export function SettingsPage() {
  const { settings } = useTexts()
  const status = useRead('readStatus', {}, { every: 30_000 })
  const configuration = useRead('readSettings', {}, { staleTime: 60_000 })
  return (
    <Page title={settings.title} about={<StateLine query={status} />}>
      <Checks />
      <Dhis2 />
      <Read query={configuration} lines={10}>
        {({ settings: rows, versions }) => (
          <>
            <section aria-labelledby="configuration">
              <h2 id="configuration">{settings.configuration}</h2>
              <p className="quiet">{settings.configurationText}</p>
              <DataTable
                caption={settings.configuration}
                rows={rows}
                keyOf={({ name }) => name}
                columns={[
                  { key: 'name', head: settings.name, rowHeader: true, cell: ({ name }) => <code>{name}</code> },
                  {
                    key: 'value',
                    head: settings.value,
                    cell: ({ value, isDefault }) => (
                      <>
                        <code>{value}</code>
                        {isDefault && <span className="quiet small"> {settings.isDefault}</span>}
                      </>
                    ),
                  },
                  { key: 'meaning', head: settings.meaning, cell: ({ meaning }) => meaning, className: 'wide-cell' },
                ]}
              />
            </section>
            <section aria-labelledby="versions">
              <h2 id="versions">{settings.versions}</h2>
              <DataTable
                caption={settings.versions}
                rows={versions}
                keyOf={({ name }) => name}
                columns={[
                  { key: 'name', head: settings.part, rowHeader: true, cell: ({ name }) => name },
                  { key: 'version', head: settings.version, cell: ({ version }) => version },
                ]}
              />
            </section>
          </>
        )}
      </Read>
    </Page>
  )
}

function Checks() {
  const { settings } = useTexts()
  const format = useFormat()
  const api = useApi()
  const checks = useMutation({ mutationFn: () => api('runChecks') })
  return (
    <section aria-labelledby="checks">
      <h2 id="checks">{settings.checks}</h2>
      <p className="quiet">{settings.checksText}</p>
      <div>
        <Button size="md" disabled={checks.isPending} onClick={() => checks.mutate()}>
          {checks.isPending ? <InlineLoading description={settings.checking} /> : settings.runChecks}
        </Button>
      </div>
      {checks.error && <Failure error={checks.error} />}
      <ul className="checks" aria-live="polite">
        {checks.data?.checks.map(({ name, ok, text, ms }) => (
          <li key={name} className={ok ? 'ok' : 'not-ok'}>
            {ok ? <CheckmarkFilled size={16} aria-hidden="true" /> : <ErrorFilled size={16} aria-hidden="true" />}
            <span>
              <strong>{name}</strong> <span className="hidden">{ok ? settings.passed : settings.failed}: </span>
              {text} <span className="quiet small">{settings.took(format.number(ms))}</span>
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}

function Dhis2() {
  const { settings } = useTexts()
  const query = useRead('readDhis2', {}, { staleTime: 30_000 })
  return (
    <section aria-labelledby="dhis2">
      <h2 id="dhis2">{settings.dhis2}</h2>
      <Read query={query}>
        {({ url, problem, version, api, account }) => (
          <>
            {problem !== null && <p className="bad">{problem}</p>}
            <dl className="inline-facts">
              {[
                [settings.dhis2Url, url],
                [settings.version, version],
                [settings.api, api],
                [settings.dhis2Account, account],
              ]
                .filter(([, value]) => value !== null)
                .map(([name, value]) => (
                  <div key={name}>
                    <dt>{name}</dt>
                    <dd>{value}</dd>
                  </div>
                ))}
            </dl>
          </>
        )}
      </Read>
    </section>
  )
}
