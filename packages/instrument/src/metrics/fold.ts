import { DEFAULT_ACTIVITY_LIMITS } from '../activity/index.js'
import { EVENTS, type Event } from '../event/index.js'
import type { Entrance, Fold } from '../stream/index.js'
import { CATALOGUE } from './catalogue.js'
import { Clients } from './clients.js'
import { OVERFLOW } from './family.js'
import { EVENT_FOLDS, toolOf } from './folds.js'
import { DEFAULT_MAX_LABEL_VALUES } from './labels.js'
import { foldOpenTelemetry } from './otel.js'
import { createProviderFold } from './providers.js'
import type { Registry } from './registry.js'
import type { Counter } from './series.js'
import type { ServerLimits, WatchedServer } from './server.js'
import { Servers } from './servers.js'

/** Bounds of what the fold remembers, and its clock. */
export interface MetricsFoldOptions extends Partial<ServerLimits> {
  /**
   * Most servers whose names are labels without being owned; all further ones share the label `other`, and take the place
   * of one that was silent for an hour. Default 1,000.
   */
  readonly maxServers?: number
  /** Whether a server always has a label of its own, whatever others were named. Default: none has. */
  readonly isOwned?: (server: string) => boolean
  /** Milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number
  /** Names of the providers in the configuration: each has metrics of its own. Default none. */
  readonly providers?: readonly string[]
  /** Moves OpenTelemetry's metrics as well. Default false. */
  readonly opentelemetry?: boolean
}

/** What is remembered of one server, where the fold is told nothing else. */
export const DEFAULT_SERVER_LIMITS: ServerLimits = {
  maxTools: 1000,
  maxLabelValues: DEFAULT_MAX_LABEL_VALUES,
  maxActive: 10_000,
  ...DEFAULT_ACTIVITY_LIMITS,
}
const DEFAULT_MAX_SERVERS = 1000

/** A fold that takes any event: TypeScript cannot follow that each stands under the type of its own. */
type AnyFold = (event: Event, server: WatchedServer, entrance: Entrance) => void
/** A `Map`, since an event's type may be any text, `constructor` too. */
const FOLDS = new Map(Object.entries(EVENT_FOLDS)) as unknown as ReadonlyMap<string, AnyFold>

/** What an event of one type moves: how many there were, and what its own fold does. */
interface Kind {
  readonly count: Counter
  readonly fold: AnyFold | undefined
}

export interface MetricsFold extends Fold {
  /**
   * Gives a provider metrics of its own from now on, as those of the options have. Throws Error where one of them would
   * have the name of another.
   */
  addProvider(name: string): void
  /** Moves OpenTelemetry's metrics as well from now on, as the option does. */
  moveOpenTelemetry(): void
  /** Ends every series of a server that is no more. An event of it begins them anew, at 0. */
  forget(server: string): void
}

/**
 * The fold that moves the registry's metrics with every event. Its memory is bounded by the options, whatever events
 * come; gauges of what is open follow sets, so they cannot fall below 0. Throws Error where a provider's metric would
 * have the name of another.
 */
export function createMetricsFold(registry: Registry, options: MetricsFoldOptions = {}): MetricsFold {
  const {
    maxServers = DEFAULT_MAX_SERVERS,
    isOwned = () => false,
    now = Date.now,
    providers = [],
    opentelemetry: fromTheStart = false,
    ...given
  } = options
  let opentelemetry = fromTheStart
  const limits = { ...DEFAULT_SERVER_LIMITS, ...given }
  const servers = new Servers({ registry, limits, maxServers, isOwned, now })
  const clients = new Clients(registry, { ...limits, maxServers })
  const events = registry.counter(CATALOGUE.mcp_vitals.events_total)
  const kinds = new Map<string, Kind>()
  const providerFold = createProviderFold(registry, providers)

  function kindOf(type: string): Kind | undefined {
    const known = kinds.get(type)
    if (known || !Object.hasOwn(EVENTS, type)) return known
    const fold: AnyFold | undefined = type === 'provider' ? providerFold.fold : FOLDS.get(type)
    const made = { count: events.with(type), fold }
    kinds.set(type, made)
    return made
  }

  registry.onCollect(() => {
    for (const server of servers.all()) server.refresh()
  })

  return {
    name: 'metrics',
    addProvider: (provider) => providerFold.add(provider),
    moveOpenTelemetry() {
      opentelemetry = true
    },
    forget: (server) => servers.forget(server),
    fold(event: Event, entrance: Entrance): void {
      const kind = kindOf(event.type)
      if (!kind) {
        events.with(OVERFLOW).inc()
        return
      }
      kind.count.inc()
      if (event.derived) registry.counter(CATALOGUE.mcp_vitals.derivations_total).with('derived').inc()
      if (event.side === 'client') {
        clients.fold(event, opentelemetry)
        return
      }
      const server = servers.of(event.server)
      // A session that ends is forgotten by `see`.
      const protocolVersion = opentelemetry ? server.activity.protocolVersion(event.session) : undefined
      server.see(event, entrance)
      kind.fold?.(event, server, entrance)
      if (opentelemetry) foldOpenTelemetry(event, server, toolLabelOf(event, server), protocolVersion)
    },
  }
}

function toolLabelOf(event: Event, server: WatchedServer): string {
  return event.type === 'request.ended' ? toolOf(event, server) : ''
}
