import { DEFAULT_PARSE_OPTIONS } from '../promql/index.js'
import type { Written } from '../rules/index.js'
import { pairsOf, type SeriesWindow } from '../series/index.js'

/** What a rule wrote last by itself. */
interface Part {
  readonly atMs: number
  readonly refs: Uint32Array
  readonly values: Float64Array
}

/** Where the rules of one group write: a lane of the window, in which one evaluation is one tick. */
export class GroupLane {
  readonly #window: SeriesWindow
  readonly #name: string
  readonly #intervalMs: number
  readonly #last = new Map<string, Part>()
  #hadSeries = false
  #hasSeries = false

  constructor(window: SeriesWindow, key: string, intervalMs: number) {
    this.#window = window
    this.#name = `rules ${key}`
    this.#intervalMs = intervalMs
  }

  /**
   * Takes what a rule gave. Of one that could not be evaluated (undefined) the last values go on for as long as a sample
   * counts as the newest: that nothing is known of it ends no series.
   */
  write(rule: string, atMs: number, written: readonly Written[] | undefined): void {
    if (written) this.#last.set(rule, this.#partOf(written, atMs))
    const part = this.#last.get(rule)
    if (part === undefined || part.refs.length === 0) return
    if (atMs - part.atMs >= DEFAULT_PARSE_OPTIONS.lookbackMs) this.#last.delete(rule)
    else this.#append(atMs, part)
  }

  /** Ends the tick: what was there before and was not written in it has ended. */
  close(atMs: number): void {
    // A group that gives nothing, as most do, has no lane.
    if (!this.#hadSeries && !this.#hasSeries) return
    if (!this.#hasSeries) this.#append(atMs, NOTHING)
    this.#window.closeTick(this.#lane)
    this.#hadSeries = this.#hasSeries
    this.#hasSeries = false
  }

  #append(atMs: number, { refs, values }: Pick<Part, 'refs' | 'values'>): void {
    this.#hasSeries ||= refs.length > 0
    this.#window.appendPart(this.#lane, { atMs, refs, values })
  }

  get #lane() {
    return this.#window.lane(this.#name, this.#intervalMs)
  }

  #partOf(written: readonly Written[], atMs: number): Part {
    const refs: number[] = []
    const values: number[] = []
    for (const { labels, value } of written) {
      const ref = this.#window.refOf(this.#lane, pairsOf(labels), atMs)
      if (typeof ref === 'number') {
        refs.push(ref)
        values.push(value)
      } else this.#window.leftOut(ref, 1)
    }
    return { atMs, refs: Uint32Array.from(refs), values: Float64Array.from(values) }
  }
}

const NOTHING = { refs: new Uint32Array(0), values: new Float64Array(0) }
