import type { SystemReport } from '../../monitor/index.js'
import type { ProviderReport } from '../../providers/index.js'
import type { Vitals, Workload } from '../../state/index.js'
import type { HealthOptions } from './options.js'
import type { ProcessHealth } from './process.js'

type Word = HealthOptions['word']

/** How something of our own is: the store of events, the audit log. */
export interface OwnHealth {
  readonly ok: boolean
  /** Why not, in words that name no personal datum. */
  readonly reason?: string
}

/** `required`: whether we are not ready without it. */
export interface RequiredHealth extends OwnHealth {
  readonly required: boolean
}

/** Everything that the document tells, as its owners give it. */
export interface HealthFacts {
  readonly word: Word
  readonly version: string
  readonly environment: string
  readonly demoMode: boolean
  /** Since the process started. */
  readonly uptimeSeconds: number
  /** Milliseconds since 1970. */
  readonly now: number
  readonly vitals: Vitals
  readonly system: SystemReport
  readonly workload: Workload
  readonly providers: readonly ProviderReport[]
  readonly store: OwnHealth
  /** Undefined where no audit log is kept. */
  readonly audit: RequiredHealth | undefined
  readonly process: ProcessHealth
}

/** How one provider is. */
export interface CheckEntry {
  readonly status: Word | 'down' | 'unknown'
  readonly required: boolean
  readonly type: string
  /** Milliseconds that the newest check took. */
  readonly latency_ms?: number
  /** Class and exact code of what is wrong: `connection_refused`, `ECONNREFUSED`. */
  readonly error?: string
  readonly code?: string
}

/** How something of our own is, as the document shows it. */
interface OwnEntry {
  readonly status: Word | 'down'
  readonly reason?: string
}

/** The document that `/health`, `/health/ready` and `/ready` show parts of: every field of every system. */
export interface HealthDocument {
  /** `unavailable` where readiness is refused. */
  readonly status: Word | 'unavailable'
  /** Seconds. */
  readonly uptime: number
  readonly version: string
  readonly environment: string
  readonly demoMode: boolean
  /** ISO 8601, UTC. */
  readonly timestamp: string
  /** Sessions open now, over all servers. */
  readonly sessions: number
  /** The configured providers. */
  readonly checks: Readonly<Record<string, CheckEntry>>
  /** Jobs waiting, over all queues. */
  readonly queue_size: number
  readonly plugins: Readonly<Record<string, object>>
  readonly queues: Readonly<Record<string, object>>
  /** The watched servers. */
  readonly servers: Readonly<Record<string, { status: 'up' | 'down' | 'unknown'; reason?: string; tools: number }>>
  /** The whole, as the monitor judges it: GREEN, YELLOW or RED, and why it is not GREEN. */
  readonly system: { readonly status: string; readonly reasons: readonly string[] }
  /** What the monitor looks at: the servers, and what is configured beside them. */
  readonly components: Readonly<Record<string, object>>
  /** This process. */
  readonly server: ProcessHealth
  /** Our own event store. */
  readonly store: OwnEntry
  /** Our own audit log; `off` where none is kept. */
  readonly audit: OwnEntry | { readonly status: 'off' }
}

/** Writes the whole document. `ready`: whether it is told as well. */
export function documentOf(facts: HealthFacts, ready: boolean): HealthDocument {
  const { word, vitals, workload, store, audit } = facts
  return {
    status: ready ? word : 'unavailable',
    uptime: rounded(facts.uptimeSeconds),
    version: facts.version,
    environment: facts.environment,
    demoMode: facts.demoMode,
    timestamp: new Date(facts.now).toISOString(),
    sessions: vitals.sessions,
    checks: Object.fromEntries(facts.providers.map((report) => [report.name, checkEntry(report, word)])),
    queue_size: workload.queues.reduce((sum, { size }) => sum + size, 0),
    plugins: keyed(workload.plugins, ({ condition, lastExecutionAt, executions, errorRate }) => ({
      status: condition === 'up' ? word : condition,
      available: condition !== 'down',
      last_execution: lastExecutionAt === undefined ? null : isoTime(lastExecutionAt),
      error_rate: rounded(errorRate),
      executions,
    })),
    queues: keyed(workload.queues, ({ size, processedPerSecond, waitP50Ms, waitP95Ms }) => ({
      size,
      processing_rate: rounded(processedPerSecond),
      wait_seconds:
        waitP50Ms === undefined || waitP95Ms === undefined
          ? null
          : { p50: rounded(waitP50Ms / 1000), p95: rounded(waitP95Ms / 1000) },
    })),
    servers: Object.fromEntries(
      vitals.servers.map(({ name, condition, reason, tools }) => [
        name,
        { status: condition, tools: tools.length, ...(reason === undefined ? {} : { reason }) },
      ]),
    ),
    system: { status: facts.system.colour, reasons: facts.system.reasons },
    components: Object.fromEntries(
      facts.system.components.map(({ name, status, reasons, failures, latencyMs }) => [
        name,
        {
          status,
          failures,
          ...(latencyMs !== undefined && { latency_ms: latencyMs }),
          ...(reasons.length > 0 && { reasons }),
        },
      ]),
    ),
    server: facts.process,
    store: ownEntry(store, word),
    audit: audit ? ownEntry(audit, word) : { status: 'off' },
  }
}

function ownEntry({ ok, reason }: OwnHealth, word: Word): OwnEntry {
  return { status: ok ? word : 'down', ...(reason === undefined ? {} : { reason }) }
}

function checkEntry({ type, required, status, latencyMs, reason, code }: ProviderReport, word: Word): CheckEntry {
  return {
    status: status === 'up' ? word : status,
    required,
    type,
    ...(latencyMs === undefined ? {} : { latency_ms: latencyMs }),
    ...(reason === undefined ? {} : { error: reason }),
    ...(code === undefined ? {} : { code }),
  }
}

/** By plugin; by `<server>/<plugin>` where two servers have one of that name. */
function keyed<T extends { readonly server: string; readonly plugin: string }>(
  entries: readonly T[],
  show: (entry: T) => object,
): Record<string, object> {
  const owners = new Map<string, number>()
  for (const { plugin } of entries) owners.set(plugin, (owners.get(plugin) ?? 0) + 1)
  return Object.fromEntries(
    entries.map((entry) => {
      const { server, plugin } = entry
      return [owners.get(plugin) === 1 ? plugin : `${server}/${plugin}`, show(entry)]
    }),
  )
}

/** Last moment that a date can hold; what a sender claims beyond it is shown as that. */
const MAX_DATE_MS = 8.64e15

function isoTime(at: number): string {
  return new Date(Math.min(at, MAX_DATE_MS)).toISOString()
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000
}
