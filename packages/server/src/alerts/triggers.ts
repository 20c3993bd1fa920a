import { type Event, type EventOf, OWN_SERVER } from '@mcp-vitals/instrument/event'
import type { Labels, Pulse, Severity } from './contract.js'

/** Refusals of one server within the window that are no longer people who mistype: as fail2ban counts. */
const BRUTE_FORCE_FAILURES = 5
const BRUTE_FORCE_WINDOW_MS = 600_000
/** Most servers that are watched for it; the one that was quiet for longest is forgotten. */
const MAX_WATCHED = 1000

/** An anomaly says itself when it is over, unless the daemon ended in between. Milliseconds. */
const ANOMALY_HOLD_MS = 3_600_000

/** A budget says itself when its window is over; these are the longest windows, for a daemon that was away then. Milliseconds. */
const BUDGET_HOLD_MS = { hour: 3_600_000, day: 86_400_000, month: 31 * 86_400_000 } as const

/** What single events raise, beside the rules (CONTRACT.md, A8). */
export type Triggers = (event: Event) => readonly Pulse[]

/** Creates the triggers; an alert of theirs is over `holdMs` after the last event. */
export function createTriggers(holdMs: number): Triggers {
  const refusals = new Map<string, readonly number[]>()

  function pulse(alertname: string, severity: Severity, labels: Labels, summary: string): Pulse {
    const own = { alertname, severity, ruleset: 'events', ...labels }
    return { source: 'events', labels: own, annotations: { summary }, holdMs }
  }

  /** What is worse is an alert of its own, since it may concern other people; the end is the end of both. */
  function anomalous({ server, name, signal, stage, severity, usual, seen }: EventOf<'anomaly'>): readonly Pulse[] {
    const words = `${signal} of ${server}.${name} is not as usual: ${rounded(seen)} where ${rounded(usual)} was expected`
    const labels = { server, tool: name, signal }
    const isOver = stage === 'over' || stage === 'adopted'
    const graves: readonly Severity[] = isOver ? ['MEDIUM', 'HIGH'] : [severity]
    return graves.map((grave) => ({ ...pulse('Anomaly', grave, labels, words), holdMs: ANOMALY_HOLD_MS, isOver }))
  }

  /** The new window is the end of both, what was near its limit and what came to it. */
  function spent({ server, budget, stage, severity, spentUsd, limitUsd, per }: EventOf<'budget'>): readonly Pulse[] {
    const words = `${dollars(spentUsd)} of ${dollars(limitUsd)} USD of the budget ${budget} are spent this ${per}`
    const isOver = stage === 'renewed'
    const graves: readonly Severity[] = isOver ? ['MEDIUM', 'HIGH'] : [severity]
    const holdMs = BUDGET_HOLD_MS[per]
    return graves.map((grave) => ({ ...pulse('Spending', grave, { server, budget }, words), holdMs, isOver }))
  }

  function isBruteForce(server: string, at: number): boolean {
    const recent = (refusals.get(server) ?? []).filter((one) => at - one < BRUTE_FORCE_WINDOW_MS)
    const known = [...recent, at].slice(-BRUTE_FORCE_FAILURES)
    refusals.delete(server)
    refusals.set(server, known)
    if (refusals.size > MAX_WATCHED) refusals.delete(refusals.keys().next().value!)
    return known.length >= BRUTE_FORCE_FAILURES
  }

  return (event) => {
    const { server } = event
    const where = whereOf(server)
    switch (event.type) {
      case 'limit':
        return [
          pulse(
            'RateLimitExceeded',
            'MEDIUM',
            { server, limit_type: event.limitType },
            `A limit was exceeded${where}: ${event.limitType}`,
          ),
        ]
      case 'auth': {
        if (event.action === 'accepted') return []
        const reason = event.reason ?? 'unknown'
        const failure = pulse(
          'AuthenticationFailure',
          'HIGH',
          { server, reason },
          `Somebody was refused${where}: ${reason}`,
        )
        const isForce = isBruteForce(server, event.at) || event.action === 'locked_out'
        const words = `Somebody tries again and again to get in${where}`
        return isForce ? [failure, pulse('BruteForce', 'HIGH', { server }, words)] : [failure]
      }
      case 'provider':
        if (event.ok) return []
        return [
          pulse(
            'ProviderError',
            'HIGH',
            { server, provider: event.provider },
            `A call of the provider ${event.provider} failed${where}`,
          ),
        ]
      case 'security':
        // What an auditor wants to know is not all of it somebody's to act on.
        if (event.severity === 'LOW') return []
        return [
          pulse(
            'SecurityEvent',
            event.severity,
            { server, kind: event.kind },
            `Something an auditor wants to know of${where}: ${event.kind}`,
          ),
        ]
      case 'anomaly':
        return anomalous(event)
      case 'budget':
        return spent(event)
      default:
        return []
    }
  }
}

function whereOf(server: string): string {
  return server === OWN_SERVER ? '' : ` at ${server}`
}

function dollars(value: number): string {
  return value.toFixed(2)
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(3)))
}
