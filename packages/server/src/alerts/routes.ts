import type { Labels } from './contract.js'
import { compileMatchers, type LabelTest, labelOf } from './matchers.js'
import type { AlertsOptions, RouteOptions } from './options.js'

/** Where alerts go, with all that holds above it filled in. */
export interface Route {
  /** Its place in the tree: the same as long as it and those above it match the same. */
  readonly id: string
  readonly channels: readonly string[]
  /** `undefined`: by all labels, each alert by itself. */
  readonly groupBy: readonly string[] | undefined
  readonly groupWaitMs: number
  readonly groupIntervalMs: number
  readonly repeatIntervalMs: number
  readonly escalate: readonly { readonly afterMs: number; readonly notify: readonly string[] }[]
  readonly muteTimes: readonly string[]
  readonly activeTimes: readonly string[]
}

/** Finds the routes of an alert: one, or more where a route says `continue`. */
export type Router = (labels: Labels) => readonly Route[]

type Inherited = Omit<Route, 'id' | 'channels'> & {
  readonly id: string
  readonly channels: readonly string[] | undefined
}

interface Node {
  readonly route: Inherited
  readonly matches: LabelTest
  readonly continues: boolean
  readonly nodes: readonly Node[]
}

/** Channels that the defaults name. */
export const LOG_CHANNEL = 'log'
export const ADMIN_CHANNEL = 'whatsapp'

/**
 * Compiles the tree of routes. `graveToo`: whom the defaults tell of HIGH and CRITICAL beside the log (CONTRACT.md, A7).
 * `matched` labels have `severity` as one of SEVERITIES. Throws a SyntaxError for a matcher that is none.
 */
export function createRouter(options: AlertsOptions, graveToo: readonly string[]): Router {
  const { groupBy, groupWaitMs, groupIntervalMs, repeatIntervalMs } = options
  const root: Inherited = {
    id: '',
    channels: undefined,
    groupBy: groupedBy(groupBy),
    ...{ groupWaitMs, groupIntervalMs, repeatIntervalMs },
    escalate: [],
    muteTimes: [],
    activeTimes: [],
  }
  const nodes = options.routes.map((route) => nodeOf(route, root))
  const isGrave = compileMatchers(['severity=~"HIGH|CRITICAL"'])

  function finished(route: Inherited, labels: Labels): Route {
    if (route.channels) return { ...route, channels: route.channels }
    const grave = isGrave(labels)
    // The defaults are two routes, so that what goes to different people is never one group.
    return {
      ...route,
      id: `${route.id}/${grave ? 'grave' : 'other'}`,
      channels: [...(grave ? graveToo : []), LOG_CHANNEL],
    }
  }

  return (labels) => {
    const found = walk(nodes, labels)
    return (found.length === 0 ? [root] : found).map((route) => finished(route, labels))
  }
}

/** The key of the group that a route puts these labels into, and the group's own labels. */
export function groupOf(route: Route, labels: Labels): { readonly key: string; readonly labels: Labels } {
  const names = route.groupBy ?? Object.keys(labels).sort()
  const own = Object.fromEntries(names.map((name) => [name, labelOf(labels, name)]).filter(([, value]) => value !== ''))
  return { key: JSON.stringify([route.id, Object.entries(own)]), labels: own }
}

function nodeOf(options: RouteOptions, above: Inherited): Node {
  const { match, notify, escalate, muteTimes, activeTimes, routes = [] } = options
  const route: Inherited = {
    id: `${above.id}/{${match.join(',')}}`,
    channels: notify ?? above.channels,
    groupBy: options.groupBy ? groupedBy(options.groupBy) : above.groupBy,
    groupWaitMs: options.groupWaitMs ?? above.groupWaitMs,
    groupIntervalMs: options.groupIntervalMs ?? above.groupIntervalMs,
    repeatIntervalMs: options.repeatIntervalMs ?? above.repeatIntervalMs,
    escalate: sorted(escalate ?? above.escalate),
    muteTimes: [...above.muteTimes, ...muteTimes],
    activeTimes: activeTimes.length > 0 ? activeTimes : above.activeTimes,
  }
  return {
    route,
    matches: compileMatchers(match),
    continues: options.continue,
    nodes: routes.map((child) => nodeOf(child, route)),
  }
}

function walk(nodes: readonly Node[], labels: Labels): readonly Inherited[] {
  const found: Inherited[] = []
  for (const { route, matches, continues, nodes: children } of nodes) {
    if (!matches(labels)) continue
    const deeper = walk(children, labels)
    found.push(...(deeper.length > 0 ? deeper : [route]))
    if (!continues) break
  }
  return found
}

function groupedBy(names: readonly string[]): readonly string[] | undefined {
  return names.includes('...') ? undefined : [...names].sort()
}

function sorted(steps: Route['escalate']): Route['escalate'] {
  return [...steps].sort((one, other) => one.afterMs - other.afterMs)
}
