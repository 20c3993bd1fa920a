import { clean } from './text.js'
import type { Row, View } from './views.js'

/** How far rates and durations look back. */
const RATE_WINDOW = '1m'
const DURATION_WINDOW = '5m'

/** One series of an answer of PromQL. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [seconds: number, value: string]
}

/** An alert, as the daemon's API for its owner tells of it. */
export interface AlertTold {
  readonly state: string
  readonly severity: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly startsAt?: string
  readonly activeAt: string
}

/** A server, as the daemon's API tells of it: it knows them before their first sample. */
export interface ServerTold {
  readonly server: string
  readonly condition: string
  readonly sessions: number
  readonly tools: number
}

/** Everything at one time. Texts are clean. */
export interface Snapshot {
  /** Milliseconds since 1970. */
  readonly atMs: number
  readonly url: string
  readonly version: string
  readonly rows: Readonly<Record<View, readonly Row[]>>
  /** Over all servers. */
  readonly total: { readonly rate: number; readonly errors: number | undefined; readonly p95: number | undefined }
}

/** What is asked, by name. `prefix`: what names of metrics begin with. */
export function queriesOf(prefix: string) {
  const name = (metric: string) => `${prefix}_${metric}`
  const rate = (metric: string, by: string, matcher = '') =>
    `sum by (${by}) (rate(${name(metric)}${matcher}[${RATE_WINDOW}]))`
  const quantile = (q: number, metric: string, by: string) =>
    `histogram_quantile(${q}, sum by (le${by && `, ${by}`}) (rate(${name(metric)}_bucket[${DURATION_WINDOW}])))`
  const sum = (metric: string, by = 'server') => `sum by (${by}) (${name(metric)})`
  return {
    up: `min by (server) (${name('server_up')})`,
    requests: rate('requests_total', 'server'),
    failures: rate('errors_total', 'server'),
    serverP50: quantile(0.5, 'request_duration_seconds', 'server'),
    serverP95: quantile(0.95, 'request_duration_seconds', 'server'),
    sessions: sum('active_sessions'),
    available: `sum by (server) (${name('tool_availability')})`,
    memory: sum('server_memory_usage_bytes'),
    processes: sum('server_processes'),
    inFlight: sum('requests_in_flight'),
    connections: sum('active_connections'),
    sessionLength: quantile(0.5, 'session_duration_seconds', 'server'),
    calls: sum('tool_calls_total', 'server, tool'),
    callRate: rate('tool_calls_total', 'server, tool'),
    callFailures: rate('errors_total', 'server, tool', '{tool!=""}'),
    callP50: quantile(0.5, 'tool_call_duration_seconds', 'server, tool'),
    callP95: quantile(0.95, 'tool_call_duration_seconds', 'server, tool'),
    totalP95: quantile(0.95, 'request_duration_seconds', ''),
  } as const
}

export type Answers = Readonly<Record<keyof ReturnType<typeof queriesOf>, readonly Series[]>>

