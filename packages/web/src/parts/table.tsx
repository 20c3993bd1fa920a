import type { ComponentChildren } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { go, here, useAddress } from '../lib/address.js'
import { csv, save } from '../lib/csv.js'
import { utc } from '../lib/format.js'
import { Scroll } from './scroll.js'

export interface Column<T> {
  readonly key: string
  readonly label: string
  /** Numbers stand to the right, and are sorted from the highest first. */
  readonly isNumber?: boolean
  /** What it is sorted by, and what CSV has. Undefined: it cannot be sorted. */
  readonly value?: (row: T) => string | number | undefined
  /** What is shown. Default: the value. */
  readonly cell?: (row: T) => ComponentChildren
  /** Left out on a narrower screen. */
  readonly from?: 'tablet' | 'desk'
}

export interface TableProps<T> {
  /** What its rows are, such as `tools`: the table's name and its file's. */
  readonly name: string
  readonly columns: readonly Column<T>[]
  readonly rows: readonly T[]
  readonly keyOf: (row: T) => string
  /** Column that it is sorted by where the address says none, with `-` in front for the highest first. */
  readonly sort?: string
  /** Where there are no rows. */
  readonly empty: ComponentChildren
  /** The address parameter of its order, where a view has several tables. */
  readonly parameter?: string
  /** Whether rows stand as they came. */
  readonly isFixed?: boolean
}

/** Rows that are drawn at once. */
const STEP = 100

/** A table that is sorted by a click on the head of a column, in an order that the address holds. */
export function Table<T>(props: TableProps<T>) {
  const { name, columns, rows, keyOf, sort = '', empty, parameter = 'sort', isFixed = false } = props
  const wanted = useAddress().params.get(parameter) ?? sort
  const [most, setMost] = useState(STEP)
  // Another order begins at its top.
  useEffect(() => setMost(STEP), [wanted, name])
  const sorted = useMemo(() => (isFixed ? rows : inOrder(rows, columns, wanted)), [rows, columns, wanted, isFixed])
  if (rows.length === 0) return <>{empty}</>
  const named = columns.filter((column) => column.value)
  const takeAway = () =>
    save(
      `${name} ${utc(Date.now()).slice(0, 19)}.csv`,
      csv([named.map(({ label }) => label), ...sorted.map((row) => named.map(({ value }) => value?.(row)))]),
    )
  return (
    <div class="table">
      <Scroll label={`table of ${name}`}>
        <table>
          <thead>
            <tr>
              {columns.map((column) => (
                <Head key={column.key} {...{ column, wanted, parameter, isFixed }} />
              ))}
            </tr>
          </thead>
          <tbody>
            {sorted.slice(0, most).map((row) => (
              <tr key={keyOf(row)}>
                {columns.map(({ key, isNumber, from, cell, value }) => (
                  <td key={key} class={classOf(isNumber, from)}>
                    {cell ? cell(row) : value?.(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <p class="foot">
        <span>{`${Math.min(most, rows.length)} of ${rows.length}`}</span>
        {rows.length > most && (
          <button type="button" class="small" onClick={() => setMost(most + STEP)}>
            show more
          </button>
        )}
        <button type="button" class="small" onClick={takeAway} aria-label={`${name} as CSV`}>
          CSV
        </button>
      </p>
    </div>
  )
}

function Head<T>({
  column: { key, label, isNumber = false, from, value },
  wanted,
  parameter,
  isFixed,
}: {
  column: Column<T>
  wanted: string
  parameter: string
  isFixed: boolean
}) {
  const classes = classOf(isNumber, from)
  if (!value || isFixed)
    return (
      <th scope="col" class={classes}>
        {label}
      </th>
    )
  const isDown = wanted === `-${key}`
  const isUp = wanted === key
  const next = isDown || (!isUp && !isNumber) ? key : `-${key}`
  return (
    <th scope="col" class={classes} aria-sort={isDown ? 'descending' : isUp ? 'ascending' : 'none'}>
      <button type="button" onClick={() => go(here({ [parameter]: next }), { replace: true })}>
        {label}
        <span aria-hidden="true">{isDown ? '▼' : isUp ? '▲' : ''}</span>
      </button>
    </th>
  )
}

const classOf = (isNumber = false, from = ''): string => `${isNumber ? 'number' : ''} ${from}`.trim()

/** Sorted, what is not known last in either order. */
function inOrder<T>(rows: readonly T[], columns: readonly Column<T>[], wanted: string): readonly T[] {
  const isDown = wanted.startsWith('-')
  const key = isDown ? wanted.slice(1) : wanted
  const value = columns.find((column) => column.key === key)?.value
  if (!value) return rows
  return [...rows].sort((a, b) => {
    const [first, second] = [value(a), value(b)]
    if (first === second) return 0
    if (first === undefined || first === '') return 1
    if (second === undefined || second === '') return -1
    const order = first < second ? -1 : 1
    return isDown ? -order : order
  })
}
