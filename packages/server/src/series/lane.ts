import type { Block, Row } from './block.js'
import { Head } from './head.js'

/** `raw`: as sampled. `rolled`: the last sample of each five minutes, as if sampled that seldom. */
export type Resolution = 'raw' | 'rolled'
export const RESOLUTIONS = ['raw', 'rolled'] as const satisfies readonly Resolution[]

/** How seldom rolled samples are. */
export const ROLLED_MS = 300_000
/** Ticks of a block of raw samples, at least: packing few is little use. */
const LEAST_TICKS = 20
/** Ticks of a block of rolled samples: two hours. */
const ROLLED_TICKS = 24

/** One tick: series with a value each. `refs` never changes. */
export interface Tick {
  readonly atMs: number
  readonly refs: Uint32Array
  readonly values: Float64Array
}

/** Samples of one series; those of a span are good until the next of it are read. */
export interface Samples {
  readonly times: Float64Array
  readonly values: Float64Array
  readonly staleTimes: readonly number[]
}

interface Piece {
  readonly from: Block | Head
  readonly start: number
}

/** What of a lane lies in a span of time: the ticks, and where their values are. */
export interface Span {
  readonly times: Float64Array
  readonly pieces: readonly Piece[]
  /** Whether a piece goes on beyond where the next begins. */
  readonly isCut: boolean
  /** Where one row after another is read, so that a series costs no allocation. */
  readonly row: Row
  /** The same row, and its times, as far as there are ticks: for series with gaps, what is left of them. */
  readonly kept: { readonly times: Float64Array; readonly values: Float64Array }
  /** Position of a tick that is not whole yet: what it does not have has not ended. −1: there is none. */
  readonly openTick: number
}

/** Series that are sampled together: blocks of packed samples, at both resolutions, and the newest unpacked. */
export class Lane {
  readonly blocks: Record<Resolution, Block[]> = { raw: [], rolled: [] }
  readonly #heads: Readonly<Record<Resolution, Head>>
  readonly #blockMs: number
  readonly #onSealed: (resolution: Resolution, block: Block) => void
  #last: Tick | undefined
  #openMs: number | undefined

  constructor(
    readonly name: string,
    intervalMs: number,
    onSealed: (resolution: Resolution, block: Block) => void,
  ) {
    this.#blockMs = ROLLED_MS * Math.ceil((intervalMs * LEAST_TICKS) / ROLLED_MS)
    this.#heads = { raw: new Head(Math.ceil(this.#blockMs / intervalMs) + 1), rolled: new Head(ROLLED_TICKS) }
    this.#onSealed = onSealed
  }

  /** The newest tick's time, or −∞. */
  get lastMs(): number {
    return this.#last?.atMs ?? this.blocks.raw.at(-1)?.endMs ?? Number.NEGATIVE_INFINITY
  }

  /** The oldest tick's time at a resolution, or ∞. */
  startMs(resolution: Resolution): number {
    return this.blocks[resolution][0]?.startMs ?? this.#heads[resolution].times[0] ?? Number.POSITIVE_INFINITY
  }

