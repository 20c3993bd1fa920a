/**
 * Templates of labels and annotations: the part of Go's text/template that alert rules use. Actions print a value that may
 * go through functions: `{{ $labels.tool }}`, `{{ $value | humanize }}`, `{{ printf "%.2f" $value }}`. There are no
 * conditions, loops or queries; a template that has one is refused when it is read.
 */
import type { LabelSet } from '../promql/index.js'
import { formatE, formatF, formatG, formatV } from './go-numbers.js'
import { humanize, humanize1024, humanizeDuration, humanizePercentage, humanizeTimestamp } from './humanize.js'

/** Longest text that a template may give, in UTF-16 units; what is beyond is cut off. */
const MAX_LENGTH = 4096

/** What a template can name. */
export interface TemplateData {
  readonly labels: LabelSet
  readonly value: number
}

/** A template that was read. */
export type Template = (data: TemplateData) => string

type Printed = string | number
type Expression = (data: TemplateData) => Printed

const ofNumber =
  (form: (value: number) => string) =>
  (value: Printed): Printed =>
    form(Number(value))
const ofText =
  (form: (text: string) => string) =>
  (value: Printed): Printed =>
    form(String(value))

/** Functions of one value. docs/reference/rules.md is written from the names. */
export const TEMPLATE_FUNCTIONS: Readonly<Record<string, (value: Printed) => Printed>> = {
  humanize: ofNumber(humanize),
  humanize1024: ofNumber(humanize1024),
  humanizeDuration: ofNumber(humanizeDuration),
  humanizePercentage: ofNumber(humanizePercentage),
  humanizeTimestamp: ofNumber(humanizeTimestamp),
  title: ofText((text) => text.replace(/(^|\s)\p{Ll}/gu, (letter) => letter.toUpperCase())),
  toLower: ofText((text) => text.toLowerCase()),
  toUpper: ofText((text) => text.toUpperCase()),
  stripPort: ofText((text) => text.replace(/:\d+$/, '')),
}

/** Reads a template. Returns what is wrong with it where it is none of ours. */
export function parseTemplate(text: string): Template | { readonly problem: string } {
  const parts: (string | Expression)[] = []
  let at = 0
  try {
    for (const match of text.matchAll(/\{\{(-\s)?([\s\S]*?)(\s-)?\}\}/g)) {
      const before = text.slice(at, match.index)
      parts.push(match[1] === undefined ? before : before.trimEnd())
      at = match.index + match[0].length
      if (match[3] !== undefined) at += text.slice(at).length - text.slice(at).trimStart().length
      const action = match[2]!.trim()
      if (!/^\/\*[\s\S]*\*\/$/.test(action)) parts.push(parseAction(action))
    }
    const rest = text.slice(at)
    if (rest.includes('{{')) refuse('an action that begins with {{ does not end with }}')
    parts.push(rest)
  } catch (error) {
    if (error instanceof Refusal) return { problem: error.message }
    throw error
  }
  return (data) => {
    const shown = parts.map((part) => (typeof part === 'string' ? part : print(part(data))))
    return shown.join('').slice(0, MAX_LENGTH)
  }
}

class Refusal extends Error {}

function refuse(problem: string): never {
  throw new Refusal(problem)
}

const print = (value: Printed): string => (typeof value === 'number' ? formatV(value) : value)

const TOKEN = /\s*(?:(\|)|("(?:[^"\\\n]|\\.)*")|`([^`]*)`|([+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)|([$.]?[\w.$]+)|(\S))/gy

interface Token {
  readonly kind: 'pipe' | 'text' | 'number' | 'word'
  readonly text: string
}

function parseAction(action: string): Expression {
  if (action === '') refuse('an action is empty')
  const commands: Token[][] = [[]]
  for (const token of tokensOf(action))
    if (token.kind === 'pipe') commands.push([])
    else commands.at(-1)!.push(token)
  let piped: Expression | undefined
  for (const command of commands) {
    if (command.length === 0) refuse(`a value is missing beside | in {{ ${action} }}`)
    piped = parseCommand(command, piped)
  }
  return piped!
}

