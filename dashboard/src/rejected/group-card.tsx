import { Button } from '@carbon/react'
import { ChevronDown, ChevronUp } from '@carbon/react/icons'
import { useId, useState } from 'react'
import { causeOf } from '../i18n/cause-of.ts'
import { useTexts } from '../i18n/texts.tsx'
import { mayOne, useSession } from '../login/session.tsx'
import { Time } from '../parts/time.tsx'
import type { Group, RejectedFilters } from './filters.ts'
import { RecordActions } from './record-actions.tsx'
import { RecordList } from './record-list.tsx'

/** One cause: what is wrong, where, what to do, and the records that it holds back. */
export function GroupCard({ group, filters, level }: { group: Group; filters: RejectedFilters; level: 2 | 3 }) {
  const { rejected, rejections } = useTexts()
  const { title, remedy } = causeOf(group, rejections)
  const session = useSession()
  const [open, setOpen] = useState(false)
  const id = useId()
  const Title = level === 2 ? 'h2' : 'h3'
  const facts = [
    [rejected.column, group.column],
    [rejected.dhis2Name, group.dhis2Name],
    [rejected.value, group.value],
    [rejected.mapping, group.mappings.join(', ')],
  ].filter(([, value]) => value !== null && value !== '')
  const all = { filter: { ...filters, cause: group.cause } }
  return (
    <article className="group-card" aria-labelledby={`${id}-title`}>
      <header>
        <Title id={`${id}-title`}>{title}</Title>
        <p className="row tight">
          <strong>{rejected.records(group.records)}</strong>
          <span className="quiet">· {rejected.patients(group.patients)} ·</span>
          <span className="quiet">
            {rejected.since} <Time at={group.firstAt} />
          </span>
        </p>
      </header>
      <dl className="inline-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p className="remedy">
        <strong>{rejected.remedy}:</strong> {remedy}
      </p>
      <div className="row">
        {mayOne(session, ['upload']) && <RecordActions chosen={all} count={group.records} state={filters.state ?? 'open'} about={title} />}
        <Button
          kind="ghost"
          size="sm"
          renderIcon={open ? ChevronUp : ChevronDown}
          aria-expanded={open}
          aria-controls={`${id}-records`}
          onClick={() => setOpen(!open)}
        >
          {open ? rejected.hide : rejected.show}
        </Button>
      </div>
      <div id={`${id}-records`}>{open && <RecordList filters={{ ...filters, cause: group.cause }} caption={title} />}</div>
    </article>
  )
}
