import { expected, type Field, fits } from '@mcp-vitals/instrument/event'
import { DERIVABLE, type DerivableEvent, type DerivedField, fieldsOf, keysOf, OCCASIONS, OWN_KEYS } from './shape.js'

/** Longest pattern, and longest key of a path, in characters. */
export const MAX_NAME_LENGTH = 128
/** Most keys of one path. */
export const MAX_PATH_KEYS = 8
/** Most labels of one field. */
export const MAX_VALUES = 1000

/** Something wrong with a derivation: where below it, and a sentence about it that begins with a verb. */
export interface Problem {
  readonly path: readonly (string | number)[]
  readonly message: string
}

type Group = Readonly<Record<string, unknown>>
const SOURCE_KEYS = ['argument', 'result', 'values', 'maxValues', 'default']
const WHOLE = '{ tool: send_sms, event: message, channel: sms }'

/** Everything that is wrong with a derivation, as read from a configuration. */
export function problemsOf(derivation: unknown): readonly Problem[] {
  if (!isGroup(derivation)) return [wrong([], derivation, 'a group of keys with "tool" and "event"', WHOLE)]
  const problems = ['tool', 'server'].flatMap((key) => nameProblems(derivation, key))
  const { on, event } = derivation
  if (on !== undefined && !isOneOf(OCCASIONS, on)) problems.push(wrong(['on'], on, `one of ${OCCASIONS.join(', ')}`))
  if (!isOneOf(DERIVABLE, event)) return [...problems, wrong(['event'], event, `one of ${DERIVABLE.join(', ')}`)]
  return [...problems, ...fieldProblems(derivation, event)]
}

function nameProblems(derivation: Group, key: string): Problem[] {
  const name = derivation[key]
  if (name === undefined && key === 'server') return []
  return isName(name) ? [] : [wrong([key], name, `text of 1 to ${MAX_NAME_LENGTH} characters`, 'send_*')]
}

function fieldProblems(derivation: Group, event: DerivableEvent): readonly Problem[] {
  const fields = fieldsOf(event)
  const problems = Object.entries(derivation)
    .filter(([key]) => !OWN_KEYS.includes(key))
    .flatMap(([key, given]) => {
      const field = fields.find(({ name }) => name === key)
      return field ? givenProblems(field, given) : [unknownField(key, event, fields)]
    })
  const missing = fields.filter(({ name, required }) => required && derivation[name] === undefined)
  return [...problems, ...missing.map((field) => missingField(field, event)), ...nameless(derivation, event)]
}

function unknownField(key: string, event: DerivableEvent, fields: readonly DerivedField[]): Problem {
  const known = fields.map(({ name }) => name).join(', ')
  return { path: [key], message: `is no field of the event ${event}; its fields: ${known}` }
}

function missingField({ name, field }: DerivedField, event: DerivableEvent): Problem {
  const wanted = `${expected(field)}, { argument: path } or { result: path }`
  return {
    path: [name],
    message: `is missing, and the event ${event} needs it; expected: ${wanted}, for example ${exampleOf(name, field)}`,
  }
}

/** Agents that nobody can tell apart cannot be counted. */
function nameless({ action, agent }: Group, event: DerivableEvent): readonly Problem[] {
  if (event !== 'agent' || agent !== undefined || action === 'used') return []
  const message = 'is missing: which agent it is; expected: for example { argument: agentId }'
  return [{ path: ['agent'], message }]
}

function givenProblems(field: DerivedField, given: unknown): readonly Problem[] {
  if (isGroup(given)) return sourceProblems(field, given)
  return fits(field.field, given) ? [] : [wrongConstant(field, [field.name], given)]
}

function wrongConstant({ name, field }: DerivedField, path: Problem['path'], given: unknown): Problem {
  const wanted = `${expected(field)}, { argument: path } or { result: path }`
  return wrong(path, given, path.length > 1 ? expected(field) : wanted, exampleOf(name, field))
}

function sourceProblems(field: DerivedField, source: Group): readonly Problem[] {
  const { name } = field
  const problems: Problem[] = Object.keys(source)
    .filter((key) => !SOURCE_KEYS.includes(key))
    .map((key) => ({ path: [name, key], message: `is an unknown key. Known here: ${SOURCE_KEYS.join(', ')}` }))
  const where = (['argument', 'result'] as const).filter((key) => source[key] !== undefined)
  if (where.length === 1) problems.push(...pathProblems([name, where[0]!], source[where[0]!]))
  else problems.push(wrong([name], source, 'either "argument" or "result" in it', exampleOf(name, field.field)))
  if (source.default !== undefined && !fits(field.field, source.default))
    problems.push(wrongConstant(field, [name, 'default'], source.default))
  return [...problems, ...labelProblems(field, source)]
}

function pathProblems(at: Problem['path'], path: unknown): readonly Problem[] {
  const keys = typeof path === 'string' || isTexts(path) ? keysOf(path) : []
  if (keys.length === 0 || keys.length > MAX_PATH_KEYS || !keys.every(isName))
    return [wrong(at, path, `a path of 1 to ${MAX_PATH_KEYS} keys, joined by dots or in a list`, 'usage.input_tokens')]
  if (!keys.some((key) => key.startsWith('io.modelcontextprotocol/'))) return []
  return [wrong(at, path, 'a key of the server’s own, for those of the protocol are read already')]
}

function labelProblems({ name, isLabel, field }: DerivedField, { values, maxValues }: Group): readonly Problem[] {
  const problems: Problem[] = []
  for (const [key, given] of Object.entries({ values, maxValues }))
    if (given !== undefined && !isLabel) problems.push({ path: [name, key], message: 'goes only with a text label' })
  if (problems.length > 0) return problems
  const fitting = isTexts(values) && values.length <= MAX_VALUES && values.every((value) => fits(field, value))
  if (values !== undefined && !(fitting && values.length > 0))
    problems.push(wrong([name, 'values'], values, `a list of 1 to ${MAX_VALUES} texts, each ${expected(field)}`))
  const counts = Number.isInteger(maxValues) && (maxValues as number) >= 1 && (maxValues as number) <= MAX_VALUES
  if (maxValues !== undefined && !counts)
    problems.push(wrong([name, 'maxValues'], maxValues, `a whole number from 1 to ${MAX_VALUES}`))
  return problems
}

/** A valid value of a field. */
export function exampleOf(name: string, { kind, choices }: Field<unknown>): string {
  if (kind === 'choice') return String(choices?.[0])
  if (kind === 'number') return `{ result: usage.${name} }`
  return kind === 'flag' ? 'true' : `{ argument: ${name} }`
}

function wrong(path: Problem['path'], found: unknown, wanted: string, example?: string): Problem {
  const is = found === undefined ? 'is missing' : `is ${shown(found)}`
  return { path, message: `${is}; expected: ${wanted}${example === undefined ? '' : `, for example ${example}`}` }
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  return isGroup(value) ? 'a group of keys' : String(JSON.stringify(value)).slice(0, 80)
}

function isGroup(value: unknown): value is Group {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_NAME_LENGTH
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string')
}

function isOneOf<T extends string>(words: readonly T[], value: unknown): value is T {
  return (words as readonly unknown[]).includes(value)
}
