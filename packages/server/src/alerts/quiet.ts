import type { AlertRecord, Labels, Silence } from './contract.js'
import { compileMatchers, type LabelTest, labelOf } from './matchers.js'
import type { AlertsOptions, InhibitOptions } from './options.js'
import type { Route } from './routes.js'
import { compileNamedTimes, compileWindows } from './windows.js'

/** Why nobody is told of an alert for now. */
export type QuietReason = 'silence' | 'inhibition' | 'maintenance' | 'times'

/**
 * What is wrong with a server hides what is wrong with its tools: from when it holds, since both begin to hold at once and
 * one of them may fire before the other.
 */
const DEPENDENCIES: readonly InhibitOptions[] = [
  {
    sources: ['alertname=~"ServerDown|ServerUnreachable"', 'tool=""', 'tool_name=""'],
    targets: ['alertname!~"ServerDown|ServerUnreachable"', 'server!=""'],
    equal: ['server'],
    whilePending: true,
  },
]

/** Which alerts are quiet at one moment. Build one for a look at many alerts: it goes over all of them once for each rule. */
export interface Quiet {
  reasonOf(alert: AlertRecord): { readonly reason: QuietReason; readonly by: string } | undefined
}

/** Compiles what keeps alerts quiet. Throws a SyntaxError for a matcher that is none. */
export function createQuiet({ inhibit, maintenance, times }: AlertsOptions) {
  const rules = [...DEPENDENCIES, ...inhibit].map((rule) => ({
    ...rule,
    isSource: compileMatchers(rule.sources),
    isTarget: compileMatchers(rule.targets),
  }))
  const within = compileNamedTimes(times)
  const windows = compileWindows(maintenance, within)

  function at(now: number, alerts: Iterable<AlertRecord>, silences: Iterable<CompiledSilence>): Quiet {
    const windowOf = windows(now)
    const active = [...silences].filter(({ silence }) => silence.startsAt <= now && now < silence.endsAt)
    let hiding: readonly ReadonlyMap<string, readonly AlertRecord[]>[] | undefined

    function hider(alert: AlertRecord): string | undefined {
      hiding ??= rules.map((rule) => sourcesOf(rule, alerts))
      const labels = dependentLabels(alert)
      for (const [index, { isSource, isTarget, equal }] of rules.entries()) {
        if (!isTarget(labels)) continue
        const found = hiding[index]!.get(keyOf(labels, equal)) ?? []
        // What is both source and target hides nothing of its like: else two would hide each other, and nobody knew.
        const isBoth = isSource(labels)
        const source = found.find(
          (other) => other.fingerprint !== alert.fingerprint && !(isBoth && isTarget(dependentLabels(other))),
        )
        if (source) return source.labels.alertname ?? source.fingerprint
      }
      return undefined
    }

    return {
      reasonOf(alert) {
        const labels = matchedLabels(alert)
        const silenced = active.find(({ matches }) => matches(labels))
        if (silenced) return { reason: 'silence', by: silenced.silence.id }
        const window = windowOf(labels)
        if (window) return { reason: 'maintenance', by: window.comment }
        const by = hider(alert)
        return by === undefined ? undefined : { reason: 'inhibition', by }
      },
    }
  }

  return {
    at,
    /** Why a route tells nobody of anything now: the name of the times. Undefined: it tells. */
    mutedBy({ muteTimes, activeTimes }: Route, now: number): string | undefined {
      const muted = muteTimes.find((name) => within([name], now))
      if (muted !== undefined || activeTimes.length === 0 || within(activeTimes, now)) return muted
      return `not ${activeTimes.join(', ')}`
    },
  }
}

/** A silence, and whom it means. */
export interface CompiledSilence {
  readonly silence: Silence
  readonly matches: LabelTest
}

/** Labels as routes, silences and windows match them: `severity` is one of SEVERITIES, whatever a rule calls it. */
export function matchedLabels({ labels, severity }: Pick<AlertRecord, 'labels' | 'severity'>): Labels {
  return labels.severity === severity ? labels : { ...labels, severity }
}

/** Labels by which one alert hides another: with the server that it concerns. */
function dependentLabels(alert: AlertRecord): Labels {
  const labels = matchedLabels(alert)
  const { server } = alert
  return server === undefined || labels.server !== undefined ? labels : { ...labels, server }
}

function sourcesOf(
  { isSource, equal, whilePending }: InhibitOptions & { readonly isSource: LabelTest },
  alerts: Iterable<AlertRecord>,
): ReadonlyMap<string, readonly AlertRecord[]> {
  const found = new Map<string, AlertRecord[]>()
  for (const alert of alerts) {
    const labels = dependentLabels(alert)
    if (alert.state === 'resolved' || (alert.state === 'pending' && !whilePending) || !isSource(labels)) continue
    const key = keyOf(labels, equal)
    const others = found.get(key)
    if (others) others.push(alert)
    else found.set(key, [alert])
  }
  return found
}

function keyOf(labels: Labels, names: readonly string[]): string {
  return JSON.stringify(names.map((name) => labelOf(labels, name)))
}
