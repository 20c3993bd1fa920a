import type { Snapshot } from './snapshot.js'
import type { TopState } from './state.js'
import { clean, fitted } from './text.js'
import { arranged, COLUMNS, type Column, type Row, VIEWS, type View, written } from './views.js'

export interface Size {
  readonly columns: number
  readonly rows: number
}

/** Why there is nothing new, and since when (milliseconds since 1970). */
export interface Trouble {
  readonly words: string
  readonly sinceMs: number
}

/** What is drawn. */
export interface Drawn {
  readonly state: TopState
  /** The newest; absent until there is one. */
  readonly snapshot: Snapshot | undefined
  readonly trouble: Trouble | undefined
  readonly nowMs: number
}

/** Lines above and below the rows: head, views, titles; and the keys. */
const AROUND = 4
const KEYS = 'q quit  s sort  r reverse  / filter  tab view  p pause  ? help'

const HELP = [
  'q        quit                      tab, 1-4   servers, tools, sessions, alerts',
  's        sort by the next column   r          reverse the order',
  '/        filter; Enter keeps it, Esc takes it away',
  'p        pause                     ?          this help',
  'arrows, PageUp, PageDown, Home, End           scroll',
  '',
  'Rates are of the last minute, durations of the last five. ERRORS is the share of requests that failed.',
  '-        not known: nothing of it was seen in that time',
]

/** Rows of one page. */
export const pageOf = ({ rows }: Size): number => Math.max(1, rows - AROUND)

/** The rows of the view that is shown, filtered and in order. */
export function rowsOf({ state, snapshot }: Pick<Drawn, 'state' | 'snapshot'>): readonly Row[] {
  const { view, sort, isReversed, filter } = state
  return arranged(view, snapshot?.rows[view] ?? [], { sort: sort[view], isReversed, filter })
}

const SGR = { bold: 1, dim: 2, reverse: 7, red: 31, yellow: 33 } as const
type Style = keyof typeof SGR

/** The whole screen: exactly `rows` lines, none wider than it. `isColoured`: whether styles may be used. */
export function frameOf(drawn: Drawn, size: Size, isColoured: boolean): readonly string[] {
  const { state, snapshot } = drawn
  const { columns, rows } = size
  const styled = (style: Style | undefined, text: string) =>
    isColoured && style !== undefined ? `\u001b[${SGR[style]}m${text}\u001b[0m` : text
  const line = (text: string, style?: Style) => styled(style, fitted(text, columns))
  const head = drawn.trouble
    ? line(
        ` ${drawn.trouble.words} Trying again (${Math.round((drawn.nowMs - drawn.trouble.sinceMs) / 1000)} s).`,
        'red',
      )
    : line(headOf(drawn), 'bold')
  const body: string[] = []
  const page = pageOf(size)
  const all = rowsOf(drawn)
  const offset = Math.max(0, Math.min(state.offset, all.length - page))
  if (state.isHelp) body.push(line(''), ...HELP.map((text) => line(` ${text}`)))
  else {
    const fitting = columnsFor(state.view, columns)
    body.push(styled('reverse', fitted(titlesOf(fitting, state), columns)))
    for (const row of all.slice(offset, offset + page))
      body.push(styled(styleOf(row), fitted(lineOf(fitting, row), columns)))
    if (all.length === 0 && snapshot) body.push(line(` ${nothingOf(state)}`, 'dim'))
  }
  const above = [head, line(tabsOf(state, snapshot))]
  const middle = Array.from({ length: Math.max(0, rows - above.length - 1) }, (_, at) => body[at] ?? line(''))
  const shown = all.length > page ? `${offset + 1}-${Math.min(all.length, offset + page)} of ${all.length}  ` : ''
  const foot = state.isTyping ? line(` filter: ${state.filter}_`, 'bold') : line(` ${shown}${KEYS}`, 'dim')
  return [...above, ...middle, foot].slice(0, rows)
}

