import type { StdioKind } from './entries.js'
import type { Edit, Format } from './tree.js'

/** What stands in front of a server’s command line. */
export interface Wrapper {
  /** Absolute path of Node. */
  readonly node: string
  /** Absolute path of our `main.js`. */
  readonly main: string
  /** State directory, where it is not the one that `wrap` finds by itself. */
  readonly dataDir: string | undefined
  /** Windows runs the shims of package managers (`npx.cmd`) by its shell alone. */
  readonly needsShell: (command: string) => boolean
}

/** Our program, however it was installed, as the last part of a word. */
const OURS = /(?:^|[\\/])(?:mcp-vitals(?:@[\w.-]+)?(?:\.cmd|\.exe)?|(?:packed|dist)[\\/]cli[\\/]main\.js)$/

/** How many words of a command line are ours: those up to the `--` of our wrap; 0 where it is not wrapped. */
export function wrapLength(words: readonly string[]): number {
  const end = words.indexOf('--')
  const verb = words.indexOf('wrap')
  if (verb < 1 || end < verb || !OURS.test(words[verb - 1]!) || end === words.length - 1) return 0
  return end + 1
}

/** The same for a wrap as `install` writes it: one that a person typed is that person’s. */
export function installedLength(words: readonly string[]): number {
  const isWritten = words[2] === 'wrap' && [words[0]!, words[1]!].every((path) => /^(?:[A-Za-z]:)?[\\/]/.test(path))
  return isWritten ? wrapLength(words) : 0
}

/** Whether a command line is another of our commands: there is nothing to watch in it. */
export function isOurs(words: readonly string[]): boolean {
  return words.slice(0, 3).some((word) => OURS.test(word))
}

/** The command line of a server after wrapping. */
export function wrappedWords(words: readonly string[], name: string, wrapper: Wrapper): readonly string[] {
  const { node, main, dataDir, needsShell } = wrapper
  const place = dataDir === undefined ? [] : ['--data', dataDir]
  const shell = needsShell(words[0]!) ? SHELL : []
  return [node, main, 'wrap', '--name', name, ...place, '--', ...shell, ...words]
}

/** In capitals, which nobody types: so we know it for ours. */
const SHELL = ['cmd.exe', '/D', '/C']

/**
 * Puts our words in front of an entry’s command: `command` becomes the first, the rest goes to the front of `args`, the
 * old command’s text as it was. Nothing else moves, so that what is taken out again leaves the old text.
 */
export function wrapEdits(entry: StdioKind, name: string, wrapper: Wrapper, text: string, format: Format): Edit[] {
  const { command, args, words } = entry
  const [program, ...rest] = wrappedWords(words, name, wrapper).slice(0, -words.length)
  const oldCommand = text.slice(command.value.start, command.value.end)
  const inserted = [...rest.map((word) => format.quote(word)), oldCommand]
  const first: Edit = { ...command.value, text: format.quote(program!) }
  if (args) return [first, intoList(text, args.value.start + 1, inserted, args.value.items!.length === 0)]
  // In front of `command`: behind it there may be a comment that belongs to it.
  const member = `${command.prefix}${format.assign('args', `[${inserted.join(', ')}]`)}`
  return [first, { start: command.start, end: command.start, text: member + separator(text, command) }]
}

/** At the front of a list, laid out as its first item is. */
function intoList(text: string, at: number, items: readonly string[], isEmpty: boolean): Edit {
  const space = spaceAt(text, at)
  const gap = isEmpty ? '' : space === '' ? ', ' : ','
  return { start: at, end: at, text: `${space}${items.join(', ')}${gap}` }
}

function separator(text: string, { start, ends }: StdioKind['command']): string {
  const before = /[^\S\n]*$/.exec(text.slice(Math.max(0, start - 1_000), start))![0]
  const isFirstOfLine = text[start - before.length - 1] === '\n' || start === before.length
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  if (ends === 'line') return eol + before
  return isFirstOfLine ? `,${eol}${before}` : ', '
}

function spaceAt(text: string, at: number): string {
  return /^\s*/.exec(text.slice(at, at + 1_000))![0]
}

/**
 * Takes our words out again: the exact inverse of `wrapEdits`. `hadArgs`: whether the entry had `args` before; where
 * nobody knows, it had none if they stand right in front of `command`, as we write them, with nothing of its own.
 */
export function unwrapEdits(entry: StdioKind, text: string, hadArgs?: boolean): Unwrapped {
  const { command, args, words } = entry
  const items = args!.value.items!
  const index = words.length - unwrappedWords(words).length - 1
  const old = items[index]!
  const first: Edit = { ...command.value, text: text.slice(old.start, old.end) }
  const isLast = items.length === index + 1
  if (isLast && !(hadArgs ?? !isBefore(args!, command, text)))
    return { edits: [first, { start: args!.start, end: command.start, text: '' }], hasArgs: false }
  const start = args!.value.start + 1
  const comma = text.indexOf(',', old.end) + 1
  const isTight = spaceAt(text, start) === '' && text[comma] === ' '
  const end = isLast ? old.end : isTight ? comma + 1 : comma
  return { edits: [first, { start, end, text: '' }], hasArgs: true }
}

/** The way back of one entry, and whether it has `args` then. */
export interface Unwrapped {
  readonly edits: readonly Edit[]
  readonly hasArgs: boolean
}

/** A server’s own command line out of a wrapped one. */
export function unwrappedWords(words: readonly string[]): readonly string[] {
  const rest = words.slice(installedLength(words))
  return SHELL.every((word, index) => rest[index] === word) ? rest.slice(SHELL.length) : rest
}

function isBefore(args: StdioKind['command'], command: StdioKind['command'], text: string): boolean {
  return args.value.end <= command.start && /^[\s,]*$/.test(text.slice(args.value.end, command.start))
}
