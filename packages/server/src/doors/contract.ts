import type { Publish } from '@mcp-vitals/instrument/stream'
import type { ToolDefinition } from './arguments.js'
import type { KeyRecord } from './keys.js'
import type { DoorsSetting } from './options.js'
import type { Refusal } from './refusals.js'
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
  /** The other headers, names and values: no key stands there either. */
  readonly headers: readonly string[]
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
  /** False once the key that it came with was revoked or has expired. */
  holds(): boolean
  readonly maxRequestBytes: number | undefined
  /** Whether the body must be read: some message may be refused. */
  readonly readsRequest: boolean
  /** Whether answers with tools must be read: some are hidden, or their schemas are wanted. */
  readonly readsTools: boolean
  /** Judges one message. Counts it where it passes. */
  admit(message: AskedMessage): Refusal | undefined
  /** The tools of a page of `tools/list` that this caller may see; their schemas are remembered. */
  visible<T extends ToolDefinition>(tools: readonly T[]): readonly T[]
  /** Tells of a body that was too large. */
  tooLarge(): void
  /**
   * Has those of the admitted calls written down that must be before they go on. Resolves to the refusal of all, or to
   * undefined when they may go on; undefined where there are none. Never rejects.
   */
  written(): Promise<Refusal | undefined> | undefined
  /** Headers of every answer: which limits hold, and what the caller has left of its own. */
  headers(): Readonly<Record<string, string>>
}

/** The doors of one server. */
export interface Door {
  admit(arrival: Arrival): Pass | Refusal
  /** Arguments are checked, and no list of the server's tools has passed yet. */
  readonly wantsTools: boolean
}

/** What all doors share, and how they are told of changes. */
export interface Doors {
  /** The door of a server, or of an address that names none; undefined where nothing is set for it. */
  of(server: string | undefined): Door | undefined
  /**
   * From now on the doors are set like this. What a limit has counted, which addresses are locked and what is known of
   * tools stays; requests that were let in pass as they were.
   */
  change(setting: DoorsSetting, patterns: Check['patterns']): void
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
  readonly setting: DoorsSetting
  readonly publish: Publish
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Monotonic milliseconds. */
  readonly clock: () => number
  /** Compiles a schema's pattern; see `createPatterns`. */
  readonly patterns: Check['patterns']
  /** What may be spent; everything where absent. */
  readonly purse?: Purse
  /** Which calls are written down first; none where absent. */
  readonly ledger?: Ledger
}

/** What the doors ask of the audit log: calls that are written down before they go on. */
export interface Ledger {
  /** Whether calls of this tool are. */
  wants(call: { readonly server: string; readonly tool: string }): boolean
  /** Writes calls down; resolves to whether they may go on. Never rejects. */
  write(calls: readonly IntendedCall[]): Promise<boolean>
}

export interface IntendedCall {
  readonly server: string
  readonly tool: string
  readonly agent: string | undefined
  /** `params.arguments`, of which the log keeps what its owner named, and nothing else. */
  readonly arguments: unknown
}

/** What the doors ask of budgets: whether a call that costs may still pass. */
export interface Purse {
  /** Whether any call is ever refused: else no body is read for it. */
  readonly refuses: boolean
  /** The budget that is spent, and how long until its next window. */
  spent(call: { readonly tool: string; readonly agent: string | undefined }): Emptiness | undefined
}

export interface Emptiness {
  readonly budget: string
  readonly waitMs: number
}
