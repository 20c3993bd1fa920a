import { VitalsError, vitalsError } from '../errors/index.js'
import {
  compileMatcher,
  DEFAULT_LIMITS,
  DEFAULT_PARSE_OPTIONS,
  type LabelMatcher,
  type LabelSet,
  type Limits,
  type Matcher,
  type Matrix,
  parsePromql,
  parseSelector,
  type Value,
  withDeadline,
} from '../promql/index.js'
import { type DropReason, type Lane, SeriesWindow } from '../series/index.js'
import { type Failure, failureOf } from '../threads/index.js'
import { answerBody } from './answer-json.js'
import type {
  Answer,
  Call,
  Calls,
  Family,
  Finding,
  Message,
  Notice,
  Request,
  Sampled,
  Told,
  WorkerData,
} from './protocol.js'
import { Ruler } from './ruler.js'
import { samplesOf } from './targets.js'

/** The lane of what is sampled from the registry. */
export const SCRAPE_LANE = 'scrape'
/** Values that one answer may have: some 25 bytes each where it becomes text. */
const MAX_ANSWER_VALUES = 1_000_000
/** New series that are handed over to be kept with one sample: many at once would be in the memory of three threads. */
const SERIES_AT_ONCE = 5000
/** Samples after which series that found no room are tried again. */
const RETRY_TICKS = 20
const HOUR_MS = 3_600_000

export interface CoreSetup extends WorkerData {
  readonly post: (message: Message, transfer?: readonly ArrayBuffer[]) => void
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number
}

/** What the thread does: keeps series, evaluates rules and answers queries, one after another. Pure but for what it is handed. */
export class Core {
  readonly #setup: CoreSetup
  readonly #window: SeriesWindow
  readonly #ruler: Ruler
  #target: LabelSet = {}
  #lane: Lane
  readonly #families = new Map<string, Family>()
  #order: readonly string[] = []
  /** Which series the values are of, and why values are left out. */
  #layout: Layout | undefined
  #ticks = 0

