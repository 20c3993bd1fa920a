export type {
  Answer,
  LabelSet,
  Limits,
  Matcher,
  Matrix,
  ParseLimits,
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
export { DEFAULT_LIMITS, DEFAULT_PARSE_LIMITS } from './limits.js'
export { parsePromql } from './parse.js'
