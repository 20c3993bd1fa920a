import { event, type Origin, OWN_SERVER } from '@mcp-vitals/instrument/event'
import { type AddressReader, createAddressReader, placeOf } from './address.js'
import { createSchemas, type Schemas } from './arguments.js'
import { createBooks, type Limits } from './books.js'
import type { Arrival, AskedMessage, Door, Doors, DoorsNeeds, IntendedCall, Pass } from './contract.js'
import { createGlobs } from './glob.js'
import { createKeyRing, type Holder, holdsKey, type KeyRing, makeKey } from './keys.js'
import { createLockout, type Lockout } from './lockout.js'
import { meantMethod } from './methods.js'
import { type DoorsSetting, doorsOf, type ServerDoors } from './options.js'
import { type Refused, rateHeaders } from './rate-headers.js'
import {
  type AuthReason,
  budgetSpent,
  doesNotFit,
  type LimitType,
  limited,
  lockedOut,
  misspeltMethod,
  NO_TOOL_NAMED,
  NOT_WRITTEN_DOWN,
  type Refusal,
  SERVER_NOT_ALLOWED,
  type ToolProblem,
  toolNotAllowed,
  unauthorized,
} from './refusals.js'
import type { Check } from './schema-types.js'

const OWN_AGENT = 'mcp-vitals'

/** Whether some tools are kept from a caller. */
function hidesFrom({ allows, holder }: Way): boolean {
  return allows !== undefined || (holder !== undefined && !holder.allowsAll)
}

/** Builds the doors. Everything is decided at once, from memory. */
export function createDoors(needs: DoorsNeeds): Doors {
  const { publish, clock, now } = needs
  const own = makeKey({ agent: OWN_AGENT, servers: ['*'], tools: ['*'], createdAt: now() })
  const books = createBooks(clock)
  const lockout = createLockout(needs.setting.options, clock)
  const shared: Shared = {
    publish,
    now,
    patterns: needs.patterns,
    purse: needs.purse?.refuses ? needs.purse : undefined,
    ledger: needs.ledger,
    lockout,
    addressOf: createAddressReader([]),
    ring: createKeyRing([own.record]),
    ownId: own.record.id,
    homes: new Map(),
    isKeyed: false,
  }
  let { setting } = needs
  const doors = new Map<string, ServerDoor | undefined>()

  function change(next: DoorsSetting, patterns: Check['patterns']): void {
    setting = next
    books.change(next)
    lockout.change(next.options)
    shared.patterns = patterns
    shared.addressOf = createAddressReader(next.options.trustedProxies)
    shared.isKeyed = [next.options, ...Object.values(next.servers)].some((set) => set?.keys)
    for (const [server, door] of doors) doors.set(server, built(server, door))
  }

  /** The door of a server as it is set now: the one that it had, where it had one. */
  function built(server: string, before: ServerDoor | undefined): ServerDoor | undefined {
    const set = doorsOf(setting, server)
    const limits = books.of(server, set)
    const { keys, checkArguments, tools, maxRequestBytes } = set
    const isOpen =
      !shared.purse &&
      !shared.ledger &&
      !keys &&
      !checkArguments &&
      tools === undefined &&
      maxRequestBytes === undefined
    if (isOpen && Object.values(limits).every((rates) => rates === undefined)) return undefined
    const door = before ?? new ServerDoor(server, shared)
    door.set(set, limits)
    return door
  }

  change(setting, needs.patterns)
  return {
    of(server = OWN_SERVER) {
      if (!doors.has(server)) doors.set(server, built(server, undefined))
      return doors.get(server)
    },
    change,
    setKeys(records) {
      shared.ring = createKeyRing([...records, own.record])
      const ids = new Set(records.map(({ id }) => id))
      for (const id of shared.homes.keys()) if (!ids.has(id)) shared.homes.delete(id)
    },
    ownKey: own.key,
    stats: () => ({
      shared: books.shared,
      forgotten: lockout.forgotten,
      tracked: books.tracked + lockout.tracked,
    }),
  }
}

interface Shared extends Pick<DoorsNeeds, 'publish' | 'now'> {
  readonly purse: DoorsNeeds['purse'] | undefined
  readonly ledger: DoorsNeeds['ledger'] | undefined
  readonly lockout: Lockout
  readonly ownId: string
  /** Id of a key → where it opened something last. As many as there are keys. */
  readonly homes: Map<string, string>
  patterns: Check['patterns']
  addressOf: AddressReader
  ring: KeyRing
  /** Whether any server asks for keys: then one address may be that of several agents. */
  isKeyed: boolean
}