  constructor(setup: CoreSetup) {
    this.#setup = setup
    const { maxSeries, maxBytes, windowHours, rolledDays, intervalMs } = setup.options
    const keptMs = { raw: windowHours * HOUR_MS, rolled: rolledDays * 24 * HOUR_MS }
    this.#window = new SeriesWindow({ maxSeries, maxBytes, keptMs })
    this.#lane = this.#window.lane(SCRAPE_LANE, intervalMs)
    this.#ruler = new Ruler({
      window: this.#window,
      limits: () => this.#limits(),
      now: setup.now,
      tell: (evaluated) => this.#tell({ evaluated }),
    })
  }

  notice(notice: Notice): void {
    switch (notice.kind) {
      case 'target':
        this.#target = notice.labels
        return
      case 'restore':
        this.#restore(notice)
        return
      case 'restored':
        this.#window.restored(notice.nowMs)
        this.#ruler.restore(notice.rules)
        return
      case 'rules':
        this.#ruler.set(notice.groups, notice.nowMs)
        return
      case 'sample':
        this.#sample(notice)
    }
  }

  /** When a rule is to be evaluated next, milliseconds since 1970. */
  dueMs(): number {
    return this.#ruler.dueMs()
  }

  /** Evaluates one rule, where one is due. */
  evaluate(nowMs: number): void {
    this.#ruler.step(nowMs)
  }

  /** Answers a request, or says why not. */
  answer(request: Request): void {
    const { post } = this.#setup
    const { id } = request
    try {
      const value = this.#replyTo(request)
      post({ kind: 'reply', id, value }, value instanceof Uint8Array ? [value.buffer] : [])
    } catch (error) {
      post({ kind: 'failed', id, failure: toFailure(error) })
    }
  }

  #restore({ series, blocks }: Extract<Notice, { kind: 'restore' }>): void {
    for (const one of series) this.#window.restoreSeries(one)
    for (const block of blocks) {
      try {
        this.#window.restoreBlock(this.#setup.options.intervalMs, block)
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error)
        this.#setup.post({ kind: 'fault', failure: failureOf(vitalsError('SERIES_UNREADABLE', { reason })) })
      }
    }
  }

  #sample({ atMs, changed, order, values }: Extract<Notice, { kind: 'sample' }>): void {
    for (const family of changed) this.#families.set(family.name, family)
    if (order !== undefined) this.#order = order
    if (changed.length > 0 || order !== undefined) this.#layout = undefined
    if (this.#layout?.leftOut.size && this.#ticks % RETRY_TICKS === 0) this.#layout = undefined
    this.#layout ??= this.#layOut(atMs)
    this.#ticks++
    const { refs, positions, leftOut } = this.#layout
    for (const [reason, count] of leftOut) this.#window.leftOut(reason, count)
    const kept = positions === undefined ? values : Float64Array.from(positions, (position) => values[position]!)
    this.#window.append(this.#lane, { atMs, refs, values: kept })
    const stats = this.#window.stats()
    // What belongs to a block is kept with it, or before.
    const changes = this.#window.hasChanges ? this.#window.takeChanges(SERIES_AT_ONCE) : undefined
    const sampled: Sampled = { stats, ...(changes && { changes }) }
    const buffers = changes?.blocks.map(({ body }) => body.buffer as ArrayBuffer)
    this.#tell({ sampled }, buffers)
    this.#ruler.start()
  }

  #tell(told: Told, buffers?: readonly ArrayBuffer[]): void {
    this.#setup.post({ kind: 'told', told }, buffers)
  }

  #layOut(atMs: number): Layout {
    const refs: number[] = []
    const positions: number[] = []
    const leftOut = new Map<DropReason, number>()
    let position = 0
    for (const name of this.#order)
      for (const pairs of samplesOf(this.#families.get(name)!, this.#target)) {
        const ref = this.#window.refOf(this.#lane, pairs, atMs)
        if (typeof ref === 'number') {
          refs.push(ref)
          positions.push(position)
        } else leftOut.set(ref, (leftOut.get(ref) ?? 0) + 1)
        position++
      }
    return { refs: Uint32Array.from(refs), positions: refs.length === position ? undefined : positions, leftOut }
  }

  #replyTo(request: Request): Calls[Call]['reply'] {
    switch (request.call) {
      case 'query':
        return this.#query(request)
      case 'queryBody':
        return new TextEncoder().encode(answerBody(this.#query(request)))
      case 'labelNames':
        return this.#texts(request, (labels, found) => {
          for (const name of Object.keys(labels)) found.add(name)
        })
      case 'labelValues': {
        const { label } = request
        return this.#texts(request, (labels, found) => {
          const value = labels[label]
          if (value !== undefined) found.add(value)
        })
      }
      case 'series':
        return [...this.#find(request)].slice(0, request.limit)
      case 'rules':
        return this.#ruler.status()
      case 'flush':
        this.#ruler.stop()
        this.#window.seal()
        return this.#window.takeChanges()
      case 'close':
        return null
    }
  }

  #query({ expr, when, options }: Calls['query']['request']): Answer {
    const { lookbackMs = DEFAULT_PARSE_OPTIONS.lookbackMs } = options
    const query = parsePromql(expr, { ...DEFAULT_PARSE_OPTIONS, lookbackMs })
    const limits = this.#limits(options.timeoutMs)
    const { value, warnings, infos } =
      'atMs' in when
        ? query.instant(this.#window, when.atMs, limits)
        : query.range(this.#window, when.startMs, when.endMs, when.stepMs, limits)
    checkSize(value)
    const { limit } = options
    if (limit === undefined || sizeOf(value) <= limit) return { value, warnings, infos }
    return { value: cut(value, limit), warnings: [...warnings, 'results truncated due to limit'], infos }
  }

  #limits(timeoutMs: number = Number.POSITIVE_INFINITY): Limits {
    const { queryTimeoutMs, maxQuerySamples, maxSeries } = this.#setup.options
    return {
      ...DEFAULT_LIMITS,
      maxSamples: maxQuerySamples,
      maxSeries,
      timeoutMs: Math.min(timeoutMs, queryTimeoutMs),
      now: this.#setup.now,
    }
  }

  #texts(finding: Finding, collect: (labels: LabelSet, found: Set<string>) => void): readonly string[] {
    const found = new Set<string>()
    for (const labels of this.#find(finding)) collect(labels, found)
    return [...found].sort().slice(0, finding.limit)
  }

  #find({ selectors, expr, startMs, endMs }: Finding): Iterable<LabelSet> {
    const lists = expr === undefined ? selectors.map((selector) => parseSelector(selector)) : selectorsOf(expr)
    if (expr !== undefined && lists.length === 0) return []
    const limits = this.#limits()
    const timed = lists.map((matchers) => withDeadline(matchers, limits))
    return this.#window.labelSets(timed, startMs, endMs)
  }
}

interface Layout {
  readonly refs: Uint32Array
  /** Which values are taken; all where undefined. */
  readonly positions: readonly number[] | undefined
  readonly leftOut: ReadonlyMap<DropReason, number>
}

function selectorsOf(expr: string): readonly (readonly LabelMatcher[])[] {
  // Their patterns were compiled when the expression was read.
  const compiled = (matcher: Matcher) => compileMatcher(matcher) as LabelMatcher
  return parsePromql(expr)
    .selections(0, 0)
    .map(({ matchers }) => matchers.map(compiled))
}

function checkSize(value: Value): void {
  const count = value.type === 'matrix' ? value.series.reduce((sum, { times }) => sum + times.length, 0) : sizeOf(value)
  if (count > MAX_ANSWER_VALUES) throw vitalsError('QUERY_TOO_LARGE', { count, limit: MAX_ANSWER_VALUES })
}

function sizeOf(value: Value): number {
  return value.type === 'matrix' ? value.series.length : value.type === 'vector' ? value.samples.length : 1
}

function cut(value: Value, limit: number): Value {
  if (value.type === 'vector') return { ...value, samples: value.samples.slice(0, limit) }
  return value.type === 'matrix' ? ({ ...value, series: value.series.slice(0, limit) } satisfies Matrix) : value
}

function toFailure(error: unknown): Failure {
  const reason = error instanceof Error ? error.message : String(error)
  return failureOf(error instanceof VitalsError ? error : vitalsError('QUERY_ABORTED', { reason }))
}
