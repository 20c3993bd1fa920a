import { ERRORS, type ErrorCode, VitalsError } from '../errors/index.js'

export type PromqlErrorCode = Extract<ErrorCode, `PROMQL_${string}`>

/** A place in the text of an expression: offset in UTF-16 units from 0, line and column from 1. */
export interface Position {
  readonly offset: number
  readonly line: number
  readonly column: number
}

/**
 * What is wrong with an expression or its evaluation, and where. PROMQL_INVALID and PROMQL_UNSUPPORTED come from
 * parsing, the others from evaluating.
 */
export class PromqlError extends VitalsError {
  readonly line: number
  readonly column: number
  constructor(
    override readonly code: PromqlErrorCode,
    values: Readonly<Record<string, string | number>>,
    { line, column }: Position,
    example?: string,
  ) {
    const filled: Readonly<Record<string, string | number>> = { ...values, line, column }
    const message = ERRORS[code].message.replace(/\{(\w+)\}/g, (_, key: string) => String(filled[key]))
    super(code, message, undefined, example)
    this.line = line
    this.column = column
  }
}

/** The place of `offset` in `text`. */
export function positionOf(text: string, offset: number): Position {
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  return { offset, line, column: offset - (before.lastIndexOf('\n') + 1) + 1 }
}
