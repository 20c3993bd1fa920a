import { randomBytes } from 'node:crypto'
import { type Commitment, commit, DRAFT_LIMITS, type Json, NotCanonical, SALT_BYTES } from '../../audit/index.js'

/** Longest canonical JSON of one value that is committed to, in characters. */
const MOST_CHARS = 65_536

/** A value that the log's owner named: an argument of a tool, by its keys joined with dots. */
export interface NamedArgument {
  /** Whether a tool, as `<tool>` or `<server>.<tool>`, is meant. */
  readonly matches: (name: string) => boolean
  readonly argument: string
}

/** What a row commits to, and the fields that it could not commit to. */
export interface Committed {
  readonly commitments: readonly Commitment[]
  readonly uncommitted: readonly string[]
}

/** Commits to what is there of the named arguments. What has no canonical form, or is too long, is `uncommitted`. */
export function commitTo(given: unknown, named: readonly NamedArgument[]): Committed {
  const values: Record<string, unknown> = {}
  for (const { argument } of named) {
    const value = valueAt(given, argument.split('.'))
    if (value !== undefined) values[`arguments.${argument}`] = value
  }
  return commitToAll(Object.keys(values), values)
}

/** Commits to the values of these fields. What is not there, has no canonical form or is too long, is `uncommitted`. */
export function commitToAll(fields: readonly string[], values: Readonly<Record<string, unknown>>): Committed {
  const commitments: Commitment[] = []
  const uncommitted: string[] = []
  for (const field of new Set(fields)) {
    const commitment = Object.hasOwn(values, field) ? tryCommit(field, values[field]) : undefined
    if (commitment) commitments.push(commitment)
    else uncommitted.push(field)
  }
  return { commitments, uncommitted }
}

function valueAt(given: unknown, keys: readonly string[]): unknown {
  let at = given
  for (const key of keys) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined
    at = (at as Readonly<Record<string, unknown>>)[key]
  }
  return at
}

/** Names and values from outside may be such as no row takes. */
function tryCommit(field: string, value: unknown): Commitment | undefined {
  if (field === '' || field.length > DRAFT_LIMITS.fieldChars || !field.isWellFormed()) return undefined
  try {
    const made = commit(field, value as Json, randomBytes(SALT_BYTES))
    return made.value.length > MOST_CHARS ? undefined : made
  } catch (error) {
    if (error instanceof NotCanonical) return undefined
    throw error
  }
}
