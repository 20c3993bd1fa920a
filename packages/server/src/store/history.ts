import type { Sqlite, Value } from '../sqlite/index.js'

/** Most incidents that are kept; beyond it the oldest go. */
const MAX_INCIDENTS = 20_000
/** Most incidents of one page. */
export const MAX_INCIDENTS_PAGE = 500

/** One component on one day, UTC. What was not watched is in none of its times. */
export interface HistoryDay {
  readonly component: string
  /** Days since 1970-01-01. */
  readonly day: number
  /** Time in which it was known how it was. The next two are parts of it. Milliseconds. */
  readonly watchedMs: number
  readonly degradedMs: number
  readonly unhealthyMs: number
  /** In a maintenance window: no part of `watchedMs`. Milliseconds. */
  readonly maintenanceMs: number
  readonly checks: number
  readonly failures: number
  /** Of the checks that succeeded. Its form is its maker's. */
  readonly latencies: string
  /** Calls that passed to the server that it is. */
  readonly calls: number
  readonly callFailures: number
  readonly callLatencies: string
}

/** What of a component is needed to go on with it. */
export interface HistoryComponent {
  readonly name: string
  /** Its form is its maker's. */
  readonly status: string
  /** Up to when its time is in its days, and when its newest check was. Milliseconds since 1970. */
  readonly creditedAt: number
  readonly probedAt: number
}

/** An incident, as far as it is found by it. */
export interface IncidentRow {
  readonly id: string
  readonly component: string
  /** Milliseconds since 1970. */
  readonly began: number
  /** Absent while it goes on. */
  readonly ended?: number
  /** Everything else. Its form is its maker's. */
  readonly body: string
}

/** What changed: all of it is kept, or nothing. Rows take the place of those with the same key. */
export interface HistoryRows {
  readonly components: readonly HistoryComponent[]
  readonly days: readonly HistoryDay[]
  readonly incidents: readonly IncidentRow[]
  /** Days before this one, and incidents that ended before it, go. */
  readonly firstDay?: number
}

/** Which incidents to read, those that began last first. All conditions must hold. */
export interface IncidentQuery {
  readonly component?: string
  /** Milliseconds since 1970: those that were going on at some time from `since` (inclusive) to `until` (exclusive). */
  readonly since?: number
  readonly until?: number
  /** How many to pass over, and the most to give: 1 to 500. */
  readonly offset: number
  readonly limit: number
}

export interface IncidentPage {
  readonly incidents: readonly IncidentRow[]
  /** How many there are in all. */
  readonly total: number
}

/** The history of health in an SQLite file. Synchronous: for the store's thread. */
export interface HistoryTables {
  keep(rows: HistoryRows): void
  /** All components, the newest day of each, and the incidents that go on. */
  kept(): HistoryRows
  /** Days of these components (of all where absent) from `firstDay` on, in no order. */
  days(query: { readonly components?: readonly string[]; readonly firstDay: number }): readonly HistoryDay[]
  /** The times of each component from `firstDay` on, added up. */
  times(firstDay: number): readonly HistoryTimes[]
  incidents(query: IncidentQuery): IncidentPage
}

export type HistoryTimes = Pick<HistoryDay, 'component' | 'watchedMs' | 'unhealthyMs'>

const DAY_MS = 86_400_000
const DAY_COLUMNS = `component, day, watched_ms, degraded_ms, unhealthy_ms, maintenance_ms, checks, failures, latencies,
  calls, call_failures, call_latencies`

