import { METRIC_NAME } from '../labels.js'
import { compilePattern, type Groups } from '../matcher.js'
import type { Call, Expr } from '../syntax/ast.js'
import type { Context } from './context.js'
import { type Frame, relabelled } from './frame.js'
import type { Grid } from './times.js'

/** Longest value of a label that a query may make, in characters; and how many of them count as one sample. */
const MAX_VALUE_LENGTH = 10_000
const CHARACTERS_PER_SAMPLE = 8

const textOf = (expr: Expr): string => (expr.kind === 'string' ? expr.value : '')

/** Sets a label from a template where the pattern matches another label. */
export function labelReplace(ctx: Context, grid: Grid, { args, at }: Call, frame: Frame): Frame {
  const [target = '', template = '', source = '', regex = ''] = args.slice(1).map(textOf)
  const pattern = compilePattern(regex)
  if ('problem' in pattern) return ctx.fail(at, pattern.problem)
  return relabel(ctx, grid, frame, target, at, (get) => {
    const value = get(source)
    ctx.spendOnText(value, at)
    const groups = pattern.groups(value)
    return groups === undefined ? undefined : expand(template, groups)
  })
}

/** Sets a label to the values of others with a separator between them. */
export function labelJoin(ctx: Context, grid: Grid, { args, at }: Call, frame: Frame): Frame {
  const [target = '', separator = '', ...sources] = args.slice(1).map(textOf)
  return relabel(ctx, grid, frame, target, at, (get) => sources.map(get).join(separator))
}

function relabel(
  ctx: Context,
  grid: Grid,
  frame: Frame,
  target: string,
  at: number,
  made: (get: (name: string) => string) => string | undefined,
): Frame {
  const labels = frame.labels.map((row) => {
    const value = made((name) => row.get(name))
    if (value === undefined) return row
    if (value.length > MAX_VALUE_LENGTH)
      throw ctx.error('PROMQL_LIMIT', { what: 'characters in one label', limit: MAX_VALUE_LENGTH }, at)
    ctx.charge(Math.ceil(value.length / CHARACTERS_PER_SAMPLE), at)
    return row.with(target, value)
  })
  return { ...relabelled(ctx, grid, frame, labels, at), oneName: frame.oneName && target !== METRIC_NAME }
}

/** A template with its groups filled in: `$1`, `${1}`, `$name`, `${name}`, and `$$` for a dollar sign. */
function expand(template: string, { texts, names }: Groups): string {
  return template.replace(/\$(?:(\$)|\{(\w+)\}|(\w+))/g, (_, dollar?: string, braced?: string, bare?: string) => {
    if (dollar !== undefined) return '$'
    const name = braced ?? bare ?? ''
    if (/^\d+$/.test(name)) return texts[Number(name)] ?? ''
    return Object.hasOwn(names, name) ? (texts[names[name]!] ?? '') : ''
  })
}
