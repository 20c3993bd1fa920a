import type { Command, Parameter } from './contract.js'

/** What a command is started with, and what it reads; or why the arguments are none for it, in a sentence for who called. */
export type CommandLine = { readonly words: readonly string[]; readonly input?: Buffer } | { readonly problem: string }

/** Bounds in bytes. */
export interface ArgumentLimits {
  readonly maxArgumentBytes: number
  readonly maxInputBytes: number
}

type Arguments = Readonly<Record<string, unknown>>

/** A key that may become an option nothing is known of. */
const OPTION_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/
const NUMBER = /^-?(?:\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d+)?$/i

/**
 * Makes the words that follow the program, in the order of the declaration. Each value is one word, or part of one, which
 * starts with an option or stands behind `--`: whatever a value holds, the program reads it as a value.
 */
export function commandLineOf(command: Command, given: Arguments, limits: ArgumentLimits): CommandLine {
  const { maxArgumentBytes: maxBytes, maxInputBytes } = limits
  try {
    const { bare, options, places, input } = wordsOf(command, given)
    const words = [...command.words, ...bare, ...options, ...(places.length > 0 ? ['--', ...places] : [])]
    const bytes = words.reduce((sum, word) => sum + Buffer.byteLength(word) + 1, 0)
    if (bytes > maxBytes) return { problem: `The arguments have ${bytes} bytes; ${maxBytes} are taken at most.` }
    if (input === undefined) return { words }
    if (input.length > maxInputBytes)
      return { problem: `What goes to standard input has ${input.length} bytes; ${maxInputBytes} are taken at most.` }
    return { words, input }
  } catch (error) {
    if (error instanceof Unfit) return { problem: error.message }
    throw error
  }
}

class Unfit extends Error {}

function wordsOf({ parameters, isOpen, name }: Command, given: Arguments) {
  const bare: string[] = []
  const options: string[] = []
  const places: string[] = []
  let input: Buffer | undefined
  const known = new Set(parameters.map((parameter) => parameter.name))
  for (const parameter of parameters) {
    const value = Object.hasOwn(given, parameter.name) ? given[parameter.name] : undefined
    if (value === undefined || value === null) {
      if (parameter.isRequired) throw new Unfit(`The argument "${parameter.name}" is missing.`)
      // What has its place cannot be given behind one that was left out.
      continue
    }
    if (parameter.isInput) input = Buffer.from(checked(parameter, value, shown))
    else if (parameter.option === undefined)
      (parameter.form === 'apart' ? bare : places).push(...undashed(parameter, valuesOf(parameter, value)))
    else options.push(...optionWords(parameter, value))
  }
  gapless(parameters, given)
  for (const [key, value] of Object.entries(given)) {
    if (known.has(key)) continue
    if (!isOpen) {
      const has = [...known].join(', ') || 'none'
      throw new Unfit(`The command ${name} has no argument ${JSON.stringify(key.slice(0, 64))}. It has: ${has}.`)
    }
    options.push(...openWords(key, value))
  }
  return { bare, options, places, input }
}

function gapless(parameters: readonly Parameter[], given: Arguments): void {
  const places = parameters.filter(({ option, isInput }) => option === undefined && !isInput)
  const isGiven = ({ name }: Parameter) =>
    Object.hasOwn(given, name) && given[name] !== undefined && given[name] !== null
  const last = places.findLastIndex(isGiven)
  const gap = places.slice(0, Math.max(0, last)).find((parameter) => !isGiven(parameter))
  if (gap) throw new Unfit(`The argument "${gap.name}" is missing: "${places[last]!.name}" stands behind it.`)
}

function optionWords(parameter: Parameter, value: unknown): readonly string[] {
  const { name, option = '', negation, type, isList, form } = parameter
  if (type === 'boolean' && !isList) {
    const isOn = value === true || value === 'true'
    if (!isOn && value !== false && value !== 'false') throw unfit(name, value, 'true or false')
    if (isOn) return [option]
    return negation === undefined ? [] : [negation]
  }
  const values = undashed(parameter, valuesOf(parameter, value))
  if (form === 'apart') return values.length === 0 ? [] : [option, ...values]
  if (form === 'attached' && values.includes(''))
    throw new Unfit(`A value of "${name}" is empty, which this program cannot be given.`)
  return values.map((text) => (form === '=' ? `${option}=${text}` : `${option}${text}`))
}

/** Values of the form `apart` are words of their own, where a dash would make an option of them. */
function undashed({ name, form }: Parameter, values: readonly string[]): readonly string[] {
  if (form === 'apart' && values.some((text) => text.startsWith('-') && !NUMBER.test(text)))
    throw new Unfit(`A value of "${name}" begins with a dash, which this program reads as an option.`)
  return values
}

/** The option of an argument nothing is known of. */
function openWords(key: string, value: unknown): readonly string[] {
  if (!OPTION_NAME.test(key))
    throw new Unfit(
      `The argument ${JSON.stringify(key.slice(0, 64))} cannot be an option: letters, digits, - and _ only.`,
    )
  if (value === null || value === undefined || value === false) return []
  if (value === true) return [`--${key}`]
  return (Array.isArray(value) ? value : [value]).map((one) => `--${key}=${textOf(key, one)}`)
}

function valuesOf(parameter: Parameter, value: unknown): readonly string[] {
  const { name, isList, type } = parameter
  if (isList) return (Array.isArray(value) ? value : [value]).map((one) => checked(parameter, one))
  if (Array.isArray(value) && type !== 'json') throw unfit(name, value, 'one value, not a list')
  return [checked(parameter, value)]
}

function checked({ name, type, choices }: Parameter, value: unknown, read = textOf): string {
  const text = type === 'json' && typeof value === 'string' ? JSON.stringify(value) : read(name, value)
  if (type === 'integer' && !/^-?\d+$/.test(text)) throw unfit(name, value, 'a whole number')
  if (type === 'number' && !NUMBER.test(text)) throw unfit(name, value, 'a number')
  if (type === 'string' && typeof value === 'object') throw unfit(name, value, 'a text')
  if (choices && !choices.includes(text)) throw unfit(name, value, `one of ${choices.join(', ')}`)
  return text
}

/** A value as text, whatever that holds. */
function shown(_name: string, value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** A value as a word of a command line. */
function textOf(name: string, value: unknown): string {
  const text = shown(name, value)
  if (text.includes('\0')) throw new Unfit(`A value of "${name}" has a NUL character, which no program can be given.`)
  // argparse before Python 3.13 drops it, even behind a `=`.
  if (text === '--')
    throw new Unfit(`A value of "${name}" is --, which some programs read as the end of their options.`)
  return text
}

/** Names what kind of value it was, and never the value: it may be a secret, and errors are shown around. */
function unfit(name: string, value: unknown, expected: string): Unfit {
  const kind = value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`
  return new Unfit(`The argument "${name}" is ${kind} that does not fit; expected: ${expected}.`)
}
