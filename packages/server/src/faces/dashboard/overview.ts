import type { Shown } from '../../alerts/index.js'
import type { Reading } from '../../budgets/index.js'
import { type CallBook, Durations, LEVELS, slotOf } from '../../calls/index.js'
import type { SystemReport } from '../../monitor/index.js'
import type { Pager } from '../../pager/index.js'
import type { ProviderReport } from '../../providers/index.js'
import type { Vitals, Workload } from '../../state/index.js'
import type {
  AlertRow,
  BudgetRow,
  Capacity,
  ChangeMark,
  Counted,
  DashboardDocument,
  Severity,
  Traffic,
  Usage,
  UsageOfDay,
} from './api.js'

/** What the overview is made of. */
export interface OverviewSetup {
  readonly about: Omit<DashboardDocument['product'], 'uptimeSeconds'>
  readonly uptimeSeconds: () => number
  readonly calls: CallBook
  readonly vitals: () => Vitals
  readonly workload: () => Workload
  readonly system: () => SystemReport
  readonly providers: () => Promise<readonly ProviderReport[]>
  /** Undefined: alerts are switched off. */
  readonly pager: Pick<Pager, 'alerts'> | undefined
  readonly budgets: () => readonly Reading[]
  /** Agents provisioned and voice sessions open now. */
  readonly active: () => { readonly agents: number; readonly voice: number }
  /** Calls and jobs that waited, at the end of each of the last minutes. */
  readonly queueDepths: () => readonly number[]
  /** Of the last 24 hours, the newest first. */
  readonly changes: () => Promise<readonly ChangeMark[]>
  /** Milliseconds since 1970. */
  readonly now: () => number
}

const WINDOW_MINUTES = 5
const DAYS = 30
const MAX_ALERTS = 20
const MAX_CHANGES = 50

export async function overviewOf(setup: OverviewSetup): Promise<DashboardDocument> {
  const { about, calls, now } = setup
  const [providers, alerts, changes] = await Promise.all([
    setup.providers(),
    alertsOf(setup.pager),
    setup.changes().catch(() => []),
  ])
  const at = now()
  const vitals = setup.vitals()
  const { plugins, queues } = setup.workload()
  const { colour, reasons, components } = setup.system()
  const traffic = trafficOf(calls, at)
  const usage = usageOf(setup, at)
  const waiting = queues.reduce((sum, { size }) => sum + size, 0)
  const inFlight = vitals.servers.reduce((sum, server) => sum + server.inFlight, 0)
  const active = setup.active()
  const { servers } = vitals
  const are = (condition: string) => servers.filter((server) => server.condition === condition).length
  return {
    version: 1,
    at,
    product: { ...about, uptimeSeconds: setup.uptimeSeconds() },
    health: {
      ...{ colour, reasons },
      components: components.map(({ name, type, status, reasons, latencyMs }) => ({
        ...{ name, type, status, reasons },
        ...(latencyMs !== undefined && { latencyMs }),
      })),
    },
    traffic,
    servers: { total: servers.length, up: are('up'), down: are('down'), unknown: are('unknown') },
    tools: {
      total: servers.reduce((sum, { tools }) => sum + tools.length, 0),
      available: servers.reduce((sum, { tools, condition }) => sum + (condition === 'up' ? tools.length : 0), 0),
    },
    sessions: { active: vitals.sessions },
    agents: { active: active.agents },
    voice: { active: active.voice },
    queue: {
      ...{ inFlight, waiting, queues },
      plugins: plugins.map(({ server, plugin, condition, executions, errorRate, lastExecutionAt }) => ({
        ...{ server, plugin, condition, executions, errorRatio: errorRate },
        ...(lastExecutionAt !== undefined && { lastAt: lastExecutionAt }),
      })),
    },
    providers: providers.map(({ name, type, required, status, latencyMs, reason }) => ({
      ...{ name, type, required, status },
      ...(latencyMs !== undefined && { latencyMs }),
      ...(reason !== undefined && { reason }),
    })),
    usage,
    capacity: capacityOf(usage, traffic, inFlight + waiting, setup.queueDepths()),
    alerts,
    changes: changes.slice(0, MAX_CHANGES),
  }
}

export function counted(calls: number, failures: number): Counted {
  return { calls, failures, errorRatio: calls === 0 ? 0 : failures / calls }
}

function trafficOf({ whole }: CallBook, now: number): Traffic {
  const minute = slotOf('minute', now)
  const slots = whole.slots('minute', minute - LEVELS.minute.kept + 1, minute)
  const byMinute = new Map(slots.map((slot) => [slot.at, slot]))
  const points = Array.from({ length: LEVELS.minute.kept }, (_, index) => {
    const at = minute - LEVELS.minute.kept + 1 + index
    const slot = byMinute.get(at)
    const quantiles = slot ? new Durations().add(slot).percentiles() : {}
    return { at: at * LEVELS.minute.ms, calls: slot?.calls ?? 0, failures: slot?.failures ?? 0, ...quantiles }
  })
  const lately = slots.filter(({ at }) => at > minute - WINDOW_MINUTES)
  const durations = new Durations()
  for (const slot of lately) durations.add(slot)
  const sum = (of: 'calls' | 'failures' | 'toolCalls') => lately.reduce((total, slot) => total + slot[of], 0)
  // The minute that goes on is not a whole one.
  const windowSeconds = (now - (minute - WINDOW_MINUTES + 1) * LEVELS.minute.ms) / 1000
  return {
    ...counted(sum('calls'), sum('failures')),
    ...durations.percentiles(),
    windowSeconds: Math.round(windowSeconds),
    requestsPerSecond: rounded(sum('calls') / windowSeconds),
    toolCallsPerSecond: rounded(sum('toolCalls') / windowSeconds),
    points,
  }
}

