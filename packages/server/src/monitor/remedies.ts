import type { EventOf } from '@mcp-vitals/instrument/event'
import type { Pause } from './contract.js'
import { EVERY } from './remediation-options.js'

type Told = EventOf<'remediation'>
/** What a rule does. */
export type RemedyKind = Told['action']

/** A rule as it is held against components. */
export interface RemedyRule {
  /** Unique among the rules. */
  readonly name: string
  readonly kind: RemedyKind
  readonly components: readonly string[]
  /** Whether it is meant for a failure, as a person is told of it: `connection refused (ECONNREFUSED)`. */
  readonly matches: (words: string) => boolean
  readonly afterFailures: number
  readonly dryRun: boolean
  readonly cooldownMs: number
  readonly backoffMs: number
  readonly maxBackoffMs: number
  readonly maxPerHour: number
}

/** What of one rule and one component is kept over restarts. Times are milliseconds since 1970. */
export interface RemedyMemory {
  /** When it ran within the last hour. */
  readonly runs: readonly number[]
  /** How often it ran since the component was well last. */
  readonly attempts: number
  /** It does not run again before: after an attempt that did not help, and after one that did. */
  readonly waitUntil: number
  readonly coolUntil: number
}

/** A component that is not well. */
export interface Illness {
  readonly component: string
  /** How many checks failed one after the other. */
  readonly failures: number
  readonly words: string
  /** Why nothing may be done about it now. */
  readonly pause?: Pause | undefined
}

/** Why a rule that was due did not run. */
export type HeldBack = Pause | 'cool_down' | 'backoff' | 'hourly_cap'

/** What a rule comes to. `run`: the caller acts, and says by `ended` what came of it. */
export type Decision = { readonly rule: RemedyRule; readonly component: string; readonly attempt: number } & (
  | { readonly is: 'run' | 'dry_run' }
  | { readonly is: 'held_back'; readonly reason: HeldBack }
)

/** Decides what is to be done about components that are not well. Pure: every call says what time it is. */
export interface Remedies {
  /** Takes other rules; what ran under the name of one that stays counts for it. */
  change(rules: readonly RemedyRule[]): void
  /**
   * At most one rule runs, the first that may, and none while one of the component has not ended. What was held back is
   * told once for each reason, until the component is well.
   */
  ill(illness: Illness, now: number): readonly Decision[]
  well(component: string): void
  /** The action of a run and the check after it have ended. */
  ended(decision: Decision, helped: boolean, now: number): void
  /** By `component/rule`. */
  memory(): Readonly<Record<string, RemedyMemory>>
}

const HOUR_MS = 3_600_000
const NOTHING: RemedyMemory = { runs: [], attempts: 0, waitUntil: 0, coolUntil: 0 }

export function createRemedies(first: readonly RemedyRule[], kept: Readonly<Record<string, RemedyMemory>>): Remedies {
  let rules = first
  const memories = new Map(Object.entries(kept))
  /** Components of which an action has not ended. */
  const busy = new Set<string>()
  /** Why each was held back last, as it was told. */
  const told = new Map<string, HeldBack>()
  forgetOthers()

  /** What is kept is bounded by the rules. */
  function forgetOthers(): void {
    const isWanted = (key: string) =>
      rules.some((rule) => key.endsWith(keyOf('', rule)) && isFor(rule, componentIn(key)))
    for (const key of memories.keys()) if (!isWanted(key)) memories.delete(key)
    for (const key of told.keys()) if (!isWanted(key)) told.delete(key)
  }

  function decide(rule: RemedyRule, { component, pause }: Illness, now: number): Decision {
    const key = keyOf(component, rule)
    const memory = asOf(memories.get(key) ?? NOTHING, rule, now)
    const attempt = memory.attempts + 1
    const reason = pause ?? reasonOf(memory, rule, now)
    if (reason) return { rule, component, attempt, is: 'held_back', reason }
    const waitUntil = now + Math.min(rule.backoffMs * 2 ** Math.min(memory.attempts, 30), rule.maxBackoffMs)
    memories.set(key, { ...memory, runs: [...memory.runs, now], attempts: attempt, waitUntil })
    return { rule, component, attempt, is: rule.dryRun ? 'dry_run' : 'run' }
  }

  return {
    change(next) {
      rules = next
      forgetOthers()
    },
    ill(illness, now) {
      const { component, failures, words } = illness
      const decisions: Decision[] = []
      if (busy.has(component)) return decisions
      for (const rule of rules) {
        if (!isFor(rule, component) || failures < rule.afterFailures || !rule.matches(words)) continue
        const decision = decide(rule, illness, now)
        const key = keyOf(component, rule)
        if (decision.is === 'held_back') {
          if (told.get(key) !== decision.reason) decisions.push(decision)
          told.set(key, decision.reason)
          continue
        }
        told.delete(key)
        decisions.push(decision)
        if (decision.is === 'run') busy.add(component)
        break
      }
      return decisions
    },
    well(component) {
      for (const rule of rules) {
        const key = keyOf(component, rule)
        told.delete(key)
        const memory = memories.get(key)
        if (memory && !busy.has(component)) memories.set(key, { ...memory, attempts: 0, waitUntil: 0 })
      }
    },
    ended({ rule, component }, helped, now) {
      busy.delete(component)
      const key = keyOf(component, rule)
      const memory = memories.get(key)
      if (!memory) return
      const { backoffMs, maxBackoffMs, cooldownMs } = rule
      const pauseMs = Math.min(backoffMs * 2 ** Math.min(memory.attempts - 1, 30), maxBackoffMs)
      memories.set(
        key,
        helped
          ? { ...memory, attempts: 0, waitUntil: 0, coolUntil: now + cooldownMs }
          : { ...memory, waitUntil: now + pauseMs },
      )
    },
    memory: () => Object.fromEntries(memories),
  }
}

const isFor = ({ components }: RemedyRule, component: string): boolean =>
  components.includes(component) || components.includes(EVERY)

/** No name of a component has a slash, and no name of a rule. */
const keyOf = (component: string, { name }: RemedyRule): string => `${component}/${name}`
const componentIn = (key: string): string => key.slice(0, key.lastIndexOf('/'))

/** A clock that was set back, or options that are others, let nothing wait for longer than it would have by now. */
function asOf(memory: RemedyMemory, { maxBackoffMs, cooldownMs }: RemedyRule, now: number): RemedyMemory {
  return {
    ...memory,
    runs: memory.runs.map((at) => Math.min(at, now)).filter((at) => now - at < HOUR_MS),
    waitUntil: Math.min(memory.waitUntil, now + maxBackoffMs),
    coolUntil: Math.min(memory.coolUntil, now + cooldownMs),
  }
}

function reasonOf({ runs, waitUntil, coolUntil }: RemedyMemory, { maxPerHour }: RemedyRule, now: number) {
  if (now < coolUntil) return 'cool_down'
  if (now < waitUntil) return 'backoff'
  return runs.length >= maxPerHour ? 'hourly_cap' : undefined
}
