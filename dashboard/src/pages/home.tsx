import { ClickableTile } from '@carbon/react'
import { Link, useHref, useNavigate } from 'react-router'
import { useRead } from '../api/use-read.ts'
import { HomeChart } from '../home/home-chart.tsx'
import { LastRuns } from '../home/last-runs.tsx'
import { StateLine } from '../home/state-line.tsx'
import { useTexts } from '../i18n/texts.tsx'
import { mayOne, useSession } from '../login/session.tsx'
import { Page } from '../parts/page.tsx'
import { Read } from '../parts/read.tsx'
import { DESTINATIONS, type Destination } from '../shell/navigation.ts'

export function HomePage() {
  const { home } = useTexts()
  const session = useSession()
  const mine = DESTINATIONS.filter(({ rights }) => mayOne(session, rights))
  const status = useRead('readStatus', {}, { every: 30_000 })
  const statistics = useRead('readStatistics', { query: { days: 30 } }, { staleTime: 60_000 })
  const syncs = useRead('readLastSyncs', {}, { every: 10_000 })
  return (
    <Page title={home.title} about={<StateLine query={status} />}>
      {mine.length === 0 && <p className="notice">{home.noRights}</p>}
      <ul className="tiles">
        {mine.map((destination) => (
          <li key={destination.name}>
            <DestinationTile {...destination} />
          </li>
        ))}
      </ul>
      <div className="home-split">
        <section aria-labelledby="last-runs">
          <h2 id="last-runs">{home.lastRuns}</h2>
          <Read query={syncs}>{({ rows }) => <LastRuns rows={rows} />}</Read>
        </section>
        <section aria-labelledby="chart">
          <h2 id="chart">{home.chartTitle}</h2>
          <Read query={statistics}>{({ rows }) => <HomeChart rows={rows} />}</Read>
        </section>
      </div>
      {mayOne(session, ['upload', 'log']) && (status.data?.openRejected ?? 0) > 0 && (
        <p>
          <Link to="/rejected" className="cds--link">
            {home.open(status.data?.openRejected ?? 0)}
          </Link>
        </p>
      )}
    </Page>
  )
}

function DestinationTile({ name, to, outside, icon: Icon }: Destination) {
  const { nav, home } = useTexts()
  const navigate = useNavigate()
  const inside = useHref(to)
  return (
    <ClickableTile
      href={outside ? new URL(to, document.baseURI).href : inside}
      {...(!outside && {
        onClick: (event: React.MouseEvent | React.KeyboardEvent) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return
          event.preventDefault()
          void navigate(to)
        },
      })}
    >
      <Icon size={24} aria-hidden="true" />
      <span className="tile-title">{nav[name]}</span>
      <span className="quiet">{home[name]}</span>
    </ClickableTile>
  )
}