function tokensOf(action: string): readonly Token[] {
  return [...action.matchAll(TOKEN)].map(([, pipe, quoted, raw, number, word, other]): Token => {
    if (pipe !== undefined) return { kind: 'pipe', text: pipe }
    if (quoted !== undefined) return { kind: 'text', text: unquoted(quoted) }
    if (raw !== undefined) return { kind: 'text', text: raw }
    if (number !== undefined) return { kind: 'number', text: number }
    if (word !== undefined) return { kind: 'word', text: word }
    return refuse(`${JSON.stringify(other)} is not understood in {{ ${action} }}`)
  })
}

function unquoted(quoted: string): string {
  try {
    return JSON.parse(quoted) as string
  } catch {
    return refuse(`the text ${quoted} has an escape that is not understood`)
  }
}

function parseCommand([first, ...rest]: readonly Token[], piped: Expression | undefined): Expression {
  const name = first!.kind === 'word' ? first!.text : ''
  if (name === 'printf') return parsePrintf(rest, piped)
  const known = Object.hasOwn(TEMPLATE_FUNCTIONS, name) ? TEMPLATE_FUNCTIONS[name] : undefined
  const args = [...rest.map(parseValue), ...(piped === undefined ? [] : [piped])]
  if (known !== undefined) {
    const [argument] = args
    if (argument === undefined || args.length > 1) return refuse(`${name} takes one value`)
    return (data) => known(argument(data))
  }
  const value = parseValue(first!)
  if (args.length > 0) refuse(`${first!.text} is no function`)
  return value
}

function parseValue({ kind, text }: Token): Expression {
  if (kind === 'text') return () => text
  if (kind === 'number') return () => Number(text)
  if (text === '$value' || text === '.Value') return ({ value }) => value
  const [, label] = /^(?:\$labels|\.Labels)\.(\w+)$/.exec(text) ?? []
  if (label !== undefined) return ({ labels }) => (Object.hasOwn(labels, label) ? labels[label]! : '')
  if (/^(?:\$externalLabels|\.ExternalLabels|\$externalURL|\.ExternalURL)\b/.test(text)) return () => ''
  return refuse(
    `${text} is not understood: there are $labels.<name>, $value, printf and ${Object.keys(TEMPLATE_FUNCTIONS).join(', ')}`,
  )
}

function parsePrintf(rest: readonly Token[], piped: Expression | undefined): Expression {
  const [form, ...given] = rest
  if (form === undefined || form.kind !== 'text') return refuse('printf begins with its form, such as "%.2f"')
  const args = [...given.map(parseValue), ...(piped === undefined ? [] : [piped])]
  const parts = [...form.text.matchAll(/%(?:\.(\d{1,2}))?([a-zA-Z%])|[^%]+|%/g)]
  let used = 0
  const made = parts.map(([text, precision, verb]): Expression => {
    if (verb === undefined) return text === '%' ? refuse(`a verb of ${form.text} is not understood`) : () => text
    if (verb === '%') return () => '%'
    const value = args[used++]
    const write = VERBS[verb] ?? refuse(`%${verb} is not understood: there are %f, %e, %g, %s, %v and %q`)
    if (value === undefined) return refuse(`printf has fewer values than ${form.text} has verbs`)
    return (data) => write(value(data), precision === undefined ? undefined : Number(precision))
  })
  if (used < args.length) refuse(`printf has more values than ${form.text} has verbs`)
  return (data) => made.map((part) => print(part(data))).join('')
}

const VERBS: Readonly<Record<string, (value: Printed, precision: number | undefined) => string>> = {
  f: (value, precision = 6) => formatF(Number(value), precision),
  e: (value, precision = 6) => formatE(Number(value), precision),
  g: (value, precision) => (precision === undefined ? formatV(Number(value)) : formatG(Number(value), precision)),
  v: (value) => print(value),
  s: (value) => print(value),
  q: (value) => JSON.stringify(print(value)),
}
