import type { ParseOptions, Query } from './contract.js'
import { DEFAULT_PARSE_OPTIONS } from './options.js'
import { ParsedQuery } from './query.js'
import { readExpression } from './syntax/read.js'

/** Parses and checks an expression. Throws PromqlError with the place of what is wrong. */
export function parsePromql(text: string, options: ParseOptions = DEFAULT_PARSE_OPTIONS): Query {
  return new ParsedQuery(text, readExpression(text, options), options)
}
