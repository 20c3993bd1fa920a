/** A JSON Schema that is no boolean. Nothing in it is trusted to be what it should. */
export type Schema = Readonly<Record<string, unknown>>

/** Where a value does not fit, as keys from the top, and the keyword that says so. */
export interface Misfit {
  readonly path: readonly (string | number)[]
  readonly keyword: string
}

/** A pattern that was compiled: `cost` is what one character of text takes. */
export interface Pattern {
  readonly cost: number
  test(text: string): boolean
}

/** The schema that applies, and where its value stands. */
export interface Judge {
  readonly schema: Schema
  readonly path: readonly (string | number)[]
}

/** One run of the check. */
export interface Check {
  readonly root: unknown
  /** A compiled pattern; `undefined` for one that is not known, which then checks nothing. `spend` is told what compiling it takes. */
  readonly patterns: (source: string, spend: Check['spend']) => Pattern | undefined
  /** Counts work to be done, and throws where it is too much. */
  readonly spend: (steps: number) => void
  /** Counts that many things to be looked at, of which each is a part of a step. */
  readonly scan: (things: number) => void
  apply(schema: Schema | boolean, value: unknown, path: Judge['path']): Misfit | undefined
  fits(schema: Schema | boolean, value: unknown): boolean
}

/** Judges a value by one keyword of a schema, which is there. */
export type Keyword = (value: unknown, at: Judge, check: Check) => Misfit | undefined
