/**
 * The small vocabulary in which an event's fields are declared. One declaration gives the TypeScript type, the check
 * of what comes from outside, and the documentation.
 */

/** Longest text a field may hold, in characters (Unicode code points), where the field states no bound of its own. */
export const DEFAULT_TEXT_LENGTH = 256
/**
 * Largest number that is no count: of milliseconds, of money. No sum of such numbers, however many came, is infinite, and
 * 31,000 years are longer than anything that is measured.
 */
export const MAX_NUMBER = 1e15

/** A form that a text must have. */
export interface Form {
  /** The whole of a text that has it, as the source of a regular expression. */
  readonly pattern: string
  /** The same in words. */
  readonly words: string
}

export interface Field<T> {
  readonly doc: string
  readonly kind: 'text' | 'number' | 'flag' | 'choice' | 'texts'
  readonly optional: boolean
  /** `text`: longest value in characters. `texts`: most entries. */
  readonly maxLength?: number
  readonly form?: Form
  readonly integer?: boolean
  readonly choices?: readonly string[]
  /** Carries the type alone; never present at run time. */
  readonly type?: T
}

export type Fields = Readonly<Record<string, Field<unknown>>>

type Value<X> = X extends Field<infer T> ? T : never
type OptionalKeys<F extends Fields> = { [K in keyof F]: F[K] extends { readonly optional: true } ? K : never }[keyof F]
/** The object type that a set of fields describes. */
export type Shape<F extends Fields> = { readonly [K in Exclude<keyof F, OptionalKeys<F>>]: Value<F[K]> } & {
  readonly [K in OptionalKeys<F>]?: Value<F[K]>
}

type Mandatory<T> = Field<T> & { readonly optional: false }
type Optional<T> = Field<T> & { readonly optional: true }

/** Text of at most `maxLength` characters (default 256). */
export function text(doc: string, maxLength = DEFAULT_TEXT_LENGTH): Mandatory<string> {
  return { doc, kind: 'text', optional: false, maxLength }
}

/** Text of one form, of at most `maxLength` characters. */
export function formed(doc: string, maxLength: number, form: Form): Mandatory<string> {
  return { doc, kind: 'text', optional: false, maxLength, form }
}

/** A number from 0 to `MAX_NUMBER`, in the unit that the field's name states. */
export function number(doc: string): Mandatory<number> {
  return { doc, kind: 'number', optional: false }
}

/** A whole number from 0 to 2^53 - 1. */
export function count(doc: string): Mandatory<number> {
  return { doc, kind: 'number', optional: false, integer: true }
}

export function flag(doc: string): Mandatory<boolean> {
  return { doc, kind: 'flag', optional: false }
}

/** One of a closed list of words. */
export function choice<const C extends readonly string[]>(doc: string, choices: C): Mandatory<C[number]> {
  return { doc, kind: 'choice', optional: false, choices }
}

/** A list of at most 1,000 texts, each of at most 256 characters, and of the form if there is one. */
export function texts(doc: string, form?: Form): Mandatory<readonly string[]> {
  return { doc, kind: 'texts', optional: false, maxLength: 1000, ...(form && { form }) }
}

/** The same field, which an event may leave out. */
export function optional<T>(field: Field<T>): Optional<T> {
  return { ...field, optional: true }
}
