import type { LabelSet, Series } from '../promql/index.js'
import type { Entry } from './labels.js'
import { EMPTY_SPAN, type Lane, merged, type Samples, type Span, samplesIn } from './lane.js'
import type { LabelPairs } from './pairs.js'
import type { Part } from './parts.js'

/** One selection: spans of lanes, and the one series that is unpacked now. */
export class Reading {
  readonly #spans = new Map<string, Span>()
  /** The span of the lane that the last series was in, as the next mostly is. */
  #lane: string | undefined
  #span: Span = EMPTY_SPAN
  #unpacked: LazySeries | undefined
  #samples: Samples | undefined

  constructor(
    private readonly lanes: ReadonlyMap<string, Lane>,
    private readonly startMs: number,
    private readonly endMs: number,
  ) {}

  /** Unpacks one series; good until the next. */
  of(series: LazySeries, { parts }: Entry): Samples {
    if (this.#unpacked !== series || this.#samples === undefined) {
      const [only] = parts
      this.#samples =
        parts.length === 1 ? this.#samplesOf(only!) : parts.map((part) => this.#samplesOf(part)).reduce(merged)
      this.#unpacked = series
    }
    return this.#samples
  }

  #samplesOf({ lane, ref }: Part): Samples {
    if (lane !== this.#lane) {
      this.#span = this.#spanOf(lane)
      this.#lane = lane
    }
    return samplesIn(this.#span, ref)
  }

  #spanOf(lane: string): Span {
    let span = this.#spans.get(lane)
    if (span === undefined) {
      span = this.lanes.get(lane)?.span(this.startMs, this.endMs) ?? EMPTY_SPAN
      this.#spans.set(lane, span)
    }
    return span
  }
}

/** Unpacks its samples when they are read, so that a query's memory is that of one series, however many it finds. */
export class LazySeries implements Series {
  constructor(
    private readonly entry: Entry,
    private readonly reading: Reading,
  ) {}

  get labels(): LabelSet {
    return this.entry.labels
  }

  get pairs(): LabelPairs {
    return this.entry.pairs
  }

  get times(): Float64Array {
    return this.reading.of(this, this.entry).times
  }

  get values(): Float64Array {
    return this.reading.of(this, this.entry).values
  }

  get staleTimes(): readonly number[] {
    return this.reading.of(this, this.entry).staleTimes
  }
}
