import { event, type Origin } from '@mcp-vitals/instrument/event'
import type { Publish } from '@mcp-vitals/instrument/stream'
import { type AddressReader, createAddressReader, placeOf } from './address.js'
import { createSchemas, type Schemas, type ToolDefinition } from './arguments.js'
import { createKeyRing, type Holder, holdsKey, type KeyRecord, type KeyRing, makeKey } from './keys.js'
import { createLockout, type Lockout } from './lockout.js'
import { type DoorsOptions, doorsOf, type ServerDoors } from './options.js'
import { createRates, type Rates } from './rates.js'
import {
  type AuthReason,
  doesNotFit,
  type LimitType,
  limited,
  lockedOut,
  type Refusal,
  SERVER_NOT_ALLOWED,
  toolNotAllowed,
  unauthorized,
} from './refusals.js'
import type { Check } from './schema-types.js'

/** A request at a door, before its body. */
export interface Arrival {
  /** The other end of the connection. */
  readonly remote: string | undefined
  readonly forwardedFor: string | undefined
  /** Each value of the key header. */
  readonly keys: readonly string[]
  /** Path and query, as sent. */
  readonly url: string
}

/** A message of a client that was let in. */
export interface AskedMessage {
  readonly kind: 'request' | 'notification' | 'response'
  readonly method: string | undefined
  /** `params.name` and `params.arguments`. */
  readonly name: unknown
  readonly arguments: unknown
}

/** Somebody who was let in, for one request. */
export interface Pass {
  /** Which key opened; undefined where none is asked for. */
  readonly holder: string | undefined
  readonly agent: string | undefined
  readonly maxRequestBytes: number | undefined
  /** Whether the body must be read: some message may be refused. */
  readonly readsRequest: boolean
  /** Whether answers with tools must be read: some are hidden, or their schemas are wanted. */
  readonly readsTools: boolean
  /** Judges one message. Counts it where it passes. */
  admit(message: AskedMessage): Refusal | undefined
  /** The tools of a page of `tools/list` that this caller may see; their schemas are remembered. */
  visible<T extends ToolDefinition>(tools: readonly T[], first: boolean): readonly T[]
  /** Tells of a body that was too large. */
  tooLarge(): void
}

/** The doors of one server. */
export interface Door {
  admit(arrival: Arrival): Pass | Refusal
}

/** What all doors share, and how they are told of changes. */
export interface Doors {
  /** The door of a server; undefined where nothing is set for it. */
  of(server: string): Door | undefined
  /** From now on these keys open. */
  setKeys(records: readonly KeyRecord[]): void
  /** A key of our own, for our own looks at the servers; it lives as long as this process. */
  readonly ownKey: string
  stats(): DoorsStats
}

export interface DoorsStats {
  /** Calls that shared a limit, since it followed as many callers as it may. */
  readonly shared: number
  /** Addresses whose wrong keys were forgotten for want of room. */
  readonly forgotten: number
  /** Addresses, agents and tools that are followed. */
  readonly tracked: number
}

export interface DoorsNeeds {
  readonly options: DoorsOptions
  readonly publish: Publish
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Monotonic milliseconds. */
  readonly clock: () => number
  /** Compiles a schema's pattern; see `createPatterns`. */
  readonly patterns: Check['patterns']
}

type LimitName = keyof DoorsOptions['limits']
const OWN_AGENT = 'mcp-vitals'

/** Builds the doors. Everything is decided at once, from memory. */
export function createDoors(needs: DoorsNeeds): Doors {
  const { options, clock, now } = needs
  const limits = Object.fromEntries(
    Object.entries(options.limits).map(([name, { calls, windowMs }]) => [
      name,
      calls === undefined ? undefined : createRates({ calls, windowMs }, options.maxTracked, clock),
    ]),
  ) as Readonly<Record<LimitName, Rates | undefined>>
  const lockout = createLockout(options.lockout, options.maxTracked, clock)
  const own = makeKey({ agent: OWN_AGENT, servers: ['*'], tools: ['*'], createdAt: now() })
  const shared: Shared = {
    ...needs,
    limits,
    lockout,
    addressOf: createAddressReader(options.trustedProxies),
    ring: createKeyRing([own.record]),
    ownId: own.record.id,
  }
  const doors = new Map<string, ServerDoor | undefined>()
  const followed = () => Object.values(limits).filter((rates) => rates !== undefined)

  function of(server: string): ServerDoor | undefined {
    if (!doors.has(server)) {
      const set = doorsOf(options, server)
      const isOpen = !set.keys && !set.checkArguments && set.maxRequestBytes === undefined && followed().length === 0
      doors.set(server, isOpen ? undefined : new ServerDoor(server, set, shared))
    }
    return doors.get(server)
  }

  return {
    of,
    setKeys(records) {
      shared.ring = createKeyRing([...records, own.record])
    },
    ownKey: own.key,
    stats: () => ({
      shared: followed().reduce((sum, rates) => sum + rates.shared, 0),
      forgotten: lockout.forgotten,
      tracked: followed().reduce((sum, { tracked }) => sum + tracked, lockout.tracked),
    }),
  }
}

interface Shared extends DoorsNeeds {
  readonly limits: Readonly<Record<LimitName, Rates | undefined>>
  readonly lockout: Lockout
  readonly addressOf: AddressReader
  readonly ownId: string
  ring: KeyRing
}

class ServerDoor implements Door {
  readonly #server: string
  readonly #set: ServerDoors
  readonly #shared: Shared
  readonly #schemas: Schemas | undefined

  constructor(server: string, set: ServerDoors, shared: Shared) {
    this.#server = server
    this.#set = set
    this.#shared = shared
    this.#schemas = set.checkArguments ? createSchemas(shared.patterns) : undefined
  }

