import { isDeepStrictEqual } from 'node:util'
import { type Entry, entriesOf, type HttpKind, type StdioKind } from './entries.js'
import { usableName } from './names.js'
import { applyEdits, type Edit, type Format } from './tree.js'
import {
  installedLength,
  isOurs,
  unwrapEdits,
  unwrappedWords,
  type Wrapper,
  wrapEdits,
  wrapLength,
  wrappedWords,
} from './wrapping.js'

/** What became, or would become, of one server. */
export interface Change {
  readonly name: string
  /** Keys that lead to its entry. */
  readonly path: readonly string[]
  readonly before: readonly string[]
  readonly after: readonly string[]
}

/** A server that was left as it is, and why, in words that follow its name. */
export interface Left {
  readonly name: string
  readonly why: string
  readonly state: 'watched' | 'unwatched'
}

/** A text with changes made in it, and what they are. */
export interface Rewritten {
  readonly text: string
  readonly changes: readonly Change[]
  readonly left: readonly Left[]
}

/** The form of a file and where in it servers stand. */
export interface Shape {
  readonly format: Format
  readonly servers: readonly (readonly string[])[]
}

/** What becomes of addresses. */
export interface Gateway {
  /** The address to put in the place of this one, or why not, in words. */
  readonly route: (
    entry: Entry,
    http: HttpKind,
  ) => { readonly url: string } | { readonly why: string; readonly state: Left['state'] }
}

/** The editing went wrong, and was noticed before anything was written. A fault of ours, or a form that we do not know. */
export class NotAsIntended extends Error {}

/**
 * Wraps each command of a file and hands its addresses to `gateway`; everything else in the text stays, byte for byte.
 * Throws MalformedText, or NotAsIntended when the new text would say anything else than what was meant.
 */
export function wrapAll(text: string, shape: Shape, wrapper: Wrapper, gateway: Gateway): Rewritten {
  return rewrite(text, shape, (entry) => {
    const { kind } = entry
    if (kind.is === 'other') return { why: 'has neither a command nor an address here', state: 'unwatched' }
    if (kind.is === 'stdio') {
      if (wrapLength(kind.words) > 0) return { why: 'is watched already', state: 'watched' }
      if (isOurs(kind.words)) return { why: 'is mcp-vitals itself', state: 'watched' }
      const name = usableName(entry.name)
      const after = wrappedWords(kind.words, name, wrapper)
      return { after, edits: wrapEdits(kind, name, wrapper, text, shape.format), set: argumentsOf(kind, after) }
    }
    const routed = gateway.route(entry, kind)
    return 'url' in routed ? addressed(kind, routed.url, shape.format.quote(routed.url)) : routed
  })
}

/** How a file was before, as far as its text tells. */
export interface Former {
  readonly text: string
  readonly shape: Shape
}

/**
 * Takes out of a file what `wrapAll` put there. `former`: the text as it was then, which has the old addresses and tells
 * whether there were `args`; entries that it does not know are undone by what they say themselves. `isGateway`: whether
 * an address is one of ours.
 */
export function unwrapAll(
  text: string,
  shape: Shape,
  former: Former | undefined,
  isGateway: (url: string) => boolean,
): Rewritten {
  const old = former && new Map(parsedEntries(former.text, former.shape).map((entry) => [keyOf(entry.path), entry]))
  return rewrite(text, shape, (entry) => {
    const { kind } = entry
    const was = old?.get(keyOf(entry.path))?.kind
    if (kind.is === 'stdio' && installedLength(kind.words) > 0) {
      const after = unwrappedWords(kind.words)
      const hadArgs = was?.is === 'stdio' ? was.args !== undefined : undefined
      const { edits, hasArgs } = unwrapEdits(kind, text, hadArgs)
      const set = argumentsOf(kind, after)
      return { after, edits, set: hasArgs ? set : { ...set, args: undefined } }
    }
    if (kind.is === 'http' && isGateway(kind.address)) {
      if (was?.is !== 'http')
        return { why: 'goes through the gateway, and what it was before is not known', state: 'watched' }
      return addressed(kind, was.address, former!.text.slice(was.url.value.start, was.url.value.end))
    }
    return { why: 'is as it was', state: 'unwatched' }
  })
}

/** The servers of a text. Throws MalformedText. */
export function parsedEntries(text: string, { format, servers }: Shape): readonly Entry[] {
  return entriesOf(format.parse(text).root, servers)
}

interface Made {
  readonly after: readonly string[]
  readonly edits: readonly Edit[]
  /** What the entry’s object then has; undefined: no such key. */
  readonly set: Readonly<Record<string, unknown>>
}

function argumentsOf(kind: StdioKind, words: readonly string[]): Readonly<Record<string, unknown>> {
  const [command, ...args] = words
  return { [kind.command.key]: command, args }
}

function addressed({ url }: HttpKind, to: string, text: string): Made {
  const { start, end } = url.value
  return { after: [to], edits: [{ start, end, text }], set: { [url.key]: to } }
}

function rewrite(
  text: string,
  { format, servers }: Shape,
  decide: (entry: Entry) => Made | Omit<Left, 'name'>,
): Rewritten {
  // Its own values, to be changed below: a copy of another parse would lose the types of TOML’s dates.
  const { root, value: intended } = format.parse(text)
  const changes: Change[] = []
  const left: Left[] = []
  const edits: Edit[] = []
  for (const entry of entriesOf(root, servers)) {
    const made = decide(entry)
    const { name, path, kind } = entry
    if ('why' in made) {
      left.push({ name, ...made })
      continue
    }
    const before = kind.is === 'stdio' ? kind.words : kind.is === 'http' ? [kind.address] : []
    changes.push({ name, path, before, after: made.after })
    edits.push(...made.edits)
    setAt(intended, kind.is === 'stdio' ? kind.path : path, made.set)
  }
  const result = applyEdits(text, edits)
  if (changes.length > 0 && !isDeepStrictEqual(format.parse(result).value, intended))
    throw new NotAsIntended('the new text would not say what it should')
  return { text: result, changes, left }
}

function setAt(root: unknown, path: readonly string[], set: Readonly<Record<string, unknown>>): void {
  let node = root as Record<string, unknown>
  for (const key of path) node = node[key] as Record<string, unknown>
  for (const [key, value] of Object.entries(set)) {
    if (value === undefined) delete node[key]
    else node[key] = value
  }
}

function keyOf(path: readonly string[]): string {
  return JSON.stringify(path)
}
