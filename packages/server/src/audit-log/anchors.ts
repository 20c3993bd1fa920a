import { open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type VitalsError, vitalsError } from '../errors/index.js'
import { makeFolder } from '../folders/index.js'

/** Pause before a checkpoint that could not be handed on is tried again: doubled each time. Milliseconds. */
const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 60_000
/** The end of a file that is looked at for a note that was cut off. 64 KiB: a note is much shorter. */
const TAIL_BYTES = 65_536
const SIGNATURE = '\n— '
const FILE_MODE = 0o600
const DIR_MODE = 0o700

/** A place elsewhere that keeps checkpoints, out of reach of whoever owns the log. */
export interface Anchor {
  /** Its name in the configuration. */
  readonly name: string
  /** Keeps a signed note. Resolves when it is kept for good. */
  keep(note: string): Promise<void>
}

/**
 * A file that checkpoints are appended to: on another host's file system, say, that takes no changes. It reads as
 * `mcp-vitals audit verify --checkpoints` wants it.
 */
export function fileAnchor(name: string, file: string): Anchor {
  let isWhole = false
  return {
    name,
    async keep(note) {
      makeFolder(dirname(file), DIR_MODE)
      const handle = await open(file, 'a+', FILE_MODE)
      try {
        const { size } = await handle.stat()
        if (!isWhole && size > 0) await cutTorn(handle, size)
        isWhole = false
        const { size: before } = await handle.stat()
        await handle.appendFile(before > 0 ? `\n${note}` : note)
        await handle.sync()
        isWhole = true
      } finally {
        await handle.close()
      }
    },
  }
}

/** Cuts off what a crash left of a note: what is whole ends with the line of a signature. */
async function cutTorn(handle: Awaited<ReturnType<typeof open>>, size: number): Promise<void> {
  const from = Math.max(0, size - TAIL_BYTES)
  const tail = Buffer.alloc(size - from)
  await handle.read(tail, 0, tail.length, from)
  let end = 0
  for (let at = tail.indexOf(SIGNATURE); at >= 0; at = tail.indexOf(SIGNATURE, at + 1)) {
    const lineEnd = tail.indexOf('\n', at + 1)
    if (lineEnd >= 0) end = lineEnd + 1
  }
  if (from + end < size) await handle.truncate(from + end)
}

/** How far an anchor is. */
export interface AnchorReadings {
  readonly name: string
  /** Rows that the newest checkpoint it keeps covers; 0 before the first of this process. */
  readonly size: number
}

interface Lane {
  readonly anchor: Anchor
  size: number
  waiting: Kept | undefined
  running: Promise<void> | undefined
  wake: (() => void) | undefined
  isFailing: boolean
}

interface Kept {
  readonly size: number
  readonly note: string
}

/**
 * Hands checkpoints on to every anchor, each for itself: one that is slow or away holds up neither signing nor another.
 * It then gets the newest alone, which covers what the others did.
 */
export class Anchoring {
  readonly #lanes: readonly Lane[]
  readonly #onFault: (error: VitalsError) => void
  #isOver = false

  constructor(anchors: readonly Anchor[], onFault: (error: VitalsError) => void) {
    this.#onFault = onFault
    this.#lanes = anchors.map((anchor) => ({
      anchor,
      size: 0,
      waiting: undefined,
      running: undefined,
      wake: undefined,
      isFailing: false,
    }))
  }

  /** A checkpoint was made. */
  offer(kept: Kept): void {
    for (const lane of this.#lanes) {
      lane.waiting = kept
      lane.running ??= this.#run(lane)
    }
  }

  readings(): readonly AnchorReadings[] {
    return this.#lanes.map(({ anchor: { name }, size }) => ({ name, size }))
  }

  /** Tries what waits once more, then lets go. */
  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(
      this.#lanes.map(({ running, wake }) => {
        wake?.()
        return running
      }),
    )
  }

  async #run(lane: Lane): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS
    while (lane.waiting) {
      const kept = lane.waiting
      try {
        await lane.anchor.keep(kept.note)
        Object.assign(lane, { size: kept.size, isFailing: false })
        if (lane.waiting === kept) lane.waiting = undefined
        pauseMs = FIRST_PAUSE_MS
      } catch (error) {
        this.#failed(lane, error as Error)
        if (this.#isOver) break
        await pause(lane, pauseMs)
        pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)
      }
    }
    lane.running = undefined
  }

  /** Told once for each time that it goes away. */
  #failed(lane: Lane, error: Error): void {
    if (lane.isFailing) return
    lane.isFailing = true
    this.#onFault(vitalsError('AUDIT_ANCHOR_FAILED', { anchor: lane.anchor.name, reason: error.message }, error))
  }
}

function pause(lane: Lane, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms)
    function done(): void {
      clearTimeout(timer)
      lane.wake = undefined
      resolve()
    }
    lane.wake = done
  })
}