function headOf({ snapshot, state, nowMs }: Drawn): string {
  if (snapshot === undefined) return ' mcp-vitals: asking the daemon …'
  const { total, url, version, atMs } = snapshot
  const parts = [
    `mcp-vitals ${clean(version)}`,
    clean(url),
    `${written('rate', total.rate)} requests/s`,
    `errors ${written('share', total.errors)}`,
    `p95 ${written('seconds', total.p95)}`,
    ...(state.isPaused
      ? [`PAUSED ${written('age', (nowMs - atMs) / 1000)} ago`]
      : [new Date(atMs).toISOString().slice(11, 19)]),
  ]
  return ` ${parts.join('  ')}`
}

function tabsOf({ view, filter, isTyping }: TopState, snapshot: Snapshot | undefined): string {
  const tabs = VIEWS.map((name) => {
    const text = `${name} ${snapshot?.rows[name].length ?? ''}`.trim()
    return name === view ? `[${text}]` : ` ${text} `
  })
  return ` ${tabs.join(' ')}${filter === '' || isTyping ? '' : `   filter: ${filter}`}`
}

/** The columns that find room: those of the highest rank go first. The first one stays, however narrow it becomes. */
function columnsFor(view: View, width: number): readonly Column[] {
  let kept: readonly Column[] = COLUMNS[view]
  const needed = () => kept.reduce((sum, column) => sum + column.width + 1, 0)
  while (kept.length > 1 && needed() > width) {
    const last = Math.max(...kept.map(({ rank }) => rank))
    kept = last === 0 ? kept.slice(0, -1) : kept.filter(({ rank }) => rank !== last)
  }
  const texts = kept.filter((column) => column.kind === 'text' && column.width >= 10 && column.key !== 'state')
  const spare = Math.max(0, width - needed())
  // A name takes what is left; a sentence takes twice as much of it.
  const parts = texts.reduce((sum, { key }) => sum + (key === 'summary' ? 2 : 1), 0)
  return kept.map((column) =>
    texts.includes(column)
      ? {
          ...column,
          width: Math.min(width - 1, column.width + Math.floor((spare * (column.key === 'summary' ? 2 : 1)) / parts)),
        }
      : column,
  )
}

const isRight = ({ kind }: Column): boolean => kind !== 'text'

function titlesOf(columns: readonly Column[], { sort, view, isReversed }: TopState): string {
  return columns
    .map((column) => {
      const title = column.key === sort[view] ? `${column.title}${isReversed ? '^' : 'v'}` : column.title
      return ` ${fitted(title, column.width, isRight(column))}`
    })
    .join('')
}

function lineOf(columns: readonly Column[], row: Row): string {
  return columns
    .map((column) => ` ${fitted(written(column.kind, row[column.key]), column.width, isRight(column))}`)
    .join('')
}

function styleOf({ state, severity, errors }: Row): Style | undefined {
  if (state === 'DOWN' || severity === 'CRITICAL' || severity === 'HIGH') return 'red'
  return typeof errors === 'number' && errors >= 0.05 ? 'yellow' : undefined
}

function nothingOf({ view, filter }: TopState): string {
  if (filter !== '') return `Nothing has "${filter}" in it.`
  return view === 'alerts' ? 'Nothing fires.' : `No ${view} yet.`
}

/** The view as a plain table: what a file or a pipe gets. As wide as its longest values. */
export function tableOf(drawn: Pick<Drawn, 'state' | 'snapshot'>): string {
  const columns = COLUMNS[drawn.state.view]
  const rows = rowsOf(drawn).map((row) => columns.map(({ kind, key }) => written(kind, row[key])))
  if (rows.length === 0) return `${nothingOf(drawn.state)}\n`
  const lines = [columns.map(({ title }) => title), ...rows]
  const widths = columns.map((_, at) => Math.max(...lines.map((cells) => cells[at]!.length)))
  return lines
    .map(
      (cells) =>
        `${cells
          .map((cell, at) => fitted(cell, widths[at]!, isRight(columns[at]!)))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('')
}
