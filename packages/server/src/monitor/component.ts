import type { CheckResult, ToolSeen } from '../checks/index.js'
import type { ComponentReport, Pause, ToolsReport, Traffic } from './contract.js'
import { judgeComponent, type Thresholds } from './judge.js'
import { wordsOf } from './words.js'

export interface ComponentSettings {
  readonly name: string
  readonly type: string
  readonly failureThreshold: number
  readonly successThreshold: number
  readonly thresholds: Thresholds
}

/** What of a component is worth keeping over a restart. */
export interface ComponentMemory {
  readonly isDown: boolean
  readonly failures: number
  /** The tools that an MCP server had, each with what it was by. */
  readonly tools?: readonly ToolSeen[]
}

/** What a check changed. */
export interface Turn {
  /** It went down, or came up again. */
  readonly went?: 'down' | 'up'
  /** Tools that were there at the check before, and are no more; or are there again. */
  readonly lost: readonly string[]
  readonly found: readonly string[]
  /** Tools whose description or schemas are others than at the check before. */
  readonly changed: readonly string[]
  /** Nothing was known of its tools before. */
  readonly isFirst: boolean
}

/** One component: results come in, and it is down after so many failures, and up after so many successes. */
export interface Component {
  readonly name: string
  /** `pause`: why the result changes nothing but what was seen last. */
  see(result: CheckResult, pause?: Pause): Turn
  /** How it is judged; undefined before it is known. */
  state(): 'up' | 'down' | undefined
  /** How many checks failed one after the other, up to now. */
  failures(): number
  report(traffic?: Traffic, pause?: Pause): ComponentReport
  memory(): ComponentMemory
}

/** Tools of one server beyond this many are not told apart. */
const MAX_TOOLS = 2_000

/** What is said of one that is not judged. */
const PAUSED = {
  maintenance: { status: 'maintenance', reasons: [] },
  cut_off: { status: 'unknown', reasons: [wordsOf({ reason: 'cut_off' })] },
} as const satisfies Record<Pause, Pick<ComponentReport, 'status' | 'reasons'>>

const NOTHING: Omit<Turn, 'went'> = { lost: [], found: [], changed: [], isFirst: false }

export function createComponent(settings: ComponentSettings, before?: ComponentMemory): Component {
  const { name, type, failureThreshold, successThreshold, thresholds } = settings
  let newest: CheckResult | undefined
  /** Why it is down is said until it is up again, while checks that succeed are counted. */
  let newestFailure: CheckResult | undefined
  let isDown = before?.isDown ?? false
  let failures = before?.failures ?? 0
  let successes = 0
  /** It answered once, or so it was known before: one failure of what never answered says neither up nor down. */
  let isKnown = before !== undefined
  const latencies: number[] = []
  /** Every tool that was ever seen, by name; missing: those that the newest list lacks. */
  const known = new Map((before?.tools ?? []).map((tool) => [tool.name, tool.definition]))
  let missing: ReadonlySet<string> = new Set()

  function compare(tools: readonly ToolSeen[]): Omit<Turn, 'went'> {
    const isFirst = known.size === 0
    const listed = new Set(tools.map((tool) => tool.name))
    const lost = [...known.keys()].filter((tool) => !listed.has(tool) && !missing.has(tool))
    const found = [...listed].filter((tool) => missing.has(tool))
    const changed = tools.filter((tool) => (known.get(tool.name) ?? tool.definition) !== tool.definition)
    for (const tool of tools) if (known.has(tool.name) || known.size < MAX_TOOLS) known.set(tool.name, tool.definition)
    missing = new Set([...known.keys()].filter((tool) => !listed.has(tool)))
    return { lost, found, changed: changed.map((tool) => tool.name), isFirst }
  }

  function turn(ok: boolean): 'down' | 'up' | undefined {
    failures = ok ? 0 : failures + 1
    successes = ok ? successes + 1 : 0
    if (!isDown && failures >= failureThreshold) {
      isDown = true
      return 'down'
    }
    if (isDown && successes >= successThreshold) {
      isDown = false
      return 'up'
    }
    return undefined
  }

  const tools = (): ToolsReport => ({ known: [...known.keys()], missing: [...missing] })

  return {
    name,
    see(result, pause) {
      newest = result
      if (!result.ok) newestFailure = result
      if (pause) {
        // What was found before says nothing of what comes after.
        if (!isDown) failures = 0
        successes = 0
        return NOTHING
      }
      if (result.ok) {
        isKnown = true
        latencies.push(result.latencyMs)
        if (latencies.length > failureThreshold) latencies.shift()
      }
      const went = turn(result.ok)
      const compared = result.tools ? compare(result.tools) : NOTHING
      return went ? { went, ...compared } : compared
    },
    state: stateNow,
    failures: () => failures,
    report(traffic, pause) {
      if (pause) return { name, type, ...PAUSED[pause], ...seen(), failures, ...toolsIfAny() }
      if (newest === undefined || stateNow() === undefined)
        return { name, type, status: isDown ? 'unhealthy' : 'unknown', reasons: [], failures, ...toolsIfAny() }
      const result = isDown ? (newestFailure ?? newest) : newest
      const evidence = {
        result,
        isDown,
        latencyMs: latencyOfMost(latencies, failureThreshold),
        missingTools: [...missing],
        traffic,
      }
      return {
        ...{ name, type, ...judgeComponent(evidence, thresholds) },
        ...{ ...seen(), failures },
        ...toolsIfAny(),
      }
    },
    memory: () => ({
      isDown,
      failures,
      ...(known.size > 0 && { tools: [...known].map(([tool, definition]) => ({ name: tool, definition })) }),
    }),
  }

  function stateNow(): 'up' | 'down' | undefined {
    if (isDown) return 'down'
    return isKnown ? 'up' : undefined
  }

  function seen(): Pick<ComponentReport, 'latencyMs' | 'result'> {
    return newest ? { latencyMs: newest.latencyMs, result: withoutTools(newest) } : {}
  }

  function toolsIfAny(): { readonly tools?: ToolsReport } {
    return known.size > 0 ? { tools: tools() } : {}
  }
}

function withoutTools({ tools: _, ...result }: CheckResult): Omit<CheckResult, 'tools'> {
  return result
}

/**
 * What more than half of as many checks as it takes to be down took at least; 0 before there were so many, so that one slow
 * check says nothing, a first one neither. Milliseconds.
 */
function latencyOfMost(latencies: readonly number[], failureThreshold: number): number {
  const slowestFirst = [...latencies].sort((one, other) => other - one)
  return slowestFirst[Math.floor(failureThreshold / 2)] ?? 0
}
