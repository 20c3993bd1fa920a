import { randomUUID } from 'node:crypto'
import type { Event } from '../event/index.js'
import type { CommittedValue } from '../mcp/index.js'
import {
  type Batch,
  BatchEncoder,
  createShipper,
  outcomeOf,
  type Receipt,
  receiptOf,
  type ShipLimits,
  type ShipperStats,
} from '../ship/index.js'
import { createStream } from '../stream/index.js'
import { serverName, vitals } from '../vitals/index.js'
import { checkCommitments, readValues } from './commitments.js'
import { findDaemon, type Target } from './daemon.js'
import { Definitions } from './definitions.js'
import { SHIP_DEFAULTS } from './options.js'
import { Poster } from './post.js'
import { VERSION } from './version.js'

/** Most servers of one process, and most tools of each, that a daemon is told of by name. */
const MAX_SERVERS = 100
const MAX_TOOLS = 1000

export interface ShipOptions {
  /** Address of the daemon. Default: `MCP_VITALS_URL`, else the daemon of this machine, which may come and go. */
  readonly url?: string
  /** The daemon's ingest token. Default: `MCP_VITALS_TOKEN`, else that of this machine's daemon, for it alone. */
  readonly token?: string
  /**
   * Values of calls that the audit log of the daemon shall commit to, 16 at most: texts of up to 4,096 characters, numbers, true
   * and false. They travel beside the events, in no event.
   */
  readonly commitments?: readonly CommittedValue[]
  /** Bounds and times; see `ShipLimits`. Default: `SHIP_DEFAULTS`, and the shipper's own. */
  readonly limits?: Partial<ShipLimits>
}

export interface Shipping {
  /** Of all that was observed since it began: `numbered` counts what found no room on its way to a number, too. */
  stats(): ShipperStats
  /** Sends what waits, for two seconds at most, and ends. Idempotent. It is called by itself when the program comes to its end. */
  close(): Promise<void>
}

/**
 * Sends what is observed in this process to an mcp-vitals daemon, from now on until the program ends: in batches, in order,
 * each event once. Where there is no daemon events wait in bounded memory; the oldest go first, and are counted. It never
 * throws and never keeps the process alive, but throws a RangeError for commitments that cannot be meant. There is one in a
 * process: a second call gives the first one's, until that is closed.
 */
export function ship(options: ShipOptions = {}): Shipping {
  checkCommitments(options.commitments)
  const held = shippings()
  held.current ??= start(options, () => {
    held.current = undefined
  })
  return held.current
}

/** The shipping of this process, where it ships. */
export function shippings(): { current?: Shipping | undefined } {
  return vitals().share('shipping', () => ({}))
}

function start(options: ShipOptions, onClosed: () => void): Shipping {
  const hub = vitals()
  const unread = readValues(hub, options.commitments)
  const poster = new Poster()
  const encoder = new BatchEncoder()
  const tools = new ToolNames()
  let target: Target | undefined
  let isClosing = false

  async function post(batch: Batch): Promise<Receipt> {
    try {
      if (!target) {
        target = await findDaemon(options)
        // A daemon that is new to us may have missed them. It may hear them twice: this needs no number.
        const listed = tools.events()
        if (listed.length > 0) {
          const told = await poster.post(target, JSON.stringify({ sender: batch.sender, events: listed }))
          outcomeOf(told.status)
        }
      }
      const { status, text } = await poster.post(target, encoder.encode(batch))
      return receiptOf(status, text)
    } catch (error) {
      // It may have gone, moved, or got another token.
      target = undefined
      throw error
    }
  }

  const shipper = createShipper({
    stream: randomUUID(),
    sender: {
      kind: 'library',
      // Asked each time: the program may name itself later.
      get name() {
        return serverName()
      },
      version: VERSION,
    },
    post,
    clock: () => performance.now(),
    setTimer(task, delayMs) {
      const timer = setTimeout(task, delayMs)
      // At the end of the program the last events are waited for, as long as `closeMs` says.
      if (!isClosing) timer.unref()
      return () => clearTimeout(timer)
    },
    limits: { ...SHIP_DEFAULTS, ...options.limits },
  })
  const stream = createStream({ folds: [], sinks: [shipper], now: Date.now })
  // A daemon tells of definitions that changed.
  const definitions = new Definitions()
  hub.hashOf = (definition) => definitions.hashOf(definition)
  const detach = hub.attach((event) => {
    tools.see(event)
    stream.publish(event)
  })

  async function close(): Promise<void> {
    if (isClosing) return
    isClosing = true
    onClosed()
    hub.hashOf = undefined
    detach()
    unread()
    process.off('beforeExit', onBeforeExit)
    await stream.close()
    poster.close()
  }

  const onBeforeExit = () => void close().catch(() => {})
  process.once('beforeExit', onBeforeExit)
  // The first word goes out at once: a daemon that hears a sender knows that it is there.
  shipper.wake()
  return { stats, close }

  /** What waits for its number, or found no room there, counts as well. */
  function stats(): ShipperStats {
    const { overflowed = 0, waiting = 0 } = stream.stats().sinks[shipper.name] ?? {}
    const shipped = shipper.stats()
    return {
      ...shipped,
      numbered: shipped.numbered + overflowed + waiting,
      dropped: shipped.dropped + overflowed,
      waiting: shipped.waiting + waiting,
    }
  }
}

/** The tools that servers of this process have named. */
class ToolNames {
  readonly #servers = new Map<string, Set<string>>()

  see(event: Event): void {
    if (event.type !== 'tools.listed') return
    const known = this.#servers.get(event.server) ?? new Set()
    if (this.#servers.size < MAX_SERVERS) this.#servers.set(event.server, known)
    for (const tool of event.tools) if (known.size < MAX_TOOLS) known.add(tool)
  }

  events(): readonly object[] {
    return [...this.#servers].map(([server, tools]) => ({
      type: 'tools.listed',
      server,
      tools: [...tools],
      hashes: [],
      sizeBytes: 0,
      complete: false,
    }))
  }
}
