import { indentOf, readHelp, type Section } from './help-text.js'

/** A command as a help names it. */
export interface HelpCommand {
  readonly name: string
  readonly description?: string
}

/** What a help says of commands. `section`: whether there is a place where they are named. */
export interface HelpCommands {
  readonly section: boolean
  readonly commands: readonly HelpCommand[]
  /** The parser that wrote it is known to answer `<command> --help` and do nothing else. */
  readonly answersHelp: boolean
  /** Its usage says that one of the commands must follow: the help of a command that is none is one of a group. */
  readonly isGroup: boolean
}

/** Most commands of one plugin that are taken out of its help. */
export const MAX_COMMANDS = 200
const NAME = /^[A-Za-z0-9][\w:.-]*$/
/** `  send-message   Send a message`, `  send [options] <to>  Send …`, `send|s`, `- send: Send …`. */
const ITEM = /^\s*(?:[-*•] )?([A-Za-z0-9][\w:.-]*?)(?:\|[\w:.-]+)*(?:, ?[\w-]+)*((?::(?= |$)|(?= |$)).*)$/
/** Behind a name stand nothing, a gap, a colon, a dash, what it takes, or a sentence. Behind a word of prose stand others. */
const BEHIND = /^(?:$|:| {2,}| [-–—] | [A-Z([<])/
const BRACES = /\{([^{}]+)\}/
/** How click, typer and commander, and argparse, write in a usage that a command follows. */
const COMMAND_FOLLOWS = /\bCOMMAND \[ARGS\]|[<[](?:sub)?command[>\]]|\{[^{}]+\} \.\.\.$/
/** argparse's, where the program gave the place of commands a name of its own. */
const PLACE_OF_COMMANDS = /([^\s[\]{}]+) \.\.\.$/
const HELPERS: ReadonlySet<string> = new Set(['help', 'completion'])
/** How argparse, click, typer, commander and yargs, and who writes as they do, say that they answer. */
const ANSWERS = [
  /-h, --help\s+(?:show this help message and exit|display help)/i,
  /--help\s.*Show this message and exit/i,
  /--help\s+Show help\b/i,
  /(?:<command>|COMMAND|\[command\]) --help/,
]

/** Reads the commands out of the help of a whole program, or of a group of commands. `words`: by which it was asked. */
export function commandsIn(text: string, words: readonly string[] = []): HelpCommands {
  const { usage, sections } = readHelp(text)
  const answersHelp = ANSWERS.some((pattern) => pattern.test(text))
  const place = PLACE_OF_COMMANDS.exec(usage)?.[1]
  const found = placeOf(sections, place)
  if (!found) return { section: false, commands: [], answersHelp, isGroup: false }
  const { section, wasPrefixed } = unprefixed(headless(found, place), text, words)
  const isGroup = wasPrefixed || COMMAND_FOLLOWS.test(usage) || isHeaded(found, place)
  return { section: true, commands: namesIn(section), answersHelp, isGroup }
}

/** The section of the promised name before any other that may hold commands. */
function placeOf(sections: readonly Section[], place: string | undefined): Section | undefined {
  const named = (pattern: RegExp) => sections.filter(({ title }) => pattern.test(title))
  const [promised] = named(/^available commands$/)
  if (promised) return promised
  const others = [...named(/^(?:sub)?commands$/), ...named(/ commands$/)]
  if (others.length > 0)
    return { title: 'commands', beside: others[0]!.beside, lines: others.flatMap(({ lines }) => lines) }
  return named(/^positional arguments$/).find(
    (section) => BRACES.test(section.lines[0] ?? '') || isHeaded(section, place),
  )
}

/** The first line is the name of the place where a command stands, and the commands are indented below it. */
function isHeaded({ lines }: Section, place: string | undefined): boolean {
  const [first = '', second = ''] = lines
  return place !== undefined && first.trim().split(/\s/)[0] === place && indentOf(second) > indentOf(first)
}

function headless(section: Section, place: string | undefined): Section {
  return isHeaded(section, place) ? { ...section, lines: section.lines.slice(1) } : section
}

/** Some (yargs) begin each line with the program and what stands behind it, as the first line of all does. */
function unprefixed(section: Section, text: string, words: readonly string[]) {
  const prefix = `  ${[/^\S+/.exec(text)?.[0] ?? '', ...words].join(' ')} `
  const isPrefixed = section.lines.every(
    (line) => line.trim() === '' || line.startsWith(prefix) || indentOf(line) > 2 || !ITEM.test(line),
  )
  const wasPrefixed = isPrefixed && section.lines.some((line) => line.startsWith(prefix))
  if (!wasPrefixed) return { section, wasPrefixed }
  return { section: { ...section, lines: section.lines.map((line) => line.replace(prefix, '  ')) }, wasPrefixed }
}

function namesIn({ beside, lines }: Section): readonly HelpCommand[] {
  const listed = beside.split(/[\s,]+/).filter((word) => NAME.test(word))
  const braces = lines.map((line) => BRACES.exec(line)?.[1]).find((inner) => inner !== undefined)
  const allowed = braces === undefined ? undefined : new Set(braces.split(',').map((name) => name.trim()))
  const described = itemsIn(lines.filter((line) => !/^\s*\{/.test(line)))
  const names = allowed ? [...allowed] : [...listed, ...described.keys()]
  return (
    [...new Set(names)]
      .filter((name) => NAME.test(name) && !HELPERS.has(name.toLowerCase()))
      // One more tells that there are more.
      .slice(0, MAX_COMMANDS + 1)
      .map((name) => {
        const description = described.get(name)
        return description ? { name, description } : { name }
      })
  )
}

/** Name → description. What is indented further than the items goes on with the description before it. */
function itemsIn(lines: readonly string[]): ReadonlyMap<string, string> {
  const items = new Map<string, string>()
  const depth = Math.min(
    ...lines
      .filter((line) => ITEM.test(line))
      .map(indentOf)
      .slice(0, 50),
  )
  let last: string | undefined
  for (const line of lines) {
    if (line.trim() === '') {
      last = undefined
      // Items without indentation end with their paragraph; the others where a heading begins.
      if (depth === 0 && items.size > 0) break
      continue
    }
    const indent = indentOf(line)
    if (indent < depth && items.size > 0) break
    if (indent > depth + 2 && last !== undefined) {
      items.set(last, `${items.get(last) ?? ''} ${line.trim()}`.trim())
      continue
    }
    const [, name, rest = ''] = ITEM.exec(line) ?? []
    if (name === undefined || !BEHIND.test(rest)) continue
    last = name
    if (!items.has(name)) items.set(name, descriptionOf(rest))
  }
  return items
}

function descriptionOf(rest: string): string {
  const behind = / {2,}(\S.*)$/.exec(rest)?.[1] ?? rest
  return behind
    .trim()
    .replace(/^[-–—:]\s*/, '')
    .replace(/^(?:(?:\[[^\]]*\]|<[^>]*>)\s*)+(?:[-–—:]\s+)?/, '')
    .trim()
}
