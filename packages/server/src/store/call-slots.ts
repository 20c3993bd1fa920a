import type { Sqlite } from '../sqlite/index.js'

/** Calls of one tool in a span of time. Its form is its maker's. */
export interface CallRow {
  readonly level: string
  /** Number of the span, in spans of its level. */
  readonly at: number
  readonly server: string
  readonly tool: string
  readonly body: string
}

/** Rows take the place of those with the same key. */
export interface CallRows {
  readonly rows: readonly CallRow[]
  /** By level: rows of before this span go. */
  readonly firsts: Readonly<Record<string, number>>
}

/** The rows of calls in an SQLite file. Synchronous: for the store's thread. */
export interface CallSlots {
  keep(changes: CallRows): void
  /** Rows after this one in the order of their keys, or the first ones; none where there are no more. */
  page(after: CallRow | undefined): readonly CallRow[]
}

/** Rows of one page: some milliseconds of reading on the main loop. */
const PAGE_ROWS = 1000

export function createCallSlots(sqlite: Sqlite): CallSlots {
  return {
    keep({ rows, firsts }) {
      sqlite.transaction(() => {
        for (const { level, at, server, tool, body } of rows)
          sqlite.run('INSERT OR REPLACE INTO call_slots VALUES (?, ?, ?, ?, ?)', level, at, server, tool, body)
        for (const [level, first] of Object.entries(firsts))
          sqlite.run('DELETE FROM call_slots WHERE level = ? AND at < ?', level, first)
      })
    },
    page: ({ level, at, server, tool } = { level: '', at: 0, server: '', tool: '', body: '' }) =>
      sqlite
        .rows(
          `SELECT level, at, server, tool, body FROM call_slots WHERE (level, at, server, tool) > (?, ?, ?, ?)
           ORDER BY level, at, server, tool LIMIT ?`,
          ...[level, at, server, tool, PAGE_ROWS],
        )
        .map(([level, at, server, tool, body]) => ({
          ...{ level: String(level), at: Number(at), server: String(server), tool: String(tool), body: String(body) },
        })),
  }
}

/** Bytes that the rows take, about: the events' bound does not count them. */
export function callBytes(sqlite: Sqlite): number {
  return Number(sqlite.value('SELECT coalesce(sum(length(body) + 60), 0) FROM call_slots'))
}
