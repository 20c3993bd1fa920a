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
  type SeriesSource,
  type Value,
  withDeadline,
} from '../promql/index.js'
import { type Seen, SeriesWindow } from '../series/index.js'
import { type Failure, failureOf } from '../threads/index.js'
import { answerBody } from './answer-json.js'
import { Intake } from './intake.js'
import type {
  Answer,
  Call,
  Calls,
  Finding,
  Labels,
  Message,
  Notice,
  Request,
  Sampled,
  Told,
  WorkerData,
} from './protocol.js'
import { Ruler } from './ruler.js'

/** The lanes of what is sampled: as the view shows it, and with all labels what that shows with fewer. */
export const SCRAPE_LANE = 'scrape'
const FULL_LANE = 'full'
/** Values that one answer may have: some 25 bytes each where it becomes text. */
const MAX_ANSWER_VALUES = 1_000_000
/** New series that are handed over to be kept with one sample: many at once would be in the memory of three threads. */
const SERIES_AT_ONCE = 5000
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
  readonly #view: Intake
  /** Of the metrics that the view shows with fewer labels, with all of them; undefined where there are none. */
  #full: Intake | undefined

  constructor(setup: CoreSetup) {
    this.#setup = setup
    const { maxSeries, maxBytes, windowHours, rolledDays, intervalMs } = setup.options
    const keptMs = { raw: windowHours * HOUR_MS, rolled: rolledDays * 24 * HOUR_MS }
    this.#window = new SeriesWindow({ maxSeries, maxBytes, keptMs }, [FULL_LANE])
    this.#view = new Intake(this.#window, SCRAPE_LANE, intervalMs)
    this.#ruler = new Ruler({
      window: this.#window,
      source: this.#sourceOf('view'),
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

  #sample({ atMs, view, full }: Extract<Notice, { kind: 'sample' }>): void {
    this.#view.take(view, this.#target, atMs)
    if (full) {
      this.#full ??= new Intake(this.#window, FULL_LANE, this.#setup.options.intervalMs)
      this.#full.take(full, this.#target, atMs)
    }
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
    const source = this.#sourceOf(options.labels)
    const { value, warnings, infos } =
      'atMs' in when
        ? query.instant(source, when.atMs, limits)
        : query.range(source, when.startMs, when.endMs, when.stepMs, limits)
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

  #find({ selectors, expr, startMs, endMs, labels }: Finding): Iterable<LabelSet> {
    const lists = expr === undefined ? selectors.map((selector) => parseSelector(selector)) : selectorsOf(expr)
    if (expr !== undefined && lists.length === 0) return []
    const limits = this.#limits()
    const timed = lists.map((matchers) => withDeadline(matchers, limits))
    return this.#window.labelSets(timed, startMs, endMs, this.#seen(labels))
  }

  #sourceOf(labels: Labels | undefined): SeriesSource {
    return {
      select: (matchers, startMs, endMs) => this.#window.select(matchers, startMs, endMs, this.#seen(labels)),
    }
  }

  /** What is seen of the lanes by who reads metrics with these labels; all where the view shows all, and did before. */
  #seen(labels: Labels = 'view'): Seen | undefined {
    if (!this.#window.hasLane(FULL_LANE)) return undefined
    if (labels === 'view') return (lane) => lane !== FULL_LANE
    return (lane, metric) => lane !== SCRAPE_LANE || this.#full?.metrics.has(metric) !== true
  }
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
