import { Button, Checkbox, Search } from '@carbon/react'
import { MagicWand } from '@carbon/react/icons'
import { useEffect, useMemo, useRef, useState, type Dispatch } from 'react'
import { useRead } from '../api/use-read.ts'
import { useFormat, useTexts } from '../i18n/texts.tsx'
import { useMessages } from '../parts/messages.tsx'
import { Read } from '../parts/read.tsx'
import { NOTHING, type SectionFindings } from './findings.ts'
import { FieldRow } from './field-row.tsx'
import { FIXED_COLUMNS } from './fixed-columns.ts'
import type { Action, Section } from './form-state.ts'
import { suggest } from './suggest.ts'
import { useDhis2Fields } from './use-dhis2-fields.ts'

interface Props {
  part: 'instance' | 'events'
  at: number
  section: Section
  findings: SectionFindings
  searchable: readonly string[]
  comparable: readonly string[]
  dispatch: Dispatch<Action>
}

/** From here on there are tools to find a column. */
const MANY = 12

export function ColumnGrid({ part, at, section, findings, searchable, comparable, dispatch }: Props) {
  const { form } = useTexts()
  const format = useFormat()
  const { say } = useMessages()
  const place = useMemo(() => ({ part, at }), [part, at])
  const query = useRead('listColumns', { params: { relation: section.table } }, { staleTime: 60_000 })
  const fields = useDhis2Fields(part === 'instance' ? 'attribute' : 'dataElement')
  const [search, setSearch] = useState('')
  const [onlyMapped, setOnlyMapped] = useState(false)
  const names = useMemo(() => query.data?.rows.map(({ name }) => name), [query.data])
  usePruning(section.table, names, (columns) => dispatch({ do: 'prune', place, columns }))
  const propose = () => {
    const open = (names ?? []).filter((column) => !section.columns[column] && !FIXED_COLUMNS.has(column))
    const proposals = suggest(open, fields.rows, new Set(Object.values(section.columns)))
    dispatch({ do: 'propose', place, proposals })
    const count = Object.keys(proposals).length
    say(count === 0 ? form.suggestNone : form.suggested(count), 'info')
  }
  return (
    <Read query={query} lines={8}>
      {({ rows }) => {
        const known = new Set(rows.map(({ name }) => name))
        const gone = Object.keys(section.columns).filter((column) => !known.has(column))
        const all = [...rows, ...gone.map((name) => ({ name, type: '', samples: null }))]
        const mapped = all.filter(({ name }) => section.columns[name]).length
        const wanted = search.trim().toLowerCase()
        const shown = all.filter(
          ({ name }) =>
            name.toLowerCase().includes(wanted) && (!onlyMapped || Boolean(section.columns[name]) || Boolean(section.proposals[name])),
        )
        const proposed = Object.keys(section.proposals)
        return (
          <div className="grid-box">
            <div className="row grid-tools">
              <span className="quiet">{form.mappedCount(format.number(mapped), format.number(all.length))}</span>
              {all.length > MANY && (
                <>
                  <Search
                    id={`columns-${part}-${at}`}
                    size="sm"
                    className="narrow"
                    labelText={`${form.filterColumns}: ${section.table}`}
                    placeholder={form.filterColumns}
                    value={search}
                    onChange={(event) => setSearch(event.target.value)}
                  />
                  <Checkbox
                    id={`only-mapped-${part}-${at}`}
                    labelText={form.onlyMapped}
                    checked={onlyMapped}
                    onChange={(_, { checked }) => setOnlyMapped(checked)}
                  />
                </>
              )}
              <Button
                kind="ghost"
                size="sm"
                renderIcon={MagicWand}
                title={form.suggestHint}
                disabled={fields.rows.length === 0}
                onClick={propose}
              >
                {form.suggest}
              </Button>
              {proposed.length > 0 && (
                <>
                  <Button kind="ghost" size="sm" onClick={() => dispatch({ do: 'decide', place, columns: proposed, accept: true })}>
                    {form.acceptAll}
                  </Button>
                  <Button kind="ghost" size="sm" onClick={() => dispatch({ do: 'decide', place, columns: proposed, accept: false })}>
                    {form.refuseAll}
                  </Button>
                </>
              )}
            </div>
            <table className="column-grid">
              <caption className="quiet small">{part === 'instance' ? form.instanceGrid : form.eventGrid}</caption>
              <thead>
                <tr>
                  <th scope="col">{form.column}</th>
                  <th scope="col">{part === 'instance' ? form.attribute : form.dataElement}</th>
                  {part === 'instance' && (
                    <>
                      <th scope="col" title={form.searchableHint}>
                        {form.searchable}
                      </th>
                      <th scope="col" title={form.comparableHint}>
                        {form.comparable}
                      </th>
                    </>
                  )}
                </tr>
              </thead>
              <tbody>
                {shown.map(({ name, type, samples }) => {
                  const { errors, warnings } = findings.byColumn.get(name) ?? NOTHING
                  return (
                    <FieldRow
                      key={name}
                      part={part}
                      at={at}
                      column={name}
                      type={type}
                      samples={samples?.join(', ') ?? ''}
                      uid={section.columns[name] ?? ''}
                      proposal={section.proposals[name] ?? ''}
                      errors={errors}
                      warnings={warnings}
                      searchable={searchable.includes(name)}
                      comparable={comparable.includes(name)}
                      translations={section.translations[name]}
                      dispatch={dispatch}
                    />
                  )
                })}
              </tbody>
            </table>
          </div>
        )
      }}
    </Read>
  )
}

/** When somebody has chosen another relation, what it does not have is mapped no more. A column that vanished from the Mart is not forgotten so. */
function usePruning(table: string, columns: readonly string[] | undefined, prune: (columns: readonly string[]) => void): void {
  const before = useRef(table)
  useEffect(() => {
    if (before.current === table || columns === undefined) return
    before.current = table
    prune(columns)
  })
}
