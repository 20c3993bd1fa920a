import type { Event, EventOf } from '@mcp-vitals/instrument/event'
import type { Finding } from './finding.js'
import { type Call, ToolWatch } from './tool.js'

/** A tool that was not called for so long gives its place to another, milliseconds. */
const IDLE_MS = 86_400_000
/** At most once in so long a place is looked for, milliseconds: it takes a walk over all tools. */
const SEARCH_MS = 1000
/** How calls end that the caller withdrew. */
const WITHDRAWN: ReadonlySet<string> = new Set(['cancelled', 'replaced'])

/** A finding with its tool. */
export interface ToolFinding extends Finding {
  readonly server: string
  readonly tool: string
}

export interface DetectorStats {
  /** Tools followed now. */
  readonly tools: number
  /** Calls of tools for which there was no place. */
  readonly untrackedCalls: number
}

/** Compares each tool with itself. Pure: every time comes with an event or a look. */
export interface Detector {
  /**
   * Takes an event, and gives what it shows; most show nothing. `now`, milliseconds since 1970, is when it came, which may be
   * later than it happened, or by another clock: a silence is what nobody tells of.
   */
  see(event: Event, now?: number): readonly ToolFinding[]
  /** Gives what silences until `now` (milliseconds since 1970) show: to be called every second or so. */
  look(now: number): readonly ToolFinding[]
  /** Expects no call before the next one: for when nobody could look for a while. */
  pause(): void
  /** Lets go of a server that is no more. */
  forget(server: string): void
  stats(): DetectorStats
}

const NOTHING: readonly ToolFinding[] = []

/**
 * Creates a detector for at most `maxTools` tools. A tool is followed from its first success on, so that names that a
 * client invents take no place.
 */
export function createDetector({ maxTools }: { readonly maxTools: number }): Detector {
  const servers = new Map<string, Map<string, ToolWatch>>()
  let tools = 0
  let untrackedCalls = 0
  let searchedAt = Number.NEGATIVE_INFINITY

  function watchOf({ server, outcome, at }: EventOf<'request.ended'>, tool: string): ToolWatch | undefined {
    const known = servers.get(server)?.get(tool)
    if (known || outcome !== 'ok') return known
    if (tools >= maxTools && !makeRoom(at)) {
      untrackedCalls++
      return undefined
    }
    let watches = servers.get(server)
    if (!watches) {
      watches = new Map()
      servers.set(server, watches)
    }
    const watch = new ToolWatch()
    watches.set(tool, watch)
    tools++
    return watch
  }

  function makeRoom(at: number): boolean {
    if (at - searchedAt < SEARCH_MS) return false
    searchedAt = at
    const idle = [...each()].reduce((a, b) => (b.watch.lastAt < a.watch.lastAt ? b : a))
    if (at - idle.watch.lastAt < IDLE_MS) return false
    remove(idle.server, idle.tool)
    return true
  }

  function remove(server: string, tool: string): void {
    const watches = servers.get(server)
    if (!watches?.delete(tool)) return
    tools--
    if (watches.size === 0) servers.delete(server)
  }

  function* each() {
    for (const [server, watches] of servers) for (const [tool, watch] of watches) yield { server, tool, watch }
  }

  return {
    see(event, now = event.at) {
      const { server } = event
      if (event.type === 'session.closed' && event.session !== undefined && isOrderly(event))
        for (const watch of servers.get(server)?.values() ?? []) watch.leave(event.session)
      if (!isToolCall(event) || event.name === undefined) return NOTHING
      const tool = event.name
      const findings = watchOf(event, tool)?.add(callOf(event), now)
      return findings === undefined || findings.length === 0
        ? NOTHING
        : findings.map((finding) => ({ ...finding, server, tool }))
    },
    look(now) {
      const found: ToolFinding[] = []
      for (const { server, tool, watch } of each())
        for (const finding of watch.look(now)) found.push({ ...finding, server, tool })
      return found
    },
    pause() {
      for (const { watch } of each()) watch.pause()
    },
    forget(server) {
      tools -= servers.get(server)?.size ?? 0
      servers.delete(server)
    },
    stats: () => ({ tools, untrackedCalls }),
  }
}

function isToolCall(event: Event): event is EventOf<'request.ended'> {
  return event.type === 'request.ended' && event.method === 'tools/call' && event.direction === 'client_to_server'
}

/** Whether a session was ended by those who had it, so that no more calls are to be expected. */
function isOrderly({ reason }: EventOf<'session.closed'>): boolean {
  return reason === 'client' || reason === 'shutdown'
}

function callOf({ at, outcome, durationMs, responseBytes, session }: EventOf<'request.ended'>): Call {
  const result = outcome === 'ok' ? 'ok' : WITHDRAWN.has(outcome) ? 'withdrawn' : 'failed'
  return { at, result, durationMs, sizeBytes: responseBytes, session }
}
