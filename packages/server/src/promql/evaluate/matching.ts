import { type Labels, METRIC_NAME } from '../labels.js'
import type { Binary, ComparisonOp, Matching, SetOp } from '../syntax/ast.js'
import { COMPARERS, valueOperator } from './binary.js'
import type { Context } from './context.js'
import { createFrame, type Frame, mergeRows } from './frame.js'
import type { Grid } from './times.js'

/** A key for each row: rows of equal keys match. */
function keysOf(ctx: Context, { on, labels }: Matching, rows: readonly Labels[], at: number): readonly string[] {
  ctx.spend(rows.length, at)
  if (on) return rows.map((row) => row.keyOf(labels))
  const ignored = new Set(labels)
  return rows.map((row) => row.keyWithout(ignored))
}

function rowsByKey(keys: readonly string[]): ReadonlyMap<string, number[]> {
  const rows = new Map<string, number[]>()
  keys.forEach((key, row) => {
    const known = rows.get(key)
    if (known === undefined) rows.set(key, [row])
    else known.push(row)
  })
  return rows
}

/** At each step, whether any row has a value (1). */
export function anyPresent(ctx: Context, { count }: Grid, { labels, present }: Frame, at: number): Uint8Array {
  const any = new Uint8Array(count)
  for (let row = 0; row < labels.length; row++) {
    ctx.spend(count, at)
    for (let step = 0; step < count; step++) any[step]! |= present[row * count + step]!
  }
  return any
}

/** Arithmetic and comparisons between two vectors, series by matching series. */
export function vectorWithVector(ctx: Context, grid: Grid, binary: Binary, left: Frame, right: Frame): Frame {
  const swapped = binary.matching.many === 'right'
  const sides = swapped ? { many: right, one: left } : { many: left, one: right }
  return new Match(ctx, grid, binary, sides.many, sides.one, swapped).result()
}

/** In `present`: there is a match, which a comparison drops. Whether matches are unique is asked before that. */
const FILTERED = 2

/** One row of the result: a row of the side that may have many, and those of the other that belong to it. */
interface Pair {
  readonly labels: Labels
  readonly row: number
  readonly others: readonly number[]
}

class Match {
  private readonly manyKeys: readonly string[]
  private readonly ones: ReadonlyMap<string, number[]>

  constructor(
    private readonly ctx: Context,
    private readonly grid: Grid,
    private readonly binary: Binary,
    private readonly many: Frame,
    private readonly one: Frame,
    /** Whether the left side is the one. */
    private readonly swapped: boolean,
  ) {
    const { matching, at } = binary
    this.manyKeys = keysOf(ctx, matching, many.labels, at)
    this.ones = rowsByKey(keysOf(ctx, matching, one.labels, at))
  }

  result(): Frame {
    const { ctx, grid, binary } = this
    this.checkOnes()
    const pairs = this.pairs()
    const labels = pairs.map((pair) => pair.labels)
    const result = createFrame(ctx, grid, labels, false, binary.at)
    pairs.forEach((pair, row) => {
      ctx.spend(grid.count * pair.others.length, binary.at)
      for (const other of pair.others) this.fill(result, row, pair.row, other)
    })
    if (binary.matching.many === undefined) this.checkMany(result, pairs)
    const merged = mergeRows(ctx, grid, result, binary.at)
    for (let cell = 0; cell < merged.present.length; cell++)
      if (merged.present[cell] === FILTERED) merged.present[cell] = 0
    return { ...merged, oneName: labels.every((row) => row.get(METRIC_NAME) === '') }
  }

  private pairs(): readonly Pair[] {
    const { matching } = this.binary
    const labelsFor = this.resultLabels()
    const pairs: Pair[] = []
    this.manyKeys.forEach((key, row) => {
      const others = this.ones.get(key)
      if (others === undefined) return
      const own = this.many.labels[row]!
      // Labels of the one side are in the result only where they are asked for: then each of them gives its own.
      if (matching.include.length === 0) pairs.push({ labels: labelsFor(own), row, others })
      else
        for (const other of others)
          pairs.push({ labels: labelsFor(own, this.one.labels[other]!), row, others: [other] })
      this.ctx.checkSeries(pairs.length, this.binary.at)
    })
    return pairs
  }

  private resultLabels(): (many: Labels, one?: Labels) => Labels {
    const { matching, bool, op } = this.binary
    const keepsName = !bool && op in COMPARERS
    const names = new Set(matching.labels)
    return (many, one) => {
      let labels = keepsName ? many : many.unnamed
      if (matching.many === undefined) labels = matching.on ? labels.keep(names) : labels.drop(names)
      for (const name of matching.include) labels = labels.with(name, one?.get(name) ?? '')
      return labels
    }
  }

