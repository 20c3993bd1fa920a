import type { TreeSource } from '../../audit/index.js'
import { type VitalsError, vitalsError } from '../../errors/index.js'
import type { Anchor, Kept } from './anchor.js'

/** Pause before a checkpoint that could not be handed on is tried again: doubled each time. Milliseconds. */
const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 60_000

export interface AnchoringSetup {
  readonly anchors: readonly Anchor[]
  readonly tree: TreeSource
  /** Milliseconds by a clock that never jumps. */
  readonly clock: () => number
  readonly onFault: (error: VitalsError) => void
  /** Told of signature lines that an anchor gave for a checkpoint. Must not throw. */
  readonly onCosigned: (kept: Kept, lines: string) => void
}

/** How far an anchor is. */
export interface AnchorReadings {
  readonly name: string
  /** Rows that the newest checkpoint it keeps covers; 0 before the first of this process. */
  readonly size: number
  /** For how long the oldest checkpoint that it should have by now has waited; 0 where none does. */
  readonly behindSeconds: number
}

interface Lane {
  readonly anchor: Anchor
  size: number
  waiting: Kept | undefined
  /** Since when something waits that has not been kept, and when the newest was. Milliseconds by the clock. */
  waitingSince: number | undefined
  keptAt: number
  running: Promise<void> | undefined
  wake: (() => void) | undefined
  isFailing: boolean
}

/**
 * Hands checkpoints on to every anchor, each for itself: one that is slow or away holds up neither signing nor another.
 * It then gets the newest alone, which covers what the others did.
 */
export class Anchoring {
  readonly #lanes: readonly Lane[]
  readonly #setup: AnchoringSetup
  #isOver = false

  constructor(setup: AnchoringSetup) {
    this.#setup = setup
    this.#lanes = setup.anchors.map((anchor) => ({
      anchor,
      size: 0,
      waiting: undefined,
      waitingSince: undefined,
      keptAt: Number.NEGATIVE_INFINITY,
      running: undefined,
      wake: undefined,
      isFailing: false,
    }))
  }

  /** A checkpoint was made. */
  offer(kept: Kept): void {
    for (const lane of this.#lanes) {
      lane.waiting = kept
      lane.waitingSince ??= this.#setup.clock()
      lane.running ??= this.#run(lane)
    }
  }

  readings(): readonly AnchorReadings[] {
    const now = this.#setup.clock()
    return this.#lanes.map(({ anchor: { name, everyMs }, size, waitingSince = now }) => ({
      name,
      size,
      behindSeconds: Math.max(0, now - waitingSince - everyMs) / 1000,
    }))
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
    const { tree, clock, onCosigned } = this.#setup
    const { anchor } = lane
    let pauseMs = FIRST_PAUSE_MS
    while (lane.waiting) {
      const earlyMs = lane.keptAt + anchor.everyMs - clock()
      if (earlyMs > 0 && !this.#isOver) await pause(lane, earlyMs)
      const kept = lane.waiting
      try {
        const lines = await anchor.keep(kept, tree)
        Object.assign(lane, { size: kept.size, isFailing: false, keptAt: clock() })
        const isNewest = lane.waiting === kept
        lane.waitingSince = isNewest ? undefined : clock()
        if (isNewest) lane.waiting = undefined
        pauseMs = FIRST_PAUSE_MS
        if (lines !== undefined) onCosigned(kept, lines)
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
    const { onFault } = this.#setup
    onFault(vitalsError('AUDIT_ANCHOR_FAILED', { anchor: lane.anchor.name, reason: error.message }, error))
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
