/** What is shown of something: by the keys of its view's columns. Absent: not known. */
export type Row = Readonly<Record<string, string | number | undefined>>

export const VIEWS = ['servers', 'tools', 'sessions', 'alerts'] as const
export type View = (typeof VIEWS)[number]

/** How a value is written. */
export type Kind = 'text' | 'count' | 'rate' | 'share' | 'seconds' | 'bytes' | 'age'

export interface Column {
  readonly key: string
  readonly title: string
  readonly kind: Kind
  /** Columns of the screen. A text takes what is left, of which this is the least. */
  readonly width: number
  /** In a narrow terminal columns of a higher number go first. */
  readonly rank: number
}

const text = (key: string, title: string, width: number, rank = 0): Column => ({
  key,
  title,
  kind: 'text',
  width,
  rank,
})
const number = (key: string, title: string, kind: Kind, rank: number): Column => ({
  key,
  title,
  kind,
  width: Math.max(7, title.length),
  rank,
})

/** The columns of each view, from left to right. */
export const COLUMNS: Readonly<Record<View, readonly Column[]>> = {
  servers: [
    text('server', 'SERVER', 14),
    number('state', 'STATE', 'text', 1),
    number('rate', 'REQ/S', 'rate', 1),
    number('errors', 'ERRORS', 'share', 1),
    number('p50', 'P50', 'seconds', 3),
    number('p95', 'P95', 'seconds', 2),
    number('sessions', 'SESSIONS', 'count', 4),
    number('tools', 'TOOLS', 'count', 5),
    number('memory', 'MEMORY', 'bytes', 6),
  ],
  tools: [
    text('tool', 'TOOL', 18),
    text('server', 'SERVER', 10, 2),
    number('calls', 'CALLS', 'count', 4),
    number('rate', 'CALL/S', 'rate', 1),
    number('errors', 'ERRORS', 'share', 1),
    number('p50', 'P50', 'seconds', 3),
    number('p95', 'P95', 'seconds', 2),
  ],
  sessions: [
    text('server', 'SERVER', 14),
    number('sessions', 'SESSIONS', 'count', 1),
    number('inFlight', 'IN FLIGHT', 'count', 2),
    number('connections', 'CONNECTIONS', 'count', 3),
    number('processes', 'PROCESSES', 'count', 4),
    number('length', 'LENGTH P50', 'seconds', 5),
  ],
  alerts: [
    text('alert', 'ALERT', 24),
    number('severity', 'SEVERITY', 'text', 1),
    { ...number('state', 'STATE', 'text', 1), width: 12 },
    number('age', 'SINCE', 'age', 2),
    text('summary', 'SUMMARY', 20, 3),
  ],
}

/** What a view is sorted by at first: what is busiest, or gravest, comes first. */
export const FIRST_SORT: Readonly<Record<View, string>> = {
  servers: 'rate',
  tools: 'rate',
  sessions: 'sessions',
  alerts: 'severity',
}

const GRAVITY: Readonly<Record<string, number>> = { CRITICAL: 4, HIGH: 3, MEDIUM: 2, LOW: 1 }

/** The rows that the filter leaves, in order: numbers from the largest, texts by their letters; ties by the first column. */
export function arranged(
  view: View,
  rows: readonly Row[],
  { sort, isReversed, filter }: { readonly sort: string; readonly isReversed: boolean; readonly filter: string },
): readonly Row[] {
  const [first] = COLUMNS[view]
  const wanted = filter.toLowerCase()
  const kept = rows.filter((row) => Object.values(row).some((value) => String(value).toLowerCase().includes(wanted)))
  const sign = isReversed ? -1 : 1
  return [...kept].sort(
    (one, other) => sign * compared(sort, one[sort], other[sort]) || compared('', one[first!.key], other[first!.key]),
  )
}

function compared(key: string, one: Row[string], other: Row[string]): number {
  if (key === 'severity') return (GRAVITY[String(other)] ?? 0) - (GRAVITY[String(one)] ?? 0)
  if (typeof one === 'string' || typeof other === 'string') return String(one ?? '').localeCompare(String(other ?? ''))
  return (other ?? -1) - (one ?? -1)
}

/** A value as it is shown; `-` for what is not known. */
export function written(kind: Kind, value: Row[string]): string {
  if (value === undefined || (typeof value === 'number' && !Number.isFinite(value))) return '-'
  if (typeof value === 'string') return value
  switch (kind) {
    case 'rate':
      return value === 0
        ? '0'
        : value < 0.1
          ? value.toFixed(2)
          : value < 100
            ? value.toFixed(1)
            : String(Math.round(value))
    case 'share':
      return value === 0 ? '0 %' : value < 0.001 ? '<0.1 %' : `${(100 * value).toFixed(value < 0.1 ? 1 : 0)} %`
    case 'seconds':
      return value < 1 ? `${Math.round(1000 * value)}ms` : value < 100 ? `${value.toFixed(1)}s` : lasting(value)
    case 'age':
      return lasting(value)
    case 'bytes':
      return value < 1e9 ? `${Math.round(value / 1e6)}MB` : `${(value / 1e9).toFixed(1)}GB`
    default:
      return String(Math.round(value))
  }
}

function lasting(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)}s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`
}