export function createHistoryTables(sqlite: Sqlite): HistoryTables {
  const incidents = (clause: string, ...values: Value[]) =>
    sqlite.rows(`SELECT id, component, began, ended, body FROM incidents ${clause}`, ...values).map(incidentOf)

  return {
    keep({ components, days, incidents, firstDay }) {
      sqlite.transaction(() => {
        for (const { name, status, creditedAt, probedAt } of components)
          sqlite.run('INSERT OR REPLACE INTO health_components VALUES (?, ?, ?, ?)', name, status, creditedAt, probedAt)
        for (const row of days)
          sqlite.run(
            `INSERT OR REPLACE INTO health_days (${DAY_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
            ...[row.component, row.day, row.watchedMs, row.degradedMs, row.unhealthyMs, row.maintenanceMs],
            ...[row.checks, row.failures, row.latencies, row.calls, row.callFailures, row.callLatencies],
          )
        for (const { id, component, began, ended, body } of incidents)
          sqlite.run(
            'INSERT OR REPLACE INTO incidents VALUES (?, ?, ?, ?, ?)',
            id,
            component,
            began,
            ended ?? null,
            body,
          )
        if (firstDay === undefined) return
        sqlite.run('DELETE FROM health_days WHERE day < ?', firstDay)
        sqlite.run('DELETE FROM health_components WHERE credited_at < ?', firstDay * DAY_MS)
        sqlite.run('DELETE FROM incidents WHERE ended < ?', firstDay * DAY_MS)
        sqlite.run(
          'DELETE FROM incidents WHERE id IN (SELECT id FROM incidents ORDER BY began DESC LIMIT -1 OFFSET ?)',
          MAX_INCIDENTS,
        )
      })
    },
    kept: () => ({
      components: sqlite
        .rows('SELECT name, status, credited_at, probed_at FROM health_components')
        .map(([name, status, creditedAt, probedAt]) => ({
          ...{ name: String(name), status: String(status) },
          ...{ creditedAt: Number(creditedAt), probedAt: Number(probedAt) },
        })),
      days: sqlite
        .rows(
          `SELECT ${DAY_COLUMNS} FROM health_days d
           WHERE day = (SELECT max(day) FROM health_days n WHERE n.component = d.component)`,
        )
        .map(dayRowOf),
      incidents: incidents('WHERE ended IS NULL ORDER BY began DESC'),
    }),
    days({ components, firstDay }) {
      const of = components === undefined ? '' : 'component IN (SELECT value FROM json_each(?)) AND'
      const values = components === undefined ? [] : [JSON.stringify(components)]
      return sqlite
        .rows(`SELECT ${DAY_COLUMNS} FROM health_days WHERE ${of} day >= ?`, ...values, firstDay)
        .map(dayRowOf)
    },
    times: (firstDay) =>
      sqlite
        .rows(
          `SELECT component, sum(watched_ms), sum(unhealthy_ms) FROM health_days WHERE day >= ? GROUP BY component`,
          firstDay,
        )
        .map(([component, watchedMs, unhealthyMs]) => ({
          ...{ component: String(component), watchedMs: Number(watchedMs), unhealthyMs: Number(unhealthyMs) },
        })),
    incidents({ component, since, until, offset, limit }) {
      const conditions: string[] = []
      const values: Value[] = []
      const where = (condition: string, value: Value) => {
        conditions.push(condition)
        values.push(value)
      }
      if (component !== undefined) where('component = ?', component)
      if (since !== undefined) where('(ended IS NULL OR ended >= ?)', since)
      if (until !== undefined) where('began < ?', until)
      const clause = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`
      const size = Math.min(Math.max(Math.trunc(limit), 1), MAX_INCIDENTS_PAGE)
      return {
        incidents: incidents(`${clause} ORDER BY began DESC, id LIMIT ? OFFSET ?`, ...values, size, offset),
        total: Number(sqlite.value(`SELECT count(*) FROM incidents ${clause}`, ...values)),
      }
    },
  }
}

/** Bytes that the history takes, about: the events' bound does not count them. */
export function historyBytes(sqlite: Sqlite): number {
  const days = sqlite.value(
    'SELECT coalesce(sum(length(latencies) + length(call_latencies) + 120), 0) FROM health_days',
  )
  return Number(days) + Number(sqlite.value('SELECT coalesce(sum(length(body) + 100), 0) FROM incidents'))
}

function dayRowOf(row: readonly Value[]): HistoryDay {
  const [component, day, watchedMs, degradedMs, unhealthyMs, maintenanceMs, ...more] = row
  const [checks, failures, latencies, calls, callFailures, callLatencies] = more
  return {
    ...{ component: String(component), day: Number(day), watchedMs: Number(watchedMs) },
    ...{ degradedMs: Number(degradedMs), unhealthyMs: Number(unhealthyMs), maintenanceMs: Number(maintenanceMs) },
    ...{ checks: Number(checks), failures: Number(failures), latencies: String(latencies) },
    ...{ calls: Number(calls), callFailures: Number(callFailures), callLatencies: String(callLatencies) },
  }
}

function incidentOf([id, component, began, ended, body]: readonly Value[]): IncidentRow {
  return {
    ...{ id: String(id), component: String(component), began: Number(began) },
    ...(ended !== null && { ended: Number(ended) }),
    body: String(body),
  }
}
