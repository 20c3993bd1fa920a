import type { LabelMatcher, Limits, SeriesSource } from '../contract.js'
import { PromqlError, type PromqlErrorCode, positionOf } from '../error.js'
import { quote } from '../text/strings.js'
import type { Whole } from './times.js'

/** Units of work between two looks at the clock; one unit is about one sample. */
const WORK_PER_LOOK = 50_000
/** What a pattern does with one character of a text, at most, in units of work. */
const WORK_PER_CHARACTER = 8
/** Remarks of each kind that an answer may have. */
const MAX_REMARKS = 50

/** One evaluation: what it asks, what it may cost, what it remarks. */
export class Context {
  /** Samples read and made so far. */
  samples = 0
  readonly warnings = new Set<string>()
  readonly infos = new Set<string>()
  private work = 0
  private readonly deadline: number

  constructor(
    readonly text: string,
    readonly lookbackMs: number,
    readonly source: SeriesSource,
    readonly limits: Limits,
    readonly whole: Whole,
  ) {
    this.deadline = limits.now() + limits.timeoutMs
  }

  error(code: PromqlErrorCode, values: Readonly<Record<string, string | number>>, at: number): PromqlError {
    return new PromqlError(code, values, positionOf(this.text, at))
  }

  fail(at: number, problem: string): never {
    throw this.error('PROMQL_FAILED', { problem }, at)
  }

  /** Counts samples before they are read or made: the memory for them is asked for after this. */
  charge(count: number, at: number): void {
    this.samples += count
    const { maxSamples } = this.limits
    if (this.samples > maxSamples) throw this.error('PROMQL_LIMIT', { what: 'samples', limit: maxSamples }, at)
    this.spend(count, at)
  }

  checkSeries(count: number, at: number): void {
    const { maxSeries } = this.limits
    if (count > maxSeries) throw this.error('PROMQL_LIMIT', { what: 'series', limit: maxSeries }, at)
  }

  checkSteps(count: number, at: number): void {
    const { maxSteps } = this.limits
    if (!(count <= maxSteps)) throw this.error('PROMQL_LIMIT', { what: 'steps', limit: maxSteps }, at)
  }

  /** Counts work that makes nothing, and looks at the clock now and then. */
  spend(units: number, at: number): void {
    this.work += units
    if (this.work < WORK_PER_LOOK) return
    this.work = 0
    const { now, timeoutMs } = this.limits
    if (now() > this.deadline) throw this.error('PROMQL_TIMEOUT', { timeoutMs }, at)
  }

  /** Counts the work of matching a text. */
  spendOnText(text: string, at: number): void {
    this.spend(1 + text.length * WORK_PER_CHARACTER, at)
  }

  /** The matchers as the source gets them: each text that they look at is work of this query. */
  accounted(matchers: readonly LabelMatcher[], at: number): readonly LabelMatcher[] {
    return matchers.map((matcher) => ({
      name: matcher.name,
      op: matcher.op,
      value: matcher.value,
      matches: (value) => {
        this.spendOnText(value, at)
        return matcher.matches(value)
      },
    }))
  }

  warn(at: number, text: string): void {
    if (this.warnings.size < MAX_REMARKS) this.warnings.add(`PromQL warning: ${text} (${this.place(at)})`)
  }

  inform(at: number, text: string): void {
    if (this.infos.size < MAX_REMARKS) this.infos.add(`PromQL info: ${text} (${this.place(at)})`)
  }

  /** Prometheus's remark on a quantile that is none. */
  checkQuantile(value: number, at: number, shown: string): void {
    if (!(value >= 0 && value <= 1)) this.warn(at, `quantile value should be between 0 and 1, got ${shown}`)
  }

  /** Prometheus's remark on a bucket without a bound. */
  warnOfBucket(at: number, le: string, metric: string): void {
    const where = metric === '' ? '' : ` for metric name ${quote(metric)}`
    this.warn(at, `bucket label "le" is missing or has a malformed value of ${quote(le)}${where}`)
  }

  private place(at: number): string {
    const { line, column } = positionOf(this.text, at)
    return `${line}:${column}`
  }
}
