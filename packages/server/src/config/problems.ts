import type { z } from 'zod'
import { isGroup } from './client.js'
import type { SchemaNode } from './json-schema.js'
import { exampleOf, expectedOf, keysOf, schemaAt } from './schema.js'
import { isSecret, MASK, maskUrl } from './secrets.js'

/** One thing that is wrong: where in the values, and a sentence about it. */
export interface Problem {
  readonly path: readonly PropertyKey[]
  /** Whether the key itself is at fault, and not its value. */
  readonly part: 'key' | 'value'
  readonly message: string
}

type Issue = z.core.$ZodIssue

/** Longest part of a bad value that is shown, in characters. */
const SHOWN_LENGTH = 80

/** Turns what the schema found into sentences with the bad value, what is expected, and a valid example. */
export function problemsOf(issues: readonly Issue[], values: unknown): readonly Problem[] {
  return issues.flatMap((issue) => problemOf(issue, values))
}

function problemOf(issue: Issue, values: unknown): readonly Problem[] {
  const { path } = issue
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey([...path, key], values))
    case 'invalid_key':
      return [invalidName(path)]
    case 'invalid_union': {
      if ('options' in issue && Array.isArray(issue.options)) return [wrongWord(path, values, issue.options)]
      const branch = closestBranch(issue.errors, valueAt(values, path))
      if (branch)
        return problemsOf(
          branch.map((inner) => ({ ...inner, path: [...path, ...inner.path] })),
          values,
        )
      const misspelt = misspeltKeys(path, values)
      return misspelt.length > 0 ? misspelt : [wrongValue(path, values)]
    }
    case 'custom':
      return [{ path, part: 'value', message: issue.message }]
    default:
      return [wrongValue(path, values)]
  }
}

/** A key that is none of the names that its map takes. */
export function invalidName(path: readonly PropertyKey[]): Problem {
  const names = schemaAt(path.slice(0, -1))?.propertyNames
  return { path, part: 'key', message: `is no valid name; expected: ${lowered(names?.description ?? 'another name')}` }
}

/** Of a union’s branches, the one whose required keys are all there: it is what the writer meant. */
function closestBranch(branches: readonly (readonly Issue[])[], value: unknown): readonly Issue[] | undefined {
  const absent = ({ path }: Issue) => path.length < 2 && valueAt(value, path) === undefined
  return branches.find(
    (issues) =>
      issues.every(({ path, code }) => path.length > 0 || code === 'unrecognized_keys') && !issues.some(absent),
  )
}

/** Keys of a group that are almost one of those of which it needs one, such as `comand`. */
function misspeltKeys(path: readonly PropertyKey[], values: unknown): readonly Problem[] {
  const found = valueAt(values, path)
  const needed = schemaAt(path)?.anyOf?.flatMap(({ required }) => required ?? []) ?? []
  if (!isGroup(found)) return []
  const keys = Object.keys(found).filter((key) => !needed.includes(key) && nearest(key, needed) !== undefined)
  return keys.map((key) => unknownKey([...path, key], values))
}

function unknownKey(path: readonly PropertyKey[], values: unknown): Problem {
  const group = schemaAt(path.slice(0, -1), values)
  const known = group ? keysOf(group) : []
  const key = String(path.at(-1))
  if (group && known.includes(key)) {
    return { path, part: 'key', message: `does not go with the keys beside it; expected: ${expectedOf(group)}` }
  }
  const near = nearest(key, known)
  const advice = near === undefined ? '.' : `; did you mean "${near}"?`
  return { path, part: 'key', message: `is an unknown key${advice} Known here: ${known.join(', ')}` }
}

function wrongValue(path: readonly PropertyKey[], values: unknown): Problem {
  const node = schemaAt(path, values)
  const found = valueAt(values, path)
  const is =
    found === undefined ? 'is missing' : node?.anyOf && isGroup(found) ? 'lacks a key' : `is ${shown(found, path)}`
  return { path, part: 'value', message: `${is}; expected: ${node ? expectedOf(node) : 'nothing'}${forExample(node)}` }
}

/** The word that says which kind of entry it is, where it says none that there is. */
function wrongWord(path: readonly PropertyKey[], values: unknown, words: readonly unknown[]): Problem {
  const found = valueAt(values, path)
  const is = found === undefined ? 'is missing' : `is ${shown(found, path)}`
  return { path, part: 'value', message: `${is}; expected: one of ${words.join(', ')}` }
}

function forExample(node: SchemaNode | undefined): string {
  const example = node && exampleOf(node)
  return example === undefined ? '' : `, for example ${JSON.stringify(example)}`
}

function valueAt(values: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | null | undefined)?.[key], values)
}

function shown(value: unknown, path: readonly PropertyKey[]): string {
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object' && value !== null) return 'a group of keys'
  if (isSecret(path)) return `${MASK} (${value === null ? 'nothing' : typeof value})`
  const text = JSON.stringify(path.at(-1) === 'url' && typeof value === 'string' ? maskUrl(value) : value)
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text
}

/** The known word that is at most a third of its letters (and at least one) away, or undefined. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate.toLowerCase()) }))
    .sort((one, other) => one.distance - other.distance)
  const best = ranked[0]
  return best && best.distance <= Math.max(1, Math.ceil(best.candidate.length / 3)) ? best.candidate : undefined
}

/** Levenshtein distance: insertions, removals and replacements. */
function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (let i = 1; i <= one.length; i++) {
    const next = [i]
    for (let j = 1; j <= other.length; j++) {
      const replaced = row[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1))
    }
    row = next
  }
  return row[other.length]!
}

function lowered(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
