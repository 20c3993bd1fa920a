import type { LabelSet } from '../promql/index.js'
import type { DropReason, Lane, SeriesWindow } from '../series/index.js'
import type { Family, Sample } from './protocol.js'
import { samplesOf } from './targets.js'

/** Samples after which series that found no room are tried again. */
const RETRY_TICKS = 20

/** Takes samples into one lane of a window: which series the values are of is told only where that changes. */
export class Intake {
  readonly #window: SeriesWindow
  readonly #lane: Lane
  readonly #families = new Map<string, Family>()
  #order: readonly string[] = []
  #layout: Layout | undefined
  #ticks = 0

  constructor(window: SeriesWindow, lane: string, intervalMs: number) {
    this.#window = window
    this.#lane = window.lane(lane, intervalMs)
  }

  /** Names of the metrics of the newest sample, as their series have them. */
  get metrics(): ReadonlySet<string> {
    return this.#layout?.metrics ?? new Set()
  }

  /** `target`: labels that all series get. */
  take({ changed, order, values }: Sample, target: LabelSet, atMs: number): void {
    for (const family of changed) this.#families.set(family.name, family)
    if (order !== undefined) this.#order = order
    if (changed.length > 0 || order !== undefined) this.#layout = undefined
    if (this.#layout?.leftOut.size && this.#ticks % RETRY_TICKS === 0) this.#layout = undefined
    this.#layout ??= this.#layOut(target, atMs)
    this.#ticks++
    const { refs, positions, leftOut } = this.#layout
    for (const [reason, count] of leftOut) this.#window.leftOut(reason, count)
    const kept = positions === undefined ? values : Float64Array.from(positions, (position) => values[position]!)
    this.#window.append(this.#lane, { atMs, refs, values: kept })
  }

  #layOut(target: LabelSet, atMs: number): Layout {
    const refs: number[] = []
    const positions: number[] = []
    const leftOut = new Map<DropReason, number>()
    const metrics = new Set<string>()
    let position = 0
    for (const name of this.#order)
      for (const pairs of samplesOf(this.#families.get(name)!, target)) {
        const ref = this.#window.refOf(this.#lane, pairs, atMs)
        if (typeof ref === 'number') {
          refs.push(ref)
          positions.push(position)
          metrics.add(pairs[pairs.indexOf('__name__') + 1]!)
        } else leftOut.set(ref, (leftOut.get(ref) ?? 0) + 1)
        position++
      }
    const isWhole = refs.length === position
    return { refs: Uint32Array.from(refs), positions: isWhole ? undefined : positions, leftOut, metrics }
  }
}

/** Which series the values are of, and why values are left out. */
interface Layout {
  readonly refs: Uint32Array
  /** Which values are taken; all where undefined. */
  readonly positions: readonly number[] | undefined
  readonly leftOut: ReadonlyMap<DropReason, number>
  readonly metrics: ReadonlySet<string>
}
