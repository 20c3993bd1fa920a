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
export { DEFAULT_LIMITS, DEFAULT_PARSE_OPTIONS } from './options.js'
export { parsePromql } from './parse.js'
