import type { Parameter, ParameterType, ValueForm } from './contract.js'
import { indentOf, readHelp, type Section } from './help-text.js'

const MAX_DESCRIPTION_CHARACTERS = 2000
const OPTION_SECTION = /^(?:.* )?(?:options|optional arguments|flags|parameters)$/
const PLACE_SECTION = /^(?:positional arguments|positionals|arguments)$/
const HELP_OPTIONS: ReadonlySet<string> = new Set(['--help', '-h', '-?', '--version', '-V'])
/** Options of typer's own. */
const SHELL_OPTIONS: ReadonlySet<string> = new Set(['--install-completion', '--show-completion'])

/** Reads the options and places of one command out of its help; undefined where nothing in it can be read so. The help's length bounds them. */
export function parametersIn(text: string): readonly Parameter[] | undefined {
  const { usage, sections } = readHelp(text)
  const options = sections.filter(({ title }) => OPTION_SECTION.test(title))
  const places = sections.filter(({ title }) => PLACE_SECTION.test(title))
  if (options.length === 0 && places.length === 0 && !/\[options\]/i.test(usage)) return undefined
  const isRequired = requiredBy(usage)
  const found = [
    ...options.flatMap(({ lines }) => entriesOf(lines).flatMap((entry) => optionOf(entry, isRequired) ?? [])),
    ...placesOf(places, usage, text),
  ]
  return [...new Map(found.map((parameter) => [parameter.name, parameter])).values()]
}

/** The lines of one entry, the first as it is and those that go on with its description. */
interface Entry {
  readonly head: string
  readonly more: string
}

function entriesOf(lines: readonly string[]): readonly Entry[] {
  const entries: { head: string; more: string; indent: number }[] = []
  for (const line of lines) {
    if (line.trim() === '') continue
    const last = entries.at(-1)
    const isNext = last === undefined || line.trimStart().startsWith('-') || indentOf(line) <= last.indent
    if (isNext) entries.push({ head: line.trim(), more: '', indent: indentOf(line) })
    else last.more = `${last.more} ${line.trim()}`.trim()
  }
  return entries
}

/** `<text>`, `[a|b]`, `{a,b}`, `TEXT`, `INTEGER RANGE`. */
const VALUE = String.raw`<[^>]*>|\{[^}]*\}|\[(?!(?:string|number|boolean|count|array|required)\])[^\]\s]*\]|[A-Z][A-Z0-9_|]*(?: RANGE)?(?![a-z])`
const NAME = /^(--?[A-Za-z0-9?][\w-]*)/
/** A value right behind its option; in a table of columns it stands in the next one. */
const BESIDE = new RegExp(`^(?:=| )(${VALUE})`)
const COLUMN = new RegExp(`^ +(${VALUE})(?:[.]{3})?(?= {2}|$)`)
const FURTHER = new RegExp(`^ (?:\\[(?:${VALUE})(?: \\.\\.\\.)?\\]|\\.\\.\\.|(${VALUE})(?= |$))`)

/** What stands in front of the description of an option. */
interface Spec {
  readonly names: readonly string[]
  readonly negations: readonly string[]
  readonly value: string | undefined
  readonly isList: boolean
  readonly rest: string
}

function specOf(head: string): Spec | undefined {
  const names: string[] = []
  const negations: string[] = []
  let rest = head
  let value: string | undefined
  let isList = false
  let isNegation = false
  for (;;) {
    const name = NAME.exec(rest)?.[1]
    if (name === undefined) break
    ;(isNegation ? negations : names).push(name)
    rest = rest.slice(name.length)
    // `--name[=value]` may be given without its value; with it, it is as others are.
    const [whole = '', inner] = /^\[=([^\]]*)\]/.exec(rest) ?? BESIDE.exec(rest) ?? []
    if (inner !== undefined) {
      value = inner
      rest = rest.slice(whole.length)
      for (let more = FURTHER.exec(rest); more; more = FURTHER.exec(rest)) {
        isList = true
        rest = rest.slice(more[0].length)
      }
      if (/^\.\.\./.test(rest)) {
        isList = true
        rest = rest.slice(3)
      }
    }
    const [separator, slash] = /^(?:, ?|( ?\/ ?)| \| | +(?=--?[A-Za-z]))/.exec(rest) ?? []
    if (separator === undefined) break
    isNegation = slash !== undefined
    rest = rest.slice(separator.length)
  }
  if (names.length === 0) return undefined
  const column = value === undefined ? COLUMN.exec(rest) : null
  if (column && KNOWN_VALUE.test(column[1]!)) {
    value = column[1]
    rest = rest.slice(column[0].length)
  }
  return { names, negations, value, isList: isList || /\.\.\.[>\]]?$/.test(value ?? ''), rest: rest.trim() }
}

