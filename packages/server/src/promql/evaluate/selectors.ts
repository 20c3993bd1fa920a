import type { Series } from '../contract.js'
import { Labels, labelsOfSeries, METRIC_NAME } from '../labels.js'
import type { Selector } from '../syntax/ast.js'
import type { Context } from './context.js'
import { createFrame, type Frame } from './frame.js'
import { endOf, type Grid, referencesOf } from './times.js'

/** Whether all series of a selector have one name. */
export const hasOneName = ({ matchers }: Selector): boolean =>
  matchers.some(({ name, op, value }) => name === METRIC_NAME && op === '=' && value !== '')

/** The series of a selector, with what lies in the `spanMs` before each reference. */
export function select(ctx: Context, selector: Selector, references: Grid, spanMs: number): readonly Series[] {
  const matchers = ctx.accounted(selector.matchers, selector.at)
  // A span is open on the left: a sample just at its beginning is outside.
  const series = ctx.source.select(matchers, references.startMs - spanMs + 1, endOf(references))
  ctx.checkSeries(series.length, selector.at)
  ctx.spend(series.length, selector.at)
  return series
}

/**
 * The last value of each series at each step, not older than the look-back and not after it went stale; or the time of
 * that value, in seconds.
 */
export function instantVector(ctx: Context, grid: Grid, selector: Selector, asTimes = false): Frame {
  const references = referencesOf(grid, selector, ctx.whole)
  const series = select(ctx, selector, references, ctx.lookbackMs)
  const labels = series.map(labelsOfSeries)
  const frame = createFrame(ctx, grid, labels, hasOneName(selector), selector.at)
  for (let row = 0; row < series.length; row++)
    ctx.spend(fillRow(frame, row, series[row]!, references, ctx.lookbackMs, asTimes), selector.at)
  return frame
}

/** At each step, whether any series has a value (1). Looks at no more series than it has to. */
export function anyValue(ctx: Context, grid: Grid, selector: Selector): Uint8Array {
  const references = referencesOf(grid, selector, ctx.whole)
  const series = select(ctx, selector, references, ctx.lookbackMs)
  const frame = createFrame(ctx, grid, [Labels.NONE], true, selector.at)
  for (const one of series) {
    if (!frame.present.includes(0)) break
    ctx.spend(grid.count + fillRow(frame, 0, one, references, ctx.lookbackMs, false), selector.at)
  }
  return frame.present
}

/** Fills one row, and returns how many samples it went over. */
function fillRow(
  { values, present }: Frame,
  row: number,
  { times, values: samples, staleTimes = [] }: Series,
  { startMs, stepMs, count }: Grid,
  lookbackMs: number,
  asTimes: boolean,
): number {
  const first = after(times, startMs)
  let next = first
  let stale = after(staleTimes, startMs)
  for (let step = 0; step < count; step++) {
    const reference = startMs + step * stepMs
    while (next < times.length && times[next]! <= reference) next++
    while (stale < staleTimes.length && staleTimes[stale]! <= reference) stale++
    if (next === 0) continue
    const time = times[next - 1]!
    if (time <= reference - lookbackMs || (stale > 0 && staleTimes[stale - 1]! > time)) continue
    values[row * count + step] = asTimes ? time / 1000 : samples[next - 1]!
    present[row * count + step] = 1
  }
  return next - first
}

/** The index of the first time after `limitMs`, out of `times[from … to)`. */
export function after(times: ArrayLike<number>, limitMs: number, from = 0, to = times.length): number {
  let low = from
  let high = to
  while (low < high) {
    const middle = (low + high) >>> 1
    if (times[middle]! <= limitMs) low = middle + 1
    else high = middle
  }
  return low
}
