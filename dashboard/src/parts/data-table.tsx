import { Table, TableBody, TableCell, TableHead, TableHeader, TableRow } from '@carbon/react'
import type { ReactNode } from 'react'
import { useTexts } from '../i18n/texts.tsx'

export interface Column<Row> {
  key: string
  head: ReactNode
  /** beside the cell on phones, where a row is a card; defaults to `head` */
  label?: string
  cell: (row: Row) => ReactNode
  numeric?: boolean
  /** the cell that names the row */
  rowHeader?: boolean
  className?: string
}

interface Props<Row> {
  caption: string
  columns: readonly Column<Row>[]
  rows: readonly Row[]
  keyOf: (row: Row) => string
  /** wide: scrolls sideways, the first column stays; otherwise rows are cards on phones */
  wide?: boolean
  rowClass?: (row: Row) => string | undefined
}

/** Carbon's table with a caption, a name for every row, and a shape for small screens. */
export function DataTable<Row>({ caption, columns, rows, keyOf, wide = false, rowClass }: Props<Row>) {
  const { common } = useTexts()
  return (
    <div
      className={wide ? 'table-scroll' : 'table-cards'}
      {...(wide && { tabIndex: 0, role: 'region', 'aria-label': `${caption}. ${common.scrollable}` })}
    >
      <Table size="md" aria-label={caption} className={wide ? 'sticky-first' : ''}>
        <TableHead>
          <TableRow>
            {columns.map(({ key, head, numeric, className }) => (
              <TableHeader key={key} className={classes(numeric && 'numeric', className)}>
                {head}
              </TableHeader>
            ))}
          </TableRow>
        </TableHead>
        <TableBody>
          {rows.map((row) => (
            <TableRow key={keyOf(row)} className={rowClass?.(row) ?? ''}>
              {columns.map(({ key, head, label, cell, numeric, rowHeader, className }) => (
                <TableCell
                  key={key}
                  className={classes(numeric && 'numeric', rowHeader && 'row-header', className)}
                  data-label={label ?? (typeof head === 'string' ? head : undefined)}
                >
                  {cell(row)}
                </TableCell>
              ))}
            </TableRow>
          ))}
        </TableBody>
      </Table>
    </div>
  )
}

const classes = (...names: (string | false | undefined)[]) => names.filter(Boolean).join(' ')