  private fill(result: Frame, row: number, manyRow: number, oneRow: number): void {
    const { many, one, swapped, binary } = this
    const { count } = this.grid
    const of = valueOperator(binary)
    const holds = of === undefined ? COMPARERS[binary.op as ComparisonOp] : undefined
    for (let step = 0; step < count; step++) {
      const manyCell = manyRow * count + step
      const oneCell = oneRow * count + step
      if ((many.present[manyCell]! & one.present[oneCell]!) === 0) continue
      const left = swapped ? one.values[oneCell]! : many.values[manyCell]!
      const right = swapped ? many.values[manyCell]! : one.values[oneCell]!
      result.values[row * count + step] = of === undefined ? left : of(left, right)
      result.present[row * count + step] = holds === undefined || holds(left, right) ? 1 : FILTERED
    }
  }

  /** The side of which one must match may have no two of a key at a step at which the other side has anything. */
  private checkOnes(): void {
    const { ctx, grid, binary, one, many } = this
    const { count } = grid
    let any: Uint8Array | undefined
    for (const rows of this.ones.values()) {
      if (rows.length === 1) continue
      any ??= anyPresent(ctx, grid, many, binary.at)
      ctx.spend(rows.length * count, binary.at)
      for (let step = 0; step < count; step++) {
        if (any[step] === 0) continue
        const [first, second] = rows.filter((row) => one.present[row * count + step] === 1)
        if (second === undefined) continue
        const side = this.swapped ? 'left' : 'right'
        ctx.fail(
          binary.at,
          `found duplicate series for the match group ${this.group(one.labels[second]!)} on the ${side} hand-side of the operation: ${one.labels[first!]} and ${one.labels[second]}; many-to-many matching not allowed: matching labels must be unique on one side`,
        )
      }
    }
  }

  /** The labels that rows of one key share. */
  private group(labels: Labels): Labels {
    const { on, labels: names } = this.binary.matching
    return on ? labels.keep(new Set(names)) : labels.unnamed.drop(new Set(names))
  }

  /** Without a group clause the other side may have no two of a key in the result of a step either. */
  private checkMany(result: Frame, pairs: readonly Pair[]): void {
    const { ctx, grid, binary } = this
    const { count } = grid
    const rows = rowsByKey(pairs.map((pair) => this.manyKeys[pair.row]!))
    for (const members of rows.values()) {
      if (members.length === 1) continue
      ctx.spend(members.length * count, binary.at)
      for (let step = 0; step < count; step++) {
        const [first, second] = members.filter((row) => result.present[row * count + step] !== 0)
        if (second === undefined) continue
        const [one, other] = [pairs[first!]!, pairs[second]!].map((pair) => this.many.labels[pair.row])
        ctx.fail(
          binary.at,
          `multiple matches for labels: many-to-one matching must be explicit (group_left/group_right), as for ${one} and ${other}`,
        )
      }
    }
  }
}

/** `and`, `unless` and `or`: series by whether the other side has any of the same key at the step. */
export function setOperation(
  ctx: Context,
  grid: Grid,
  binary: Binary & { readonly op: SetOp },
  left: Frame,
  right: Frame,
): Frame {
  const { op, matching, at } = binary
  const leftKeys = keysOf(ctx, matching, left.labels, at)
  const rightKeys = keysOf(ctx, matching, right.labels, at)
  if (op !== 'or') {
    keepWhere(ctx, grid, left, leftKeys, presenceByKey(ctx, grid, right, rightKeys, at), op === 'and' ? 1 : 0, at)
    return left
  }
  keepWhere(ctx, grid, right, rightKeys, presenceByKey(ctx, grid, left, leftKeys, at), 0, at)
  const both = createFrame(ctx, grid, [...left.labels, ...right.labels], false, at)
  both.values.set(left.values)
  both.values.set(right.values, left.values.length)
  both.present.set(left.present)
  both.present.set(right.present, left.present.length)
  return mergeRows(ctx, grid, both, at)
}

/** For each key, the steps at which any row has a value. */
function presenceByKey(
  ctx: Context,
  { count }: Grid,
  { present }: Frame,
  keys: readonly string[],
  at: number,
): ReadonlyMap<string, Uint8Array> {
  const presence = new Map<string, Uint8Array>()
  keys.forEach((key, row) => {
    ctx.spend(count, at)
    const own = present.subarray(row * count, (row + 1) * count)
    const known = presence.get(key)
    if (known === undefined) presence.set(key, own.slice())
    else for (let step = 0; step < count; step++) known[step]! |= own[step]!
  })
  return presence
}

/** Takes away, in place, the cells whose key is not there (1) or is there (0) on the other side. */
function keepWhere(
  ctx: Context,
  { count }: Grid,
  { present }: Frame,
  keys: readonly string[],
  presence: ReadonlyMap<string, Uint8Array>,
  wanted: 0 | 1,
  at: number,
): void {
  keys.forEach((key, row) => {
    ctx.spend(count, at)
    const other = presence.get(key)
    for (let step = 0; step < count; step++)
      if ((other === undefined ? 0 : other[step]!) !== wanted) present[row * count + step] = 0
  })
}