  sizeBytes(resolution: Resolution): number {
    return this.blocks[resolution].reduce((sum, block) => sum + block.sizeBytes, this.#heads[resolution].sizeBytes)
  }

  /** Takes a tick that is newer than all before, or more of the newest. */
  append(tick: Tick): void {
    const { raw } = this.#heads
    const startMs = raw.times[0]
    const isNew = startMs !== undefined && raw.times.at(-1) !== tick.atMs
    if (isNew && (raw.isFull || window(startMs, this.#blockMs) !== window(tick.atMs, this.#blockMs))) this.seal()
    this.#roll(tick)
    raw.append(tick.atMs, tick.refs, tick.values)
  }

  /** Whether the newest tick is to have more: until it is whole, no series counts as ended for missing in it. */
  setOpen(isOpen: boolean): void {
    this.#openMs = isOpen ? this.lastMs : undefined
  }

  /** Packs what began before `timeMs`, where nothing came since that would have done it. */
  sealBefore(timeMs: number): void {
    const startMs = this.#heads.raw.times[0]
    if (startMs !== undefined && startMs < timeMs && this.#openMs === undefined) this.seal()
  }

  /** Packs the newest raw samples now: before a stop. Rolled ones are made again from these. */
  seal(): void {
    const { raw } = this.#heads
    if (raw.ticks === 0) return
    this.#push('raw', raw.seal())
    raw.clear()
  }

  /** Takes a block of before; they come by rising time. */
  restore(resolution: Resolution, block: Block): void {
    const blocks = this.blocks[resolution]
    const before = blocks.at(-1)
    if (before !== undefined && block.startMs <= before.endMs) return
    blocks.push(block.after(before))
  }

  /** After all blocks were restored: rolls up what raw blocks have beyond the rolled ones. */
  restored(): void {
    const rolledMs = this.blocks.rolled.at(-1)?.endMs ?? Number.NEGATIVE_INFINITY
    for (const block of this.blocks.raw)
      for (const [index, atMs] of block.times.entries()) {
        const next = block.times[index + 1]
        // Only the last tick of its five minutes can be wanted; the next block may have that.
        if (atMs <= rolledMs || (next !== undefined && window(next, ROLLED_MS) === window(atMs, ROLLED_MS))) continue
        this.#roll({ atMs, ...block.tick(index) })
      }
  }

  /** Lets go of blocks that ended before `timeMs`; returns how many. */
  dropBefore(resolution: Resolution, timeMs: number): number {
    const blocks = this.blocks[resolution]
    const kept = blocks.findIndex((block) => block.endMs >= timeMs)
    return blocks.splice(0, kept < 0 ? blocks.length : kept).length
  }

  /** Lets go of everything at and after `timeMs`: it came by a wrong clock. */
  dropFrom(timeMs: number): void {
    for (const resolution of RESOLUTIONS) {
      this.#heads[resolution].clear()
      this.blocks[resolution] = this.blocks[resolution].filter((block) => block.endMs < timeMs)
    }
    this.#last = undefined
  }

  /** What lies from `startMs` to `endMs`, and somewhat more: raw samples, and rolled ones from before those. */
  span(startMs: number, endMs: number): Span {
    const pieces: Piece[] = []
    const times: number[] = []
    let cells = 0
    let isCut = false
    const rawMs = this.startMs('raw')
    const add = (from: Block | Head, beforeMs: number) => {
      const first = from.times[0]
      if (first === undefined || first > endMs || first >= beforeMs || from.times.at(-1)! < startMs) return
      pieces.push({ from, start: times.length })
      const end = times.length + from.times.length
      cells = Math.max(cells, end)
      for (const time of from.times) if (time < beforeMs) times.push(time)
      isCut ||= times.length < end
    }
    for (const block of this.blocks.rolled) add(block, rawMs)
    add(this.#heads.rolled, rawMs)
    for (const block of this.blocks.raw) add(block, Number.POSITIVE_INFINITY)
    add(this.#heads.raw, Number.POSITIVE_INFINITY)
    const openTick = this.#openMs !== undefined && times.at(-1) === this.#openMs ? times.length - 1 : -1
    return spanOf(Float64Array.from(times), pieces, cells, isCut, openTick)
  }

  #roll(tick: Tick): void {
    const last = this.#last
    this.#last = last?.atMs === tick.atMs ? joined(last, tick) : tick
    if (last === undefined || window(last.atMs, ROLLED_MS) === window(tick.atMs, ROLLED_MS)) return
    const { rolled } = this.#heads
    if (rolled.isFull) {
      this.#push('rolled', rolled.seal())
      rolled.clear()
    }
    rolled.append(last.atMs, last.refs, last.values)
  }

  #push(resolution: Resolution, sealed: Block): void {
    const block = sealed.after(this.blocks[resolution].at(-1))
    this.blocks[resolution].push(block)
    this.#onSealed(resolution, block)
  }
}

const joined = (one: Tick, other: Tick): Tick => ({
  atMs: one.atMs,
  refs: Uint32Array.from([...one.refs, ...other.refs]),
  values: Float64Array.from([...one.values, ...other.values]),
})

const window = (timeMs: number, lengthMs: number): number => Math.floor(timeMs / lengthMs)

const NO_TIMES: readonly number[] = []
const NONE: Samples = { times: new Float64Array(0), values: new Float64Array(0), staleTimes: NO_TIMES }

function spanOf(times: Float64Array, pieces: readonly Piece[], cells: number, isCut: boolean, openTick: number): Span {
  const values = new Float64Array(cells)
  const kept = { times: new Float64Array(times.length), values: values.subarray(0, times.length) }
  return { times, pieces, isCut, row: { values, present: new Uint8Array(cells) }, kept, openTick }
}

/** The span of a lane of which nothing is known. */
export const EMPTY_SPAN: Span = spanOf(new Float64Array(0), [], 0, false, -1)

/** The samples of one series in a span. */
export function samplesIn(span: Span, ref: number): Samples {
  const { row } = span
  row.present.fill(0)
  let found = 0
  for (const { from, start } of span.pieces) {
    // A piece that is cut short was read beyond its cut.
    if (span.isCut) row.present.fill(0, start)
    if (from instanceof Head) found += from.read(ref, row, start)
    else {
      const position = from.positionOf(ref)
      if (position >= 0) found += from.read(position, row, start)
    }
  }
  if (found === 0) return NONE
  // Nearly every series has a value at every tick.
  if (found === span.times.length && !span.isCut)
    return { times: span.times, values: span.kept.values, staleTimes: NO_TIMES }
  return compacted(span)
}

/** Only the ticks that have a value, in place. */
function compacted({ times, openTick, row: { present }, kept }: Span): Samples {
  const staleTimes: number[] = []
  let length = 0
  for (let tick = 0; tick < times.length; tick++) {
    if (present[tick] === 1) {
      kept.times[length] = times[tick]!
      kept.values[length++] = kept.values[tick]!
    } else if (tick > 0 && present[tick - 1] === 1 && tick !== openTick) staleTimes.push(times[tick]!)
  }
  return { times: kept.times.subarray(0, length), values: kept.values.subarray(0, length), staleTimes }
}

/** Samples of two series that are one by their labels; where both have a time, the first's. */
export function merged(one: Samples, other: Samples): Samples {
  if (one.times.length === 0) return other
  if (other.times.length === 0) return one
  const points = new Map<number, number>()
  for (const { times, values } of [other, one]) for (const [at, time] of times.entries()) points.set(time, values[at]!)
  const times = Float64Array.from(points.keys()).sort()
  const staleTimes = [...new Set([...one.staleTimes, ...other.staleTimes])].filter((time) => !points.has(time))
  return {
    times,
    values: times.map((time) => points.get(time)!),
    staleTimes: staleTimes.sort((a, b) => a - b),
  }
}
