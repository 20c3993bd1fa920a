import type { AlertRecord, AlertView } from './contract.js'
import { rankOf } from './severity.js'

/** Most alerts of one message: what there is no room for is counted. */
export const MOST_ALERTS = 100

/** An alert as a channel tells it. It fires or fired. */
export function viewOf(alert: AlertRecord): AlertView {
  const { fingerprint, state, severity, labels, annotations, evidence, value, count, activeAt } = alert
  const { startsAt = activeAt, endsAt, acknowledgement } = alert
  return {
    fingerprint,
    state: state === 'pending' ? 'firing' : state,
    severity,
    labels,
    annotations,
    evidence,
    count,
    startsAt,
    ...(value !== undefined && { value }),
    ...(endsAt !== undefined && { endsAt }),
    ...(acknowledgement && { acknowledgedBy: acknowledgement.by }),
  }
}

/** What fires before what is over, the worst first, then what began first; at most MOST_ALERTS. */
export function chosen(views: readonly AlertView[]): {
  readonly alerts: readonly AlertView[]
  readonly truncated: number
} {
  const sorted = [...views].sort(
    (one, other) =>
      Number(one.state === 'resolved') - Number(other.state === 'resolved') ||
      rankOf(other.severity) - rankOf(one.severity) ||
      one.startsAt - other.startsAt ||
      (one.fingerprint < other.fingerprint ? -1 : 1),
  )
  return { alerts: sorted.slice(0, MOST_ALERTS), truncated: Math.max(0, sorted.length - MOST_ALERTS) }
}

/** How many of the alerts are over, and how many are not. */
export function counted(views: readonly AlertView[]): { readonly firing: number; readonly resolved: number } {
  const resolved = views.filter(({ state }) => state === 'resolved').length
  return { firing: views.length - resolved, resolved }
}