/** Words for values that stand in a column of their own; any other word in capitals there begins the description. */
const KNOWN_VALUE =
  /^(?:TEXT|STR|STRING|INT|INTEGER(?: RANGE)?|FLOAT(?: RANGE)?|NUMBER|BOOL|BOOLEAN|UUID|PATH|FILE|FILENAME|DIRECTORY|DATETIME|\[.*\]|<.*>|\{.*\})$/

function optionOf({ head, more }: Entry, isRequired: (name: string) => boolean): Parameter | undefined {
  const spec = specOf(head)
  if (!spec) return undefined
  const { names, rest } = spec
  if (names.some((name) => HELP_OPTIONS.has(name) || SHELL_OPTIONS.has(name))) return undefined
  const option = names.find((name) => name.startsWith('--')) ?? names[0]!
  // `--no-color` alone, as commander writes what is on by itself.
  const said = notesIn(`${rest} ${more}`.trim())
  const value = spec.value ?? said.value
  const negation = spec.negations[0] ?? names.find((name) => name === `--no-${option.slice(2)}`)
  const type: ParameterType = value === undefined ? 'boolean' : typeOf(value)
  const choices = said.choices ?? choicesOf(value)
  const isList = spec.isList || said.isList
  return {
    name: option.replace(/^-+/, ''),
    ...(said.description !== '' && { description: said.description }),
    type: choices ? 'string' : type,
    isList,
    isRequired: said.isRequired || names.some(isRequired),
    ...(choices && { choices }),
    ...(said.default !== undefined && !isList && defaultOf(said.default, choices ?? type)),
    option,
    ...(negation !== undefined && { negation }),
    form: formOf(option, spec.isList && /[A-Z}>\]]( |$)/.test(value ?? '') && !/[<]/.test(value ?? '')),
  }
}

/** argparse takes several values one behind the other alone, and everybody else the option again. */
function formOf(option: string, isApart: boolean): ValueForm {
  if (isApart) return 'apart'
  return option.startsWith('--') ? '=' : 'attached'
}

function typeOf(value: string): ParameterType {
  const word = value.replace(/[<>[\].]/g, '').toUpperCase()
  if (/^(?:INT|INTEGER|N)(?: RANGE)?$/.test(word)) return 'integer'
  if (/^(?:FLOAT|NUMBER|NUM)(?: RANGE)?$/.test(word)) return 'number'
  return 'string'
}

function choicesOf(value: string | undefined): readonly string[] | undefined {
  // argparse has commas between them, the others bars.
  const [, inBraces, inOthers] = /^(?:\{(.+)\}|[[<](.+\|.+)[\]>])$/.exec(value ?? '') ?? []
  const separator = inBraces?.includes(',') ? ',' : '|'
  return (inBraces ?? inOthers)?.split(separator).map((choice) => choice.trim())
}

