import { randomUUID } from 'node:crypto'
import type { Event } from '@mcp-vitals/instrument/event'
import { createShipper, type Shipper } from '@mcp-vitals/instrument/ship'
import type { Publish } from '@mcp-vitals/instrument/stream'
import { type DataDir, openDataDir } from '../datadir/index.js'
import { createMask } from '../redact/index.js'
import { createDiskSpool } from '../spool/index.js'
import { VERSION } from '../version/index.js'
import { createPost } from './wrap-post.js'

/** Most events kept while the state directory is being opened, which takes milliseconds. */
const MAX_EARLY = 10_000
/** A daemon that has come is found within so long; to look for it is to read one small file. Milliseconds. */
const LOOK_AGAIN_MS = 5_000

/** The way of one wrap’s events to the daemon. */
export interface Shipping {
  /** Pseudonymous id of the connection. */
  readonly session: string
  /** Never blocks, never throws. */
  readonly publish: Publish
  /** Leaves what no daemon has taken in the spool, for the next one. Resolves without waiting for any network. */
  park(): Promise<void>
}

/**
 * Opens the state directory beside the call’s path. When it cannot be had the events are dropped and the wrap still works:
 * to watch is not worth more than to serve. `onUnusable` is then told why, once.
 */
export function openShipping(server: string, onUnusable: (error: unknown) => void): Shipping {
  const session = randomUUID()
  const mask = createMask()
  let early: Event[] | undefined = []
  let shipper: Shipper | undefined
  const opened = openDataDir()
    .then((dataDir) => {
      shipper = startShipper(dataDir, server, session)
      void shipper.write((early ?? []).map((event) => ({ event, entrance: 'local' })))
    })
    .catch(onUnusable)
    .finally(() => {
      early = undefined
    })
  return {
    session,
    publish(seen) {
      const event = mask(seen)
      if (shipper) void shipper.write([{ event, entrance: 'local' }])
      else if (early && early.length < MAX_EARLY) early.push(event)
    },
    async park() {
      await opened
      shipper?.park()
    },
  }
}

function startShipper(dataDir: DataDir, server: string, stream: string): Shipper {
  const sender = { kind: 'wrap', name: server, version: VERSION }
  return createShipper({
    stream,
    sender,
    post: createPost(dataDir),
    spool: createDiskSpool({ dir: dataDir.spoolDir, stream, sender }),
    clock: () => performance.now(),
    limits: { maxBackoffMs: LOOK_AGAIN_MS },
  })
}
