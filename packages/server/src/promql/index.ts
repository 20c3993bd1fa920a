export type {
  Answer,
  LabelMatcher,
  LabelSet,
  Limits,
  Matcher,
  Matrix,
  ParseOptions,
  Query,
  Scalar,
  Selection,
  Series,
  SeriesSource,
  Text,
  Value,
  ValueType,
  Vector,
} from './contract.js'
export { type Position, PromqlError, type PromqlErrorCode } from './error.js'
export { formatLabels } from './labels.js'
export { compileMatcher, compilePattern, type Groups, type Pattern } from './matcher.js'
export {
  memorySource,
  type NotedSeries,
  parseLabels,
  parseSelector,
  parseSeriesNotation,
  withDeadline,
} from './notation.js'
export { DEFAULT_LIMITS, DEFAULT_PARSE_OPTIONS } from './options.js'
export { parsePromql } from './parse.js'
export { AGGREGATIONS, ARITHMETIC, COMPARISONS, SETS } from './syntax/ast.js'
export { FUNCTIONS, REFUSED } from './syntax/functions.js'
export { formatDuration, formatNumber, parseDuration, parseNumber } from './text/numbers.js'