class ServerDoor implements Door {
  readonly #server: string
  readonly #shared: Shared
  #set!: ServerDoors
  #limits!: Limits
  #allows: ((tool: string) => boolean) | undefined
  #schemas: Schemas | undefined

  constructor(server: string, shared: Shared) {
    this.#server = server
    this.#shared = shared
  }

  set(set: ServerDoors, limits: Limits): void {
    this.#set = set
    this.#limits = limits
    this.#allows = set.tools && createGlobs(set.tools)
    this.#schemas = set.checkArguments ? (this.#schemas ?? createSchemas()) : undefined
  }

  get wantsTools(): boolean {
    return this.#schemas?.isEmpty ?? false
  }

  admit(arrival: Arrival): Pass | Refusal {
    const { addressOf, ownId } = this.#shared
    const place = placeOf(addressOf(arrival.remote, arrival.forwardedFor))
    const holder = this.#set.keys ? this.#identify(arrival, place) : undefined
    if (holder && 'status' in holder) return holder
    if (holder?.id === ownId) return this.#passOf(holder, place, true)
    const { address } = this.#limits
    const waitMs = address?.waitMs(place) ?? 0
    if (waitMs > 0) {
      this.#tellLimit('address', 'http', holder?.agent)
      const refusal = limited('address', waitMs)
      const headers = rateHeaders(this.#limits, {}, { type: 'address', waitMs })
      return { ...refusal, headers: { ...refusal.headers, ...headers } }
    }
    address?.take(place)
    return this.#passOf(holder, place, false)
  }

  #identify({ keys, url, headers }: Arrival, place: string): Holder | Refusal {
    const { ring, lockout, homes, now, ownId } = this.#shared
    const found = keys.length === 1 ? ring.find(keys[0]!, now()) : keys.length === 0 ? 'missing' : 'malformed'
    if (typeof found !== 'string' && found.id === ownId) return found
    const lockedMs = lockout.waitMs(place)
    // Who guesses beside a good agent, behind one address, does not lock that agent out.
    const isAtHome = typeof found !== 'string' && homes.get(found.id) === place
    if (lockedMs > 0 && !isAtHome) {
      this.#tellAuth('locked_out', 'refused')
      return lockedOut(lockedMs)
    }
    if (holdsKey(url)) return this.#refuse('in_address')
    if (typeof found === 'string') {
      const locks = (found === 'malformed' || found === 'unknown') && lockout.failed(place)
      const refusal = this.#refuse(found)
      if (locks) this.#tellLockout()
      return refusal
    }
    // What passes goes on to the server, which is to see no key.
    if (headers.some(holdsKey)) return this.#refuse('in_header')
    if (!found.opens(this.#server)) {
      this.#tellAuth('server_not_allowed', 'refused', found.agent)
      return SERVER_NOT_ALLOWED
    }
    homes.set(found.id, place)
    return found
  }

  #refuse(reason: Exclude<AuthReason, 'locked_out' | 'server_not_allowed'>): Refusal {
    this.#tellAuth(reason, 'refused')
    return unauthorized(reason)
  }