/** The rows of all views, from what was answered. */
export function snapshotOf(
  answers: Answers,
  { servers: told, alerts }: { readonly servers: readonly ServerTold[]; readonly alerts: readonly AlertTold[] },
  about: Pick<Snapshot, 'atMs' | 'url' | 'version'>,
): Snapshot {
  const by = (name: keyof Answers, ...labels: readonly string[]) =>
    new Map(answers[name].map(({ metric, value }) => [keyOf(metric, labels), Number(value[1])]))
  const ofServer = (name: keyof Answers) => by(name, 'server')
  const [requests, failures] = [ofServer('requests'), ofServer('failures')]
  const [up, sampled] = [ofServer('up'), ofServer('sessions')]
  const now = new Map(told.map((one) => [one.server, one]))
  const names = namesIn(answers, ['up', 'requests', 'sessions', 'available'], [...now.keys()])
  const sessionsOf = (server: string) => now.get(server)?.sessions ?? sampled.get(server)
  const columns = (entries: Readonly<Record<string, keyof Answers>>) => {
    const maps = Object.entries(entries).map(([column, name]) => [column, ofServer(name)] as const)
    return (server: string) => Object.fromEntries(maps.map(([column, map]) => [column, map.get(server)]))
  }
  const more = columns({ p50: 'serverP50', p95: 'serverP95', memory: 'memory' })
  const available = ofServer('available')
  const open = columns({
    inFlight: 'inFlight',
    connections: 'connections',
    processes: 'processes',
    length: 'sessionLength',
  })
  const servers = names.map((server) => ({
    server: clean(server) || '(all)',
    state: stateOf(now.get(server)?.condition, up.get(server)),
    rate: requests.get(server) ?? 0,
    errors: share(failures.get(server), requests.get(server)),
    sessions: sessionsOf(server),
    tools: available.get(server) ?? now.get(server)?.tools,
    ...more(server),
  }))
  const sum = (map: ReadonlyMap<string, number>) => [...map.values()].reduce((total, value) => total + value, 0)
  return {
    ...about,
    total: {
      rate: sum(requests),
      errors: share(sum(failures), sum(requests)),
      p95: answers.totalP95.map(({ value }) => Number(value[1])).find(Number.isFinite),
    },
    rows: {
      servers,
      tools: toolsIn(answers, by),
      sessions: names.map((server) => ({
        server: clean(server) || '(all)',
        sessions: sessionsOf(server) ?? 0,
        ...open(server),
      })),
      alerts: alerts.filter(({ state }) => state !== 'resolved').map((alert) => alertRow(alert, about.atMs)),
    },
  }
}

/** What the daemon tells is of now, a sample is some seconds old. */
function stateOf(condition: string | undefined, sample: number | undefined): string {
  if (condition === 'up' || condition === 'down') return condition === 'up' ? 'up' : 'DOWN'
  if (sample === undefined) return '-'
  return sample === 1 ? 'up' : 'DOWN'
}

function toolsIn(
  answers: Answers,
  by: (name: keyof Answers, ...labels: readonly string[]) => ReadonlyMap<string, number>,
): readonly Row[] {
  const of = (name: keyof Answers) => by(name, 'server', 'tool')
  const [calls, rates, failures] = [of('calls'), of('callRate'), of('callFailures')]
  const [p50, p95] = [of('callP50'), of('callP95')]
  return answers.calls.map(({ metric }) => {
    const key = keyOf(metric, ['server', 'tool'])
    return {
      tool: clean(metric.tool ?? ''),
      server: clean(metric.server ?? ''),
      calls: calls.get(key),
      rate: rates.get(key) ?? 0,
      errors: share(failures.get(key), rates.get(key)),
      p50: p50.get(key),
      p95: p95.get(key),
    }
  })
}

function alertRow({ state, severity, labels, annotations, startsAt, activeAt }: AlertTold, atMs: number): Row {
  const { alertname = '', severity: _, ruleset: __, ...others } = labels
  const about = Object.entries(others).map(([name, value]) => `${name}=${value}`)
  return {
    alert: clean([alertname, ...about].join(' ')),
    severity: clean(severity),
    state: clean(state),
    age: Math.max(0, (atMs - Date.parse(startsAt ?? activeAt)) / 1000),
    summary: clean(annotations.summary ?? annotations.description ?? ''),
  }
}

/** Labels as one key; a view of the metrics may have dropped some. */
const keyOf = (metric: Series['metric'], labels: readonly string[]): string =>
  labels.map((label) => metric[label] ?? '').join('\0')

function namesIn(answers: Answers, names: readonly (keyof Answers)[], known: readonly string[]): readonly string[] {
  const sampled = names.flatMap((name) => answers[name].map(({ metric }) => metric.server ?? ''))
  return [...new Set([...known, ...sampled])].sort()
}

function share(part: number | undefined, whole: number | undefined): number | undefined {
  return whole === undefined || whole === 0 ? undefined : Math.min(1, (part ?? 0) / whole)
}
