import type { LabelMatcher, LabelSet, Series, SeriesSource } from '../promql/index.js'
import { Block } from './block.js'
import { Entry, SeriesIndex } from './labels.js'
import { Lane, RESOLUTIONS, type Resolution, type Tick } from './lane.js'
import { type LabelPairs, METRIC_NAME } from './pairs.js'
import type { Part } from './parts.js'
import { LazySeries, Reading } from './reading.js'

/** A tick that is older than the newest by less than this is left out; by more, the newest came by a wrong clock. */
const CLOCK_TOLERANCE_MS = 600_000
/** How many parts give way at once, where there are too many: finding the oldest takes a look at all. */
const EVICTED_SHARE = 0.01

/** What the window may hold. */
export interface WindowLimits {
  /** Most series, those that ended in the window among them. */
  readonly maxSeries: number
  /** Most bytes of samples, both resolutions together, about. */
  readonly maxBytes: number
  /** How long raw and rolled samples are kept, in milliseconds. */
  readonly keptMs: Readonly<Record<Resolution, number>>
}

/** A block as it goes to a disk. */
export interface SavedBlock {
  readonly lane: string
  readonly resolution: Resolution
  readonly startMs: number
  readonly endMs: number
  readonly body: Uint8Array
}

/** A series as it goes to a disk. */
export interface SavedSeries {
  readonly ref: number
  readonly lane: string
  readonly pairs: LabelPairs
}

/** What changed since the last time, for whoever keeps it on a disk. */
export interface Changes {
  readonly series: readonly SavedSeries[]
  /** Series of which nothing is left. */
  readonly gone: readonly number[]
  readonly blocks: readonly SavedBlock[]
  /** Blocks that ended before `timeMs` are no more; with `from`, those that ended at or after it. */
  readonly dropped: readonly {
    readonly lane: string
    readonly resolution: Resolution
    readonly timeMs: number
    readonly from?: boolean
  }[]
}

/** Whether a reader sees what the series of a metric have in a lane; where it sees nothing of a series, there is none for it. */
export type Seen = (lane: string, metric: string) => boolean

export interface WindowStats {
  readonly series: number
  readonly samplesTaken: number
  readonly sizeBytes: Readonly<Record<Resolution, number>>
  /** The oldest sample's time, milliseconds since 1970; absent where there is none. */
  readonly oldestMs: Readonly<Partial<Record<Resolution, number>>>
  /** Samples that were not taken, by why. */
  readonly dropped: Readonly<Record<DropReason, number>>
  /** Blocks that went before their time, since all together took too much. */
  readonly evictedBlocks: number
}

/** `limit`: too many series. `clock`: older than what is there. `duplicate`: another lane has the series. */
export type DropReason = 'limit' | 'clock' | 'duplicate'

/** Samples of many series in memory, packed and bounded: what queries and rules read. */
export class SeriesWindow implements SeriesSource {
  readonly #limits: WindowLimits
  readonly #lanes = new Map<string, Lane>()
  readonly #apart: ReadonlySet<string>
  readonly #index = new SeriesIndex()
  #changes = emptyChanges()
  #samplesTaken = 0
  #evictedBlocks = 0
  readonly #dropped: Record<DropReason, number> = { limit: 0, clock: 0, duplicate: 0 }

  /** `apart`: lanes whose series may have the labels of series in other lanes: no reader sees both. */
  constructor(limits: WindowLimits, apart: readonly string[] = []) {
    this.#limits = limits
    this.#apart = new Set(apart)
  }