  #passOf(holder: Holder | undefined, place: string, isOwn: boolean): Pass {
    // What holds at the start of a request holds to its end: the doors may be set anew in between.
    const way: Way = { holder, isOwn, limits: this.#limits, allows: this.#allows, schemas: this.#schemas, intended: [] }
    const { ledger } = this.#shared
    const { limits, schemas } = way
    const { maxRequestBytes } = this.#set
    const hides = hidesFrom(way)
    const counts = !isOwn && (limits.agent ?? limits.server ?? limits.tool) !== undefined
    const ownIds = holder ? { agent: holder.agent } : this.#shared.isKeyed ? {} : { address: place }
    const told = holder ? limits : { ...limits, agent: undefined }
    let refused: Refused | undefined
    return {
      holder: holder?.id,
      agent: holder?.agent,
      holds: () => holder === undefined || this.#shared.ring.opens(holder.id, this.#shared.now()),
      maxRequestBytes,
      readsRequest:
        hides ||
        counts ||
        (!isOwn && this.#shared.purse !== undefined) ||
        ledger !== undefined ||
        schemas !== undefined ||
        maxRequestBytes !== undefined,
      readsTools: hides || schemas !== undefined,
      admit: (message) =>
        this.#judge(message, way, (by) => {
          refused = by
        }),
      written: () => {
        const calls = way.intended.splice(0)
        return calls.length === 0 ? undefined : ledger?.write(calls).then((may) => (may ? undefined : NOT_WRITTEN_DOWN))
      },
      visible: (tools) => {
        schemas?.learn(tools)
        return hides
          ? tools.filter(({ name }) => typeof name === 'string' && problemOf(name, way) === undefined)
          : tools
      },
      tooLarge: () => this.#tellLimit('request_size', 'http', holder?.agent),
      headers: () => (isOwn ? {} : rateHeaders(told, ownIds, refused)),
    }
  }

  #judge(message: AskedMessage, way: Way, onLimit: (by: Refused) => void): Refusal | undefined {
    const { kind, method, name } = message
    const { holder, isOwn, schemas, intended } = way
    const { ledger } = this.#shared
    // A call that is written as a notification may be run all the same, by a server that looks at the method alone.
    const isCall = kind !== 'response' && method === 'tools/call'
    const tool = isCall && typeof name === 'string' ? name : undefined
    // What a lenient server could take for a call would get past what is asked of calls.
    if (schemas !== undefined || ledger !== undefined || hidesFrom(way)) {
      const meant = kind === 'response' || method === undefined ? undefined : meantMethod(method)
      if (meant !== undefined) {
        this.#tellValidation(undefined, 'method_misspelt', holder?.agent)
        return misspeltMethod(method!, meant)
      }
      if (isCall && tool === undefined) {
        this.#tellValidation(undefined, 'no_tool_named', holder?.agent)
        return NO_TOOL_NAMED
      }
    }
    const problem = tool === undefined ? undefined : problemOf(tool, way)
    if (tool !== undefined && problem) {
      this.#tellValidation(tool, 'tool_not_allowed', holder?.agent)
      return toolNotAllowed(tool, problem)
    }
    const empty = tool === undefined || isOwn ? undefined : this.#shared.purse?.spent({ tool, agent: holder?.agent })
    if (empty) {
      this.#tellLimit('budget', 'mcp', holder?.agent)
      return budgetSpent(empty.budget, empty.waitMs)
    }
    const by = kind === 'request' && !isOwn ? this.#count(tool, way) : undefined
    if (by) {
      onLimit(by)
      this.#tellLimit(by.type, 'mcp', holder?.agent)
      return limited(by.type, by.waitMs)
    }
    const misfit = tool === undefined ? undefined : schemas?.misfit(tool, message.arguments, this.#shared.patterns)
    if (misfit) {
      this.#tellValidation(tool, misfit.keyword, holder?.agent)
      return doesNotFit(tool!, misfit)
    }
    if (tool !== undefined && ledger?.wants({ server: this.#server, tool }))
      intended.push({ server: this.#server, tool, agent: holder?.agent, arguments: message.arguments })
    return undefined
  }

  /** Counts a request against each limit, or against none where one of them is reached, which is the result. */
  #count(tool: string | undefined, { holder, limits }: Way): Refused | undefined {
    const counted = [
      ['agent', holder?.agent],
      ['server', this.#server],
      ['tool', tool === undefined ? undefined : `${this.#server}\n${tool.slice(0, 256)}`],
    ] as const
    let worst: Refused | undefined
    for (const [type, id] of counted) {
      const waitMs = id === undefined ? 0 : (limits[type]?.waitMs(id) ?? 0)
      if (waitMs > (worst?.waitMs ?? 0)) worst = { type, waitMs }
    }
    if (worst) return worst
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

  #tellLockout(): void {
    const { publish, now } = this.#shared
    this.#tellAuth('locked_out', 'locked_out')
    publish(event('security', now(), this.#origin(undefined), { kind: 'AUTH_LOCKOUT', severity: 'HIGH' }))
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

/** What holds for one request. */
interface Way {
  readonly holder: Holder | undefined
  readonly isOwn: boolean
  readonly limits: Limits
  readonly allows: ((tool: string) => boolean) | undefined
  readonly schemas: Schemas | undefined
  /** Calls that were admitted, and have to be written down. */
  readonly intended: IntendedCall[]
}

/** Who does not let a tool be called. */
function problemOf(tool: string, { holder, allows }: Way): ToolProblem | undefined {
  if (allows && !allows(tool)) return 'server'
  return holder && !holder.allows(tool) ? 'key' : undefined
}
