import { ERRORS, type ErrorCode, type ErrorValues } from './registry.js'

export { ERRORS, type ErrorCode, type ErrorValues }

/** An error out of the registry. `message` is the first sentence alone; `explain()` adds the example and the next step. */
export class VitalsError extends Error {
  override readonly name = 'VitalsError'
  constructor(
    readonly code: ErrorCode,
    message: string,
    options?: ErrorOptions,
    /** In place of the registry's: one that fits what was wrong. */
    readonly example: string = ERRORS[code].example,
  ) {
    super(message, options)
  }

  /** The whole text for a terminal: message, example, next step, code. */
  explain(): string {
    const { next } = ERRORS[this.code]
    return `${this.message}\n  for example: ${this.example}\n  next: ${next}\n  (${this.code})`
  }
}

/** Builds the registered error `code` with its values filled in; `example` in place of the registry's. The caller throws it. */
export function vitalsError<C extends ErrorCode>(
  code: C,
  values: ErrorValues<C>,
  cause?: unknown,
  example?: string,
): VitalsError {
  const filled = ERRORS[code].message.replace(/\{(\w+)\}/g, (_, key: string) =>
    String((values as Record<string, unknown>)[key]),
  )
  return new VitalsError(code, filled, cause === undefined ? undefined : { cause }, example)
}