  /** The lane of this name, made where there is none. */
  lane(name: string, intervalMs: number): Lane {
    const known = this.#lanes.get(name)
    if (known !== undefined) return known
    const made: Lane = new Lane(name, intervalMs, (resolution, block) => this.#sealed(made, resolution, block))
    this.#lanes.set(name, made)
    return made
  }

  hasLane(name: string): boolean {
    return this.#lanes.has(name)
  }

  /**
   * What a series is called in a lane for as long as it is sampled, or why it is not taken. Whoever samples counts what
   * is left out, by `leftOut`.
   */
  refOf(lane: Lane, pairs: LabelPairs, atMs: number): number | DropReason {
    const known = this.#index.find(lane.name, pairs)
    if (known !== undefined) return known
    const elsewhere = this.#index.partsOf(pairs)
    const isNear = (part: Part) => this.#apart.has(part.lane) === this.#apart.has(lane.name)
    if (elsewhere.some((part) => isNear(part) && part.lastMs >= this.#headMs(part.lane))) return 'duplicate'
    if (this.#index.size >= this.#limits.maxSeries && !this.#evict()) return 'limit'
    const ref = this.#index.add(lane.name, pairs, atMs)
    this.#changes.series.push(ref)
    return ref
  }

  leftOut(reason: DropReason, samples: number): void {
    this.#dropped[reason] += samples
  }

  /** Takes a tick. `refs` never changes afterwards, and mostly is the same as before. */
  append(lane: Lane, tick: Tick): void {
    if (tick.atMs <= lane.lastMs) {
      if (lane.lastMs - tick.atMs < CLOCK_TOLERANCE_MS) {
        this.#dropped.clock += tick.refs.length
        return
      }
      lane.dropFrom(tick.atMs)
      for (const resolution of RESOLUTIONS)
        this.#changes.dropped.push({ lane: lane.name, resolution, timeMs: tick.atMs, from: true })
    }
    this.#samplesTaken += tick.refs.length
    lane.append(tick)
  }

  /**
   * Takes a part of a tick that is made of several: it is open until `closeTick`, and what it does not have yet has not
   * ended.
   */
  appendPart(lane: Lane, tick: Tick): void {
    if (tick.atMs === lane.lastMs) {
      this.#samplesTaken += tick.refs.length
      lane.append(tick)
    } else this.append(lane, tick)
    lane.setOpen(true)
  }

  /** The newest tick is whole: what it does not have has ended. */
  closeTick(lane: Lane): void {
    lane.setOpen(false)
  }

  /** Packs all that is not packed yet, so that `takeChanges` has everything. */
  seal(): void {
    for (const lane of this.#lanes.values()) lane.seal()
  }

  select(matchers: readonly LabelMatcher[], startMs: number, endMs: number, seen?: Seen): readonly Series[] {
    const reading = new Reading(this.#lanes, startMs, endMs)
    return through(this.#index.select(matchers), seen).map((entry) => new LazySeries(entry, reading))
  }

  /** Labels of the series that meet one of the lists of matchers (all series where there is none), seen in a span. */
  *labelSets(
    lists: readonly (readonly LabelMatcher[])[],
    startMs = Number.NEGATIVE_INFINITY,
    endMs = Number.POSITIVE_INFINITY,
    seen?: Seen,
  ): Iterable<LabelSet> {
    const found = lists.length === 0 ? this.#index.entries() : this.#index.selectAny(lists)
    const isIn = ({ parts }: Entry) => parts.some((part) => part.firstMs <= endMs && this.#seenUntil(part) >= startMs)
    for (const entry of through([...found], seen)) if (isIn(entry)) yield entry.labels
  }

  stats(): WindowStats {
    const sizeBytes = { raw: 0, rolled: 0 }
    const oldestMs: Partial<Record<Resolution, number>> = {}
    for (const lane of this.#lanes.values())
      for (const resolution of RESOLUTIONS) {
        sizeBytes[resolution] += lane.sizeBytes(resolution)
        const startMs = lane.startMs(resolution)
        if (startMs < (oldestMs[resolution] ?? Number.POSITIVE_INFINITY)) oldestMs[resolution] = startMs
      }
    return {
      series: this.#index.size,
      samplesTaken: this.#samplesTaken,
      sizeBytes,
      oldestMs,
      dropped: { ...this.#dropped },
      evictedBlocks: this.#evictedBlocks,
    }
  }

  /** Whether `takeChanges` has anything. */
  get hasChanges(): boolean {
    return Object.values(this.#changes).some((list) => list.length > 0)
  }

  /** At most `mostSeries` new series; where more are left, they come next, and all else after them. */
  takeChanges(mostSeries = Number.POSITIVE_INFINITY): Changes {
    const { series, ...others } = this.#changes
    const isWhole = series.length <= mostSeries
    this.#changes = emptyChanges()
    if (!isWhole) Object.assign(this.#changes, others)
    this.#changes.series.push(...(isWhole ? [] : series.slice(mostSeries)))
    return {
      ...(isWhole ? others : emptyChanges()),
      series: this.#saved(isWhole ? series : series.slice(0, mostSeries)),
    }
  }

  /** Those that are there still. */
  #saved(refs: readonly number[]): readonly SavedSeries[] {
    return refs.flatMap((ref) => {
      const part = this.#index.part(ref)
      return part === undefined ? [] : [{ ref, lane: part.lane, pairs: this.#index.pairsOf(ref)! }]
    })
  }

  /** Takes a series of before. All series come before the first block. */
  restoreSeries({ ref, lane, pairs }: SavedSeries): void {
    if (this.#index.part(ref) === undefined && this.#index.size < this.#limits.maxSeries)
      this.#index.add(lane, pairs, Number.POSITIVE_INFINITY, ref)
  }

  /** Takes a block of before; those of one lane and resolution come by rising time. Throws RangeError for what is none. */
  restoreBlock(intervalMs: number, { lane, resolution, body }: Pick<SavedBlock, 'lane' | 'resolution' | 'body'>): void {
    const block = Block.fromBytes(body)
    this.lane(lane, intervalMs).restore(resolution, block)
    this.#seen(block)
  }

  /** Everything of before was given. */
  restored(nowMs: number): void {
    for (const lane of this.#lanes.values()) {
      lane.restored()
      this.#expire(lane, nowMs)
    }
    this.#shrink()
    this.#forget()
  }

  #sealed(lane: Lane, resolution: Resolution, block: Block): void {
    const { startMs, endMs } = block
    this.#seen(block)
    this.#changes.blocks.push({ lane: lane.name, resolution, startMs, endMs, body: block.toBytes() })
    if (resolution !== 'raw') return
    for (const other of this.#lanes.values()) {
      // A lane in which nothing comes any more is kept and ends as all others.
      if (other !== lane) other.sealBefore(startMs)
      this.#expire(other, endMs)
    }
    this.#shrink()
    this.#forget()
  }

  #seen({ refs, startMs, endMs }: Block): void {
    for (const ref of refs) {
      const part = this.#index.part(ref)
      if (part === undefined) continue
      part.firstMs = Math.min(part.firstMs, startMs)
      part.lastMs = part.lastMs === Number.POSITIVE_INFINITY ? endMs : Math.max(part.lastMs, endMs)
    }
  }

  #expire(lane: Lane, nowMs: number): void {
    for (const resolution of RESOLUTIONS) this.#drop(lane, resolution, nowMs - this.#limits.keptMs[resolution])
  }

  #drop(lane: Lane, resolution: Resolution, timeMs: number): number {
    const count = lane.dropBefore(resolution, timeMs)
    if (count > 0) this.#changes.dropped.push({ lane: lane.name, resolution, timeMs })
    return count
  }

  /** The oldest blocks go, of the resolution that has more than half of the room, until there is room. */
  #shrink(): void {
    const { maxBytes } = this.#limits
    for (;;) {
      const { sizeBytes } = this.stats()
      if (sizeBytes.raw + sizeBytes.rolled <= maxBytes) return
      const resolution: Resolution = sizeBytes.raw >= sizeBytes.rolled ? 'raw' : 'rolled'
      const oldest = [...this.#lanes.values()]
        .filter(({ blocks }) => blocks[resolution].length > 0)
        .sort((a, b) => a.startMs(resolution) - b.startMs(resolution))[0]
      if (oldest === undefined) return
      this.#evictedBlocks += this.#drop(oldest, resolution, oldest.blocks[resolution][0]!.endMs + 1)
    }
  }

  /** Lets go of series of which no sample is left. */
  #forget(): void {
    for (const part of this.#index.parts()) {
      const lane = this.#lanes.get(part.lane)
      const oldestMs = Math.min(lane?.startMs('raw') ?? Infinity, lane?.startMs('rolled') ?? Infinity)
      if (part.lastMs === Number.POSITIVE_INFINITY || part.lastMs < oldestMs) this.#remove(part.ref)
    }
  }

  /** Makes room by letting go of the series that ended longest ago; false where none has ended. */
  #evict(): boolean {
    const ended: { readonly ref: number; readonly lastMs: number }[] = []
    for (const { ref, lane, lastMs } of this.#index.parts())
      if (lastMs < this.#headMs(lane)) ended.push({ ref, lastMs })
    ended.sort((a, b) => a.lastMs - b.lastMs)
    const count = Math.max(1, Math.floor(this.#limits.maxSeries * EVICTED_SHARE))
    for (const { ref } of ended.slice(0, count)) this.#remove(ref)
    return ended.length > 0
  }

  #remove(ref: number): void {
    this.#index.remove(ref)
    this.#changes.gone.push(ref)
  }

  /** Parts that were not seen since then have ended. */
  #headMs(lane: string): number {
    return this.#lanes.get(lane)?.blocks.raw.at(-1)?.endMs ?? Number.NEGATIVE_INFINITY
  }

  #seenUntil(part: Part): number {
    return part.lastMs >= this.#headMs(part.lane) ? Number.POSITIVE_INFINITY : part.lastMs
  }
}

interface OpenChanges {
  /** Numbers of those that are new. */
  readonly series: number[]
  readonly gone: number[]
  readonly blocks: SavedBlock[]
  readonly dropped: Changes['dropped'][number][]
}

const emptyChanges = (): OpenChanges => ({ series: [], gone: [], blocks: [], dropped: [] })

/** The entries as a reader sees them. */
function through(entries: readonly Entry[], seen: Seen | undefined): readonly Entry[] {
  if (seen === undefined) return entries
  return entries.flatMap((entry) => {
    const metric = metricOf(entry.pairs)
    const { parts } = entry
    const left = parts.filter(({ lane }) => seen(lane, metric))
    if (left.length === parts.length) return [entry]
    return left.length === 0 ? [] : [new Entry(entry.pairs, () => left, 0)]
  })
}

function metricOf(pairs: LabelPairs): string {
  for (let at = 0; at < pairs.length; at += 2) if (pairs[at] === METRIC_NAME) return pairs[at + 1]!
  return ''
}
