import { createHash } from 'node:crypto'
import type { EventOf } from '@mcp-vitals/instrument/event'
import type { Content } from './drafts.js'

/** Bounds of what is remembered. Beyond them nothing new is remembered, and so no change of it told. */
const MOST_SERVERS = 500
const MOST_TOOLS = 2000
const MOST_VERSIONS = 16
/** Kinds of callers of a server; beyond them the one that listed longest ago is forgotten. */
const MOST_CALLERS = 16
/** Names of each kind that a row tells; it tells how many there are in any case. */
const NAMES_TOLD = 20
const NAME_CHARS = 100

/** What is remembered of one server. */
interface Offered {
  /** Tool → hashes of every definition that was seen of it. */
  readonly versions: Map<string, readonly string[]>
  /** Kind of caller → the tools that it was shown last; who listed last is last. */
  readonly callers: Map<string, readonly string[]>
}

/** Marks a kind of caller that is one in this process alone. */
const PASSING = '.'

/** What a list has that was never seen of its server, where its tools were known. */
export interface Change {
  readonly content: Content
  /** It was shown to a kind of caller that had been shown something else. Else it may be that only the caller is another. */
  readonly isCertain: boolean
}

/**
 * Remembers which tools servers offered, by the hashes of their definitions, and tells what is new: another description
 * or schema under a known name can turn a model's hand. A definition that was seen before is no news. A server may show
 * different tools to different callers, so what is new is compared among alike: what a caller of a new kind sees first
 * is told as such.
 */
export class Definitions {
  readonly #seen: Map<string, Offered>
  readonly #gone = new Set<string>()
  #changes = 0

  /** @param text what `text()` gave; what cannot be read counts as nothing seen */
  constructor(text: string | undefined) {
    this.#seen = parse(text)
  }

  /** How often what is remembered changed. */
  get changes(): number {
    return this.#changes
  }

  /** What is remembered, to be kept over a restart. */
  text(): string {
    const lasting = (callers: Offered['callers']) => [...callers].filter(([caller]) => !caller.includes(PASSING))
    return JSON.stringify(
      [...this.#seen].map(([server, { versions, callers }]) => [server, [...versions], lasting(callers)]),
    )
  }

  /** Takes a whole list. Returns what is new, where the server's tools were known. */
  take({ server, tools, hashes, complete, caller = '' }: EventOf<'tools.listed'>): Change | undefined {
    if (!complete) return undefined
    const known = this.#seen.get(server)
    if (!known && this.#seen.size >= MOST_SERVERS) return undefined
    const { versions, callers } = known ?? { versions: new Map(), callers: new Map() }
    const added: string[] = []
    const changed: string[] = []
    for (const [n, tool] of tools.entries()) {
      const hash = hashes[n] ?? ''
      const seen = versions.get(tool)
      if (!seen) {
        if (versions.size >= MOST_TOOLS) continue
        added.push(tool)
        versions.set(tool, hash === '' ? [] : [hash])
      } else if (hash !== '' && !seen.includes(hash)) {
        if (seen.length > 0) changed.push(tool)
        versions.set(tool, [...seen.slice(1 - MOST_VERSIONS), hash])
      }
    }
    const before = callers.get(caller)
    const removed = this.#removed([server, caller], before ?? [], new Set(tools))
    remember(callers, caller, tools)
    this.#seen.set(server, { versions, callers })
    if (added.length + changed.length > 0 || !before) this.#changes++
    if (!known || added.length + changed.length + removed.length === 0) return undefined
    const details = {
      added: told(added),
      changed: told(changed),
      removed: told(removed),
      digest: digestOf(tools, hashes),
    }
    const whose = before ? 'known' : 'new'
    return {
      content: { eventType: 'TOOL_DEFINITION_CHANGED', target: server, details: { ...details, caller: whose } },
      isCertain: before !== undefined,
    }
  }

  /** Tools that are not offered any more; each is told once in a daemon's life. */
  #removed(to: readonly [server: string, caller: string], before: readonly string[], offered: ReadonlySet<string>) {
    const keyOf = (tool: string) => JSON.stringify([...to, tool])
    const removed = before.filter((tool) => !offered.has(tool) && !this.#gone.has(keyOf(tool)))
    for (const tool of removed) this.#gone.add(keyOf(tool))
    return removed
  }
}

function remember(callers: Offered['callers'], caller: string, tools: readonly string[]): void {
  callers.delete(caller)
  callers.set(caller, tools.slice(0, MOST_TOOLS))
  for (const oldest of callers.keys()) {
    if (callers.size <= MOST_CALLERS) break
    callers.delete(oldest)
  }
}

function told(names: readonly string[]) {
  const shown = names.slice(0, NAMES_TOLD).map((name) => name.slice(0, NAME_CHARS).replace(/\p{Surrogate}/gu, '\uFFFD'))
  return { count: names.length, names: shown }
}

/** SHA-256 over each tool's name and hash, in the list's order. */
function digestOf(tools: readonly string[], hashes: readonly string[]): string {
  return createHash('sha256')
    .update(JSON.stringify(tools.map((tool, n) => [tool, hashes[n] ?? ''])))
    .digest('hex')
}

type Lists = readonly (readonly [string, readonly string[]])[]

function parse(text: string | undefined): Map<string, Offered> {
  try {
    const found = JSON.parse(text ?? '[]') as readonly (readonly [string, Lists, Lists])[]
    const seen = new Map(
      found.map(([server, versions, callers]) => [server, { versions: new Map(versions), callers: new Map(callers) }]),
    )
    const lists = [...seen.values()].flatMap(({ versions, callers }) => [...versions.values(), ...callers.values()])
    return lists.every(Array.isArray) ? seen : new Map()
  } catch {
    return new Map()
  }
}