  admit({ remote, forwardedFor, keys, url }: Arrival): Pass | Refusal {
    const { addressOf, limits, ownId } = this.#shared
    const place = placeOf(addressOf(remote, forwardedFor))
    const holder = this.#set.keys ? this.#identify(keys, url, place) : undefined
    if (holder && 'status' in holder) return holder
    if (holder?.id === ownId) return this.#passOf(holder, true)
    const waitMs = limits.address?.waitMs(place) ?? 0
    if (waitMs > 0) {
      this.#tellLimit('address', 'http', holder?.agent)
      return limited('address', waitMs)
    }
    limits.address?.take(place)
    return this.#passOf(holder, false)
  }

  #identify(keys: readonly string[], url: string, place: string): Holder | Refusal {
    const { ring, lockout, now, ownId } = this.#shared
    const found = keys.length === 1 ? ring(keys[0]!, now()) : keys.length === 0 ? 'missing' : 'malformed'
    if (typeof found !== 'string' && found.id === ownId) return found
    const lockedMs = lockout.waitMs(place)
    if (lockedMs > 0) {
      this.#tellAuth('locked_out', 'refused')
      return lockedOut(lockedMs)
    }
    if (holdsKey(url)) return this.#refuse('in_address')
    if (typeof found === 'string') {
      const locks = (found === 'malformed' || found === 'unknown') && lockout.failed(place)
      const refusal = this.#refuse(found)
      if (locks) this.#tellAuth('locked_out', 'locked_out')
      return refusal
    }
    if (found.opens(this.#server)) return found
    this.#tellAuth('server_not_allowed', 'refused', found.agent)
    return SERVER_NOT_ALLOWED
  }

  #refuse(reason: Exclude<AuthReason, 'locked_out' | 'server_not_allowed'>): Refusal {
    this.#tellAuth(reason, 'refused')
    return unauthorized(reason)
  }

  #passOf(holder: Holder | undefined, isOwn: boolean): Pass {
    const { limits } = this.#shared
    const hides = holder !== undefined && !holder.allowsAll
    const counts = !isOwn && (limits.agent ?? limits.server ?? limits.tool) !== undefined
    const { maxRequestBytes } = this.#set
    const reads = hides || counts || this.#schemas !== undefined || maxRequestBytes !== undefined
    return {
      holder: holder?.id,
      agent: holder?.agent,
      maxRequestBytes,
      readsRequest: reads,
      readsTools: hides || this.#schemas !== undefined,
      admit: (message) => this.#judge(message, holder, isOwn),
      visible: (tools, first) => {
        this.#schemas?.learn(tools, first)
        return hides ? tools.filter(({ name }) => typeof name === 'string' && holder.allows(name)) : tools
      },
      tooLarge: () => this.#tellLimit('request_size', 'http', holder?.agent),
    }
  }

  #judge(message: AskedMessage, holder: Holder | undefined, isOwn: boolean): Refusal | undefined {
    const { kind, method, name } = message
    // A call that is written as a notification may be run all the same, by a server that looks at the method alone.
    const isCall = kind !== 'response' && method === 'tools/call'
    const tool = isCall ? (typeof name === 'string' ? name : '') : undefined
    if (tool !== undefined && holder && !holder.allows(tool)) {
      this.#tellValidation(tool, 'tool_not_allowed', holder.agent)
      return toolNotAllowed(tool)
    }
    const refusal = kind === 'request' && !isOwn ? this.#count(tool, holder) : undefined
    if (refusal) return refusal
    const misfit = tool === undefined ? undefined : this.#schemas?.misfit(tool, message.arguments)
    if (!misfit) return undefined
    this.#tellValidation(tool, misfit.keyword, holder?.agent)
    return doesNotFit(tool!, misfit)
  }

  /** Counts a request against each limit, or against none where one of them is reached. */
  #count(tool: string | undefined, holder: Holder | undefined): Refusal | undefined {
    const { limits } = this.#shared
    const counted: readonly (readonly [Exclude<LimitType, 'address' | 'request_size'>, string | undefined])[] = [
      ['agent', holder?.agent],
      ['server', this.#server],
      ['tool', tool === undefined ? undefined : `${this.#server}\n${tool.slice(0, 256)}`],
    ]
    let worst: { readonly type: LimitType; readonly waitMs: number } | undefined
    for (const [type, id] of counted) {
      const waitMs = id === undefined ? 0 : (limits[type]?.waitMs(id) ?? 0)
      if (waitMs > (worst?.waitMs ?? 0)) worst = { type, waitMs }
    }
    if (worst) {
      this.#tellLimit(worst.type, 'mcp', holder?.agent)
      return limited(worst.type, worst.waitMs)
    }
    for (const [type, id] of counted) if (id !== undefined) limits[type]?.take(id)
    return undefined
  }

  #origin(agent: string | undefined): Origin {
    return { server: this.#server, transport: 'http', ...(agent !== undefined && { agent }) }
  }

  #tellAuth(reason: AuthReason, action: 'refused' | 'locked_out', agent?: string): void {
    const { publish, now } = this.#shared
    publish(event('auth', now(), this.#origin(agent), { action, reason }))
  }

  #tellLimit(limitType: LimitType, layer: 'http' | 'mcp', agent: string | undefined): void {
    const { publish, now } = this.#shared
    publish(event('limit', now(), this.#origin(agent), { limitType, layer }))
  }

  #tellValidation(tool: string | undefined, reason: string, agent: string | undefined): void {
    const { publish, now } = this.#shared
    const name = tool === undefined || tool === '' ? {} : { name: tool.slice(0, 128) }
    publish(event('validation', now(), this.#origin(agent), { ...name, reason }))
  }
}