function usageOf({ calls, budgets }: OverviewSetup, now: number): Usage {
  const today = slotOf('day', now)
  const byDay = new Map(calls.whole.slots('day', today - DAYS + 1, today).map((slot) => [slot.at, slot]))
  const days = Array.from({ length: DAYS }, (_, index): UsageOfDay => {
    const day = today - DAYS + 1 + index
    const slot = byDay.get(day)
    return {
      date: new Date(day * LEVELS.day.ms).toISOString().slice(0, 10),
      ...counted(slot?.calls ?? 0, slot?.failures ?? 0),
      toolCalls: slot?.toolCalls ?? 0,
      ...calls.usage.of(day),
    }
  })
  return {
    today: days.at(-1)!,
    days,
    budgets: budgets().map(
      ({ budget, spentUsd, limitUsd, forecastUsd }): BudgetRow => ({
        ...{ budget, spentUsd, limitUsd, spentRatio: spentUsd / limitUsd },
        ...(forecastUsd !== undefined && { forecastUsd }),
      }),
    ),
  }
}

function capacityOf({ days }: Usage, traffic: Traffic, queueDepth: number, queueDepths: readonly number[]): Capacity {
  const last = days.slice(-8, -1)
  const before = days.slice(-15, -8)
  const sum = (some: readonly UsageOfDay[], of: (day: UsageOfDay) => number) =>
    some.reduce((total, day) => total + of(day), 0)
  const callsLast7Days = sum(last, ({ calls }) => calls)
  const callsBefore7Days = sum(before, ({ calls }) => calls)
  // Days before the first call say nothing of those to come.
  const known = days.slice(0, -1).findIndex(({ calls, costUsd, inputTokens }) => calls + costUsd + inputTokens > 0)
  const whole = known === -1 ? [] : days.slice(Math.max(known, DAYS - 8), -1)
  const forecast = (of: (day: UsageOfDay) => number) => Math.round((sum(whole, of) / whole.length) * 30 * 100) / 100
  return {
    requestsPerSecond: traffic.requestsPerSecond,
    ...{ callsLast7Days, callsBefore7Days },
    ...(callsBefore7Days > 0 && { trendRatio: rounded(callsLast7Days / callsBefore7Days - 1) }),
    ...(whole.length > 0 && {
      forecastCalls30Days: Math.round(forecast(({ calls }) => calls)),
      forecastTokens30Days: Math.round(forecast(({ inputTokens, outputTokens }) => inputTokens + outputTokens)),
      forecastUsd30Days: forecast(({ costUsd }) => costUsd),
    }),
    ...{ queueDepth, queueDepths },
  }
}

const GRAVITY: readonly Severity[] = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW']
/** Alerts that are looked at for the newest of them. */
const LOOKED_AT = 1000

async function alertsOf(pager: OverviewSetup['pager']): Promise<DashboardDocument['alerts']> {
  const found = (await pager?.alerts({ limit: LOOKED_AT }).catch(() => undefined))?.alerts ?? []
  const count = (is: (shown: Shown) => boolean) => found.filter(is).length
  const isTaken = ({ alert }: Shown) => alert.state === 'acknowledged'
  const isFiring = (shown: Shown) => shown.alert.state === 'firing' || isTaken(shown)
  const recent = found
    .map(rowOf)
    .sort(
      (one, other) =>
        Number(one.state === 'resolved') - Number(other.state === 'resolved') ||
        (one.state === 'resolved'
          ? (other.endsAt ?? 0) - (one.endsAt ?? 0)
          : GRAVITY.indexOf(one.severity) - GRAVITY.indexOf(other.severity) ||
            (other.startsAt ?? 0) - (one.startsAt ?? 0)),
    )
    .slice(0, MAX_ALERTS)
  return {
    enabled: pager !== undefined,
    firing: count(isFiring),
    acknowledged: count(isTaken),
    pending: count(({ alert }) => alert.state === 'pending'),
    recent,
  }
}

function rowOf({ alert, quiet }: Shown): AlertRow {
  const { fingerprint, severity, labels, annotations, startsAt, endsAt } = alert
  const acknowledged = alert.state === 'acknowledged'
  const state = alert.state === 'acknowledged' ? 'firing' : alert.state
  return {
    ...{ fingerprint, state, severity, name: labels.alertname ?? '' },
    ...(annotations.summary !== undefined && { summary: annotations.summary }),
    ...(labels.server !== undefined && { server: labels.server }),
    ...(startsAt !== undefined && { startsAt }),
    ...(endsAt !== undefined && { endsAt }),
    acknowledged,
    quiet: quiet !== undefined,
  }
}

/** To six digits after the point. */
export const rounded = (value: number): number => Math.round(value * 1e6) / 1e6
