import { randomBytes, randomUUID } from 'node:crypto'
import type { Event } from '@mcp-vitals/instrument/event'
import { createShipper, type Shipper } from '@mcp-vitals/instrument/ship'
import type { Publish } from '@mcp-vitals/instrument/stream'
import { type DataDir, openDataDir } from '../datadir/index.js'
import { createIdMask, createMask } from '../redact/index.js'
import { createDiskSpool } from '../spool/index.js'
import { VERSION } from '../version/index.js'
import { createPost } from './wrap-post.js'

/** Most events kept while the state directory is being opened, which takes milliseconds. */
const MAX_EARLY = 10_000
/** A daemon that has come is found within so long; to look for it is to read one small file. Milliseconds. */
const LOOK_AGAIN_MS = 5_000

/** What is more goes to the spool: a wrap runs beside every server, and shall be small. Bytes. */
const MEMORY_BYTES = 1024 * 1024

/** The way of one wrap’s events to the daemon. */
export interface Shipping {
  /** Pseudonymous id of the connection. */
  readonly session: string
  /** Never blocks, never throws. */
  readonly publish: Publish
  /** The state directory once it is open; undefined where it cannot be used. Never rejects. */
  readonly opened: Promise<DataDir | undefined>
  /** Leaves what no daemon has taken in the spool, for the next one. Resolves without waiting for any network. */
  park(): Promise<void>
}

/**
 * Opens the state directory beside the call’s path. When it cannot be had the events are dropped and the wrap still works:
 * to watch is not worth more than to serve. `onUnusable` is then told why, once. It is told the same when the directory
 * is lost later, from when on events wait in memory alone.
 */
export function openShipping(
  server: string,
  dataDir: string | undefined,
  onUnusable: (error: unknown) => void,
): Shipping {
  const session = randomUUID()
  let early: Event[] | undefined = []
  let shipper: Shipper | undefined
  const opened = openDataDir(dataDir)
    .then((found) => {
      shipper = startShipper(found, server, session, onUnusable)
      void shipper.write((early ?? []).map((event) => ({ event, entrance: 'local' })))
      return found
    })
    .catch((error: unknown) => {
      onUnusable(error)
      return undefined
    })
    .finally(() => {
      early = undefined
    })
  return {
    session,
    opened,
    publish(event) {
      if (shipper) void shipper.write([{ event, entrance: 'local' }])
      else if (early && early.length < MAX_EARLY) early.push(event)
    },
    async park() {
      await opened
      shipper?.park()
    },
  }
}

function startShipper(dataDir: DataDir, server: string, stream: string, onUnusable: (error: unknown) => void): Shipper {
  const sender = { kind: 'wrap', name: server, version: VERSION }
  return createShipper({
    stream,
    sender,
    post: createPost(dataDir),
    spool: createDiskSpool({
      dir: dataDir.spoolDir,
      stream,
      sender,
      onFault: (error) => onUnusable(dataDir.unusable(error)),
    }),
    clock: () => performance.now(),
    mask: createMask(createIdMask(randomBytes(32))),
    limits: { maxBackoffMs: LOOK_AGAIN_MS, memoryBytes: MEMORY_BYTES },
  })
}
