import type { ServerMemory } from '@mcp-vitals/instrument/mcp'
import type { Publish } from '@mcp-vitals/instrument/stream'
import type { Child, ChildRecords, CommandEntry, ServerEntry } from '../../children/index.js'
import type { Exchange } from './exchange.js'
import type { Looks } from './looks.js'
import type { GatewayOptions } from './options.js'
import type { Slots, Tenant } from './slots.js'

/** What every part of the gateway shares. */
export interface GatewayContext {
  readonly publish: Publish
  /** Milliseconds since 1970; within a look, when what it looks at passed. So with `clock`. */
  readonly now: () => number
  /** Monotonic milliseconds. */
  readonly clock: () => number
  /** What waits to be looked at. */
  readonly looks: Looks
  readonly options: GatewayOptions
  /** The cap on server processes, over all servers. */
  readonly slots: Slots
  /** Every server process that runs, for a stop that leaves none. */
  readonly running: Set<{ readonly owner: ServerContext; readonly isProcess: boolean; end(): Promise<void> }>
  /** Process groups that somebody may still be in, whether their leader runs or not. */
  readonly groups: Set<Group>
  /** Where process groups are remembered beyond the end of this process; nowhere where absent. */
  readonly records?: ChildRecords | undefined
  readonly counters: GatewayCounters
}

/** A server that lives in this process, and is reached as the stdio servers are. What it is made of is its maker's affair. */
export interface HostedEntry {
  /** Directory of what it hosts. */
  readonly plugins: string
  readonly disabled: boolean
}

/** How one server is reached. */
export type ServedEntry = ServerEntry | HostedEntry

/** What hosts a server in this process. */
export interface Host {
  /** Opens what stands for a server process: of one session, or of the clients that have none. Its `pid` is undefined. */
  connect(session: string | undefined): Child
  /** Ends what is left. Every connection was ended before. */
  stop(): Promise<void>
}

/** What is started for a session: a process of its own, or a connection within this one. */
export type Startable = CommandEntry | { readonly host: Host; readonly command: string }

/** One process group of ours. */
export interface Group {
  readonly server: string
  readonly child: Pick<Child, 'cleared' | 'kill' | 'orphans'>
  /** Its leader has exited, and what was left was sent SIGKILL if need be. */
  readonly isCleared: boolean
  /** Nobody is in it any more. */
  forget(): void
}

/** One server of the configuration, within its gateway. */
export interface ServerContext extends GatewayContext {
  readonly server: string
  readonly memory: ServerMemory
  /** The end of the standard error of the newest process that ended. */
  readonly lastWords: { text: string }
  /** Processes that crashed, and for which no other was started yet. */
  readonly crashes: { unreplaced: number }
}

/** What the gateway counts, for its `stats()`. */
export interface GatewayCounters {
  /** Lines of a server process that were no JSON-RPC, and so could not be passed on. */
  junkLines: number
  /** Messages of a server that found no reader: no stream open, or a full buffer, or nobody they belong to. */
  undelivered: number
  /** Sessions of HTTP servers of which no further account is kept, because there were too many. */
  evictedSessions: number
  /** Requests that were open when their key was revoked or expired. */
  cutRequests: number
  /** Faults of the observer, swallowed. */
  observerFaults: number
}

/** What is open at one server. */
export interface ServerLoad {
  sessions: number
  /** Processes that the gateway started and that run. */
  children: number
  /** Processes that a child of the gateway started, and that outlive it for now. */
  orphans: number
}

/** The gateway's way to one server. Implementations never throw out of `handle`. */
export interface Upstream {
  /** Answers one exchange whose path is that of the server plus `rest` (path suffix and query, as sent). */
  handle(exchange: Exchange, rest: string): void
  /** From now on takes nothing new: only what belongs to calls in flight. `stop` follows. */
  retire(): void
  /** Whether a request with this session id still belongs here after `retire`. */
  holds(session: string): boolean
  /** Ends what was idle for too long. */
  sweep(): void
  /** Those who hold a process here, and could make room for another. */
  tenants(): readonly Tenant[]
  /** Sessions that are open. */
  readonly sessions: number
  /** As the gateway's; absent where it runs no process. */
  answers?(timeoutMs: number): Promise<boolean | undefined>
  /** Ends every session and process, and publishes their last events. Calls in flight were waited for before. */
  stop(): Promise<void>
}

/** `publish` promises not to throw; a call must not fail where that promise is broken. */
export function guarded(publish: Publish, counters: GatewayCounters): Publish {
  return (event, entrance) => {
    try {
      publish(event, entrance)
    } catch {
      counters.observerFaults++
    }
  }
}
