import { createHash } from 'node:crypto'
import type { EventOf } from '@mcp-vitals/instrument/event'
import type { Content } from './drafts.js'

/** Bounds of what is remembered. Beyond them nothing new is remembered, and so no change of it told. */
const MOST_SERVERS = 500
const MOST_TOOLS = 2000
const MOST_VERSIONS = 16
/** Names of each kind that a row tells; it tells how many there are in any case. */
const NAMES_TOLD = 20
const NAME_CHARS = 100

/** Server → tool → hashes of every definition that was seen of it. */
type Seen = Map<string, Map<string, readonly string[]>>

/**
 * Remembers which tools servers offered, by the hashes of their definitions, and tells what is new: another description
 * or schema under a known name can turn a model's hand. A definition that was seen before is no news, so a server that
 * shows different tools to different callers is told of once.
 */
export class Definitions {
  readonly #seen: Seen
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
    return JSON.stringify([...this.#seen].map(([server, tools]) => [server, [...tools]]))
  }

  /** Takes a whole list. Returns what is new, where the server's tools were known. */
  take({ server, tools, hashes, complete }: EventOf<'tools.listed'>): Content | undefined {
    if (!complete) return undefined
    const known = this.#seen.get(server)
    if (!known && this.#seen.size >= MOST_SERVERS) return undefined
    const before = new Set(known?.keys())
    const now = known ?? new Map<string, readonly string[]>()
    const added: string[] = []
    const changed: string[] = []
    for (const [n, tool] of tools.entries()) {
      const hash = hashes[n] ?? ''
      const versions = now.get(tool)
      if (!versions) {
        if (now.size >= MOST_TOOLS) continue
        added.push(tool)
        now.set(tool, hash === '' ? [] : [hash])
      } else if (hash !== '' && !versions.includes(hash)) {
        if (versions.length > 0) changed.push(tool)
        now.set(tool, [...versions.slice(1 - MOST_VERSIONS), hash])
      }
    }
    const removed = this.#removed(server, before, new Set(tools))
    this.#seen.set(server, now)
    if (added.length + changed.length > 0 || !known) this.#changes++
    if (!known || added.length + changed.length + removed.length === 0) return undefined
    return {
      eventType: 'TOOL_DEFINITION_CHANGED',
      target: server,
      details: { added: told(added), changed: told(changed), removed: told(removed), digest: digestOf(tools, hashes) },
    }
  }

  /** Tools that are not offered any more; each is told once in a daemon's life. */
  #removed(server: string, before: ReadonlySet<string>, offered: ReadonlySet<string>): string[] {
    const keyOf = (tool: string) => JSON.stringify([server, tool])
    const removed = [...before].filter((tool) => !offered.has(tool) && !this.#gone.has(keyOf(tool)))
    for (const tool of removed) this.#gone.add(keyOf(tool))
    return removed
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

function parse(text: string | undefined): Seen {
  try {
    const found = JSON.parse(text ?? '[]') as readonly (readonly [string, readonly (readonly [string, string[]])[]])[]
    const seen: Seen = new Map(found.map(([server, tools]) => [server, new Map(tools)]))
    const isSound = [...seen.values()].every((tools) => [...tools.values()].every(Array.isArray))
    return isSound ? seen : new Map()
  } catch {
    return new Map()
  }
}
