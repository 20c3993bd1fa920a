import { CATALOGUE } from './catalogue.js'
import { OVERFLOW } from './family.js'
import type { Registry } from './registry.js'
import { type ServerLimits, WatchedServer } from './server.js'

/** A server of which nothing was heard for so long gives its place to another that needs one. Milliseconds. */
export const SILENT_MS = 3_600_000

export interface ServersOptions {
  readonly registry: Registry
  readonly limits: ServerLimits
  /** Most servers that have a label without being owned. */
  readonly maxServers: number
  /** Whether a server always has a label of its own. */
  readonly isOwned: (name: string) => boolean
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/**
 * The servers whose names are labels. Anybody who may send events can invent names, so those are bounded, and share the
 * label `other` beyond the bound; whatever they do, an owned server has its label.
 */
export class Servers {
  readonly #options: ServersOptions
  readonly #owned = new Map<string, WatchedServer>()
  readonly #guests = new Map<string, WatchedServer>()
  #others: WatchedServer | undefined
  /** The one that moved last, and its name: most events are of the same one as the event before. */
  #latest: WatchedServer | undefined
  #latestName: string | undefined
  /** Before this no guest can have been silent for long enough. */
  #nextLookAt = 0

  constructor(options: ServersOptions) {
    this.#options = options
  }

  /** All of them. */
  *all(): Iterable<WatchedServer> {
    yield* this.#owned.values()
    yield* this.#guests.values()
    if (this.#others) yield this.#others
  }

  /** The one that an event of `name` moves. */
  of(name: string): WatchedServer {
    if (name === this.#latestName && this.#latest) return this.#latest
    const server = this.#owned.get(name) ?? this.#guests.get(name) ?? this.#meet(name)
    this.#latest = server === this.#others ? undefined : server
    this.#latestName = name
    return server
  }

  /** There is no such server any more: its series end. An event of it begins them anew. */
  forget(name: string): void {
    const known = this.#owned.get(name) ?? this.#guests.get(name)
    if (!known) return
    this.#owned.delete(name)
    this.#guests.delete(name)
    this.#latest = undefined
    this.#endSeries(known)
  }

  #meet(name: string): WatchedServer {
    const { registry, maxServers, isOwned } = this.#options
    if (isOwned(name)) return this.#add(this.#owned, name)
    if (this.#guests.size >= maxServers) this.#giveBack()
    if (this.#guests.size < maxServers) return this.#add(this.#guests, name)
    registry.overflowed(CATALOGUE.mcp.server_up)
    this.#others ??= this.#make(OVERFLOW)
    return this.#others
  }

  #add(servers: Map<string, WatchedServer>, name: string): WatchedServer {
    const made = this.#make(name)
    servers.set(name, made)
    return made
  }

  #make(label: string): WatchedServer {
    const { registry, limits, now } = this.#options
    return new WatchedServer(label, registry, limits, now)
  }

  /** Ends the guests that were silent for long; one that is owned by now stays. */
  #giveBack(): void {
    const { registry, isOwned, now } = this.#options
    const at = now()
    if (at < this.#nextLookAt) return
    let quietest = at
    for (const [name, server] of this.#guests) {
      if (isOwned(name)) this.#owned.set(name, server)
      else if (at - server.heardAt < SILENT_MS) {
        quietest = Math.min(quietest, server.heardAt)
        continue
      } else {
        this.#endSeries(server)
        registry.counter(CATALOGUE.mcp_vitals.servers_forgotten_total).with().inc()
      }
      this.#guests.delete(name)
    }
    this.#latest = undefined
    this.#nextLookAt = quietest + SILENT_MS
  }

  #endSeries({ label }: WatchedServer): void {
    const { registry } = this.#options
    for (const { metric } of registry.metrics()) if (metric.labels[0] === 'server') registry.remove(metric, label)
  }
}
