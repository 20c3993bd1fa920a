import type { ValueType } from '../contract.js'

interface Signature {
  readonly args: readonly ValueType[]
  /** How many of `args`, from the end, may be left out. */
  readonly optional?: number
  /** Whether the last may be repeated, or be absent. */
  readonly variadic?: boolean
  readonly returns: ValueType
}

const vector = (...args: ValueType[]): Signature => ({ args, returns: 'vector' })
const OF_VECTOR = vector('vector')
const OF_RANGE = vector('matrix')
const OF_TIME: Signature = { args: ['vector'], optional: 1, returns: 'vector' }

/** Every function of the subset: what it takes and gives. docs/reference/promql.md lists them from here. */
export const FUNCTIONS = {
  abs: OF_VECTOR,
  absent: OF_VECTOR,
  absent_over_time: OF_RANGE,
  acos: OF_VECTOR,
  acosh: OF_VECTOR,
  asin: OF_VECTOR,
  asinh: OF_VECTOR,
  atan: OF_VECTOR,
  atanh: OF_VECTOR,
  avg_over_time: OF_RANGE,
  ceil: OF_VECTOR,
  changes: OF_RANGE,
  clamp: vector('vector', 'scalar', 'scalar'),
  clamp_max: vector('vector', 'scalar'),
  clamp_min: vector('vector', 'scalar'),
  cos: OF_VECTOR,
  cosh: OF_VECTOR,
  count_over_time: OF_RANGE,
  day_of_month: OF_TIME,
  day_of_week: OF_TIME,
  day_of_year: OF_TIME,
  days_in_month: OF_TIME,
  deg: OF_VECTOR,
  delta: OF_RANGE,
  deriv: OF_RANGE,
  exp: OF_VECTOR,
  first_over_time: OF_RANGE,
  floor: OF_VECTOR,
  histogram_fraction: vector('scalar', 'scalar', 'vector'),
  histogram_quantile: vector('scalar', 'vector'),
  hour: OF_TIME,
  idelta: OF_RANGE,
  increase: OF_RANGE,
  irate: OF_RANGE,
  label_join: { args: ['vector', 'string', 'string', 'string'], variadic: true, returns: 'vector' },
  label_replace: vector('vector', 'string', 'string', 'string', 'string'),
  last_over_time: OF_RANGE,
  ln: OF_VECTOR,
  log10: OF_VECTOR,
  log2: OF_VECTOR,
  max_over_time: OF_RANGE,
  min_over_time: OF_RANGE,
  minute: OF_TIME,
  month: OF_TIME,
  pi: { args: [], returns: 'scalar' },
  predict_linear: vector('matrix', 'scalar'),
  present_over_time: OF_RANGE,
  quantile_over_time: vector('scalar', 'matrix'),
  rad: OF_VECTOR,
  rate: OF_RANGE,
  resets: OF_RANGE,
  round: { args: ['vector', 'scalar'], optional: 1, returns: 'vector' },
  scalar: { args: ['vector'], returns: 'scalar' },
  sgn: OF_VECTOR,
  sin: OF_VECTOR,
  sinh: OF_VECTOR,
  sort: OF_VECTOR,
  sort_desc: OF_VECTOR,
  sqrt: OF_VECTOR,
  stddev_over_time: OF_RANGE,
  stdvar_over_time: OF_RANGE,
  sum_over_time: OF_RANGE,
  tan: OF_VECTOR,
  tanh: OF_VECTOR,
  time: { args: [], returns: 'scalar' },
  timestamp: OF_VECTOR,
  vector: vector('scalar'),
  year: OF_TIME,
} as const satisfies Record<string, Signature>

export type FunctionName = keyof typeof FUNCTIONS
export const signatureOf = (name: FunctionName): Signature => FUNCTIONS[name]
export const isFunction = (name: string): name is FunctionName => Object.hasOwn(FUNCTIONS, name)

const OF_NATIVE = 'a function of native histograms'
const EXPERIMENTAL = 'an experimental function'

/** What Prometheus has and we refuse, each with what to use in its place. docs/reference/promql.md lists them from here. */
export const REFUSED: Readonly<Record<string, { readonly what: string; readonly instead: string }>> = {
  double_exponential_smoothing: { what: EXPERIMENTAL, instead: 'use avg_over_time or predict_linear' },
  end: { what: EXPERIMENTAL, instead: 'use @ end() behind a selector' },
  histogram_avg: { what: OF_NATIVE, instead: 'divide the rate of _sum by the rate of _count' },
  histogram_count: { what: OF_NATIVE, instead: 'use the series _count of a classic histogram' },
  histogram_quantiles: { what: EXPERIMENTAL, instead: 'use histogram_quantile once for each quantile' },
  histogram_stddev: { what: OF_NATIVE, instead: 'use histogram_quantile' },
  histogram_stdvar: { what: OF_NATIVE, instead: 'use histogram_quantile' },
  histogram_sum: { what: OF_NATIVE, instead: 'use the series _sum of a classic histogram' },
  info: { what: EXPERIMENTAL, instead: 'use * on (…) group_left (…) with the info metric' },
  limit_ratio: { what: 'an experimental aggregation', instead: 'use topk or bottomk' },
  limitk: { what: 'an experimental aggregation', instead: 'use topk or bottomk' },
  mad_over_time: { what: EXPERIMENTAL, instead: 'use stddev_over_time' },
  max_of: { what: EXPERIMENTAL, instead: 'use clamp_min' },
  min_of: { what: EXPERIMENTAL, instead: 'use clamp_max' },
  range: { what: EXPERIMENTAL, instead: 'write the number' },
  sort_by_label: { what: EXPERIMENTAL, instead: 'sort the result where it is shown' },
  sort_by_label_desc: { what: EXPERIMENTAL, instead: 'sort the result where it is shown' },
  start: { what: EXPERIMENTAL, instead: 'use @ start() behind a selector' },
  start_timestamp: { what: EXPERIMENTAL, instead: 'use timestamp' },
  step: { what: EXPERIMENTAL, instead: 'write the number' },
  ts_of_first_over_time: { what: EXPERIMENTAL, instead: 'use min_over_time(timestamp(…)[…:])' },
  ts_of_last_over_time: { what: EXPERIMENTAL, instead: 'use max_over_time(timestamp(…)[…:])' },
  ts_of_max_over_time: { what: EXPERIMENTAL, instead: 'compare with max_over_time' },
  ts_of_min_over_time: { what: EXPERIMENTAL, instead: 'compare with min_over_time' },
}