/** What a description says in brackets, as each parser writes it. */
function notesIn(text: string) {
  let description = text.slice(0, MAX_DESCRIPTION_CHARACTERS)
  const take = (pattern: RegExp) => {
    const found = pattern.exec(description)
    if (found) description = `${description.slice(0, found.index)}${description.slice(found.index + found[0].length)}`
    return found
  }
  const isRequired = take(/\[required\]/i) !== null
  const byDefault = take(/[[(]default: ?("[^"]*"|'[^']*'|\[[^\]]*\]|[^\])]*)[\])]/i)?.[1]
  const choices = take(/[[(]choices: ?((?:"[^"]*"(?:, )?)+)[\])]/i)?.[1]
  const kind = take(/\[(string|number|boolean|count|array)\]/)?.[1]
  take(/\[env var: [^\]]*\]/i)
  const value = { string: 'TEXT', number: 'NUMBER', array: 'TEXT' }[kind ?? '']
  return {
    description: description.replace(/\s+/g, ' ').trim(),
    isRequired,
    isList: kind === 'array',
    value: value ?? (choices === undefined ? undefined : 'TEXT'),
    choices: choices === undefined ? undefined : [...choices.matchAll(/"([^"]*)"/g)].map(([, choice]) => choice!),
    default: byDefault?.replace(/^["'](.*)["']$/, '$1'),
  }
}

function defaultOf(text: string, type: ParameterType | readonly string[]): { default?: string | number | boolean } {
  if (/^(?:None|null|undefined|)$/.test(text)) return {}
  if (typeof type === 'object') {
    // Python writes an enumeration's member with its class.
    const choice = type.find((one) => one === text || text.endsWith(`.${one}`))
    return choice === undefined ? {} : { default: choice }
  }
  if (type === 'integer' || type === 'number') return Number.isFinite(Number(text)) ? { default: Number(text) } : {}
  if (type === 'boolean') return /^(?:true|false)$/i.test(text) ? { default: /^true$/i.test(text) } : {}
  return { default: text }
}

/** Usage of argparse: what stands in no brackets must be given. Of a group (`(--a | --b)`) no single one must. */
function requiredBy(usage: string): (name: string) => boolean {
  let open = usage
  for (let before = ''; before !== open; ) {
    before = open
    open = open.replace(/\[[^[\]]*\]|\([^()]*\)/g, ' ')
  }
  const words = new Set(open.split(/[\s=]+/))
  return (name) => words.has(name)
}

/** `<to>`, `[FILES]...`, `names...`, `<cc..>`, `{short|long}`, `FORM:{short|long}`. */
const PLACE = /^[<[(]{0,2}(?:([A-Za-z][\w-]*)(?::(\{[^{}]*\}))?|(\{[^{}]*\}))(?:\.{2,3})?[>\])]{0,2}(?:\.{2,3})?$/
/** How yargs ends a help: it has no heading above its usage, which is the first line. */
const BY_YARGS = /^ +--help\s+Show help\s+\[boolean\]/m

/** Arguments that have a place: those that a section lists, else those that the usage names. */
function placesOf(sections: readonly Section[], usage: string, text: string): readonly Parameter[] {
  const listed = sections
    .flatMap(({ lines }) => entriesOf(lines))
    .flatMap(({ head, more }, at) => listedPlace(head, more, usage, at + 1) ?? [])
  // It takes nothing behind `--` for them.
  const isByYargs = BY_YARGS.test(text)
  const formed = (found: Parameter): Parameter => (isByYargs ? { ...found, form: 'apart' } : found)
  if (listed.length > 0) return listed.map(formed)
  const behind = isByYargs ? / [<[].*$/.exec(text.split('\n', 1)[0] ?? '')?.[0] : /\[options\](.*)$/i.exec(usage)?.[1]
  return (behind ?? '')
    .trim()
    .split(/\s+/)
    .flatMap((word) => usedPlace(word) ?? [])
    .map((found, at) => formed(found.name === '' ? { ...found, name: `arg${at + 1}` } : found))
}

/** A place as a usage writes it. Its name is empty where only its choices stand there. */
function usedPlace(word: string): Parameter | undefined {
  const [, name = '', named, alone] = PLACE.exec(word) ?? []
  const choices = choicesOf(named ?? alone)
  if (name === '' && choices === undefined) return undefined
  return { ...place(name, '', !word.startsWith('['), word.includes('..')), ...(choices && { choices }) }
}

function listedPlace(head: string, more: string, usage: string, at: number): Parameter | undefined {
  const [, written, rest = ''] = /^(\{[^}]*\}|\[?[\w-]+(?::\{[^}]*\})?\]?(?:\.\.\.)?)(.*)$/.exec(head) ?? []
  if (written === undefined || written.startsWith('-')) return undefined
  const inBraces = /\{[^}]*\}/.exec(written)?.[0]
  const bare = written.startsWith('{') ? written : written.replace(/:\{.*/, '').replace(/[^\w-]/g, '')
  const column = COLUMN.exec(rest)
  const value = column && KNOWN_VALUE.test(column[1]!) ? column[1] : undefined
  const text = value === undefined ? rest : rest.slice(column![0].length)
  const said = notesIn(`${text} ${more}`.trim())
  const quoted = bare.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const isListed = new RegExp(
    `[[<{ ]${quoted}[\\]>]?(?: \\[${quoted} )?\\.\\.\\.|\\[${quoted} \\.\\.\\.|${quoted} \\[${quoted} \\.\\.\\.`,
    'i',
  ).test(usage)
  const isOptional =
    new RegExp(`\\[${quoted}\\b[^\\]]*\\]`, 'i').test(usage) && !new RegExp(`[ ]${quoted} \\[`, 'i').test(usage)
  const choices = said.choices ?? choicesOf(inBraces) ?? choicesOf(value)
  const isList = isListed || said.isList || written.endsWith('...')
  const type = value === undefined ? 'string' : typeOf(value)
  return {
    ...place(
      bare.startsWith('{') ? `arg${at}` : bare,
      said.description,
      said.isRequired || (usage !== '' && !isOptional),
      isList,
    ),
    ...(choices ? { choices } : { type }),
    ...(said.default !== undefined && !isList && defaultOf(said.default, choices ?? type)),
  }
}

function place(name: string, description: string, isRequired: boolean, isList: boolean): Parameter {
  return {
    name: /^[A-Z0-9_-]+$/.test(name) ? name.toLowerCase() : name,
    ...(description !== '' && { description }),
    type: 'string',
    isList,
    isRequired,
    form: '=',
  }
}
