import { setTimeout as delay } from 'node:timers/promises'
import { type EventOf, event, OWN_SERVER } from '@mcp-vitals/instrument/event'
import type { Publish } from '@mcp-vitals/instrument/stream'
import type { CheckResult } from '../checks/index.js'
import type { Config } from '../config/index.js'
import { vitalsError } from '../errors/index.js'
import {
  createRemedies,
  type Decision,
  type Look,
  type RemedyMemory,
  type RemedyRule,
  serverOf,
  wordsOf,
} from '../monitor/index.js'
import { compilePattern } from '../promql/index.js'
import { act, kindOf, type RemedyTools } from './remedy-actions.js'

/** Between two checks of what an action should have mended: doubled each time. Milliseconds. */
const FIRST_CHECK_MS = 250
const LONGEST_PAUSE_MS = 5_000

type Options = Config['monitor']
type Outcome = EventOf<'remediation'>['outcome']
type Rule = RemedyRule & { readonly options: Options['remediations'][number] }

export interface RemediationNeeds {
  readonly tools: RemedyTools
  readonly publish: Publish
  /** Checks a component now; undefined where it is gone. */
  readonly check: (component: string) => Promise<CheckResult | undefined>
  /** Keeps `memory()`; resolves when it is on disk, or cannot be. */
  readonly keep: () => Promise<void>
}

/** Acts on what is not well, as the rules of the configuration say. */
export interface Remediation {
  /** Takes what a check came to. */
  look(look: Look): void
  /** Takes the rules of a configuration, which `rulesOf` accepts. */
  change(options: Options): void
  /** What was done about the component that an alert with these labels is about: annotations for it. */
  remarksOn(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>>
  memory(): Readonly<Record<string, RemedyMemory>>
  /** Ends what runs. */
  close(): Promise<void>
}

/** The rules as they are held against components. Throws CONFIG_INVALID for a pattern that is none. */
export function rulesOf({ remediations }: Options): readonly Rule[] {
  return remediations.map((options, index) => {
    const { name = `rule_${index + 1}`, errorPattern, action, ...terms } = options
    return { name, kind: kindOf(action), matches: testOf(errorPattern, index), ...terms, options }
  })
}

function testOf(pattern: string | undefined, index: number): (words: string) => boolean {
  if (pattern === undefined) return () => true
  const alone = compilePattern(pattern)
  const found = 'problem' in alone ? alone : compilePattern(`.*(?:${pattern}).*`)
  if (!('problem' in found)) return (words) => found.test(words)
  const problems = `\n  monitor.remediations.${index}.errorPattern: ${found.problem}`
  throw vitalsError('CONFIG_INVALID', { problems })
}

export function createRemediation(
  first: Options,
  kept: Readonly<Record<string, RemedyMemory>>,
  { tools, publish, check, keep }: RemediationNeeds,
): Remediation {
  let options = first
  const remedies = createRemedies(rulesOf(first), kept)
  const closing = new AbortController()
  const running = new Set<Promise<void>>()
  /** By the label that alerts have of a component: what was done last, and whether that is over. */
  const remarks = new Map<string, { text: string; isOver: boolean }>()

  function tell(
    { rule, component, attempt }: Decision,
    server: string | undefined,
    outcome: Outcome,
    durationMs = 0,
    reason?: string,
  ): void {
    const { name, kind } = rule
    const at = Date.now()
    publish(
      event(
        'remediation',
        at,
        { server: server ?? OWN_SERVER },
        {
          ...{ component, rule: name, action: kind, outcome, durationMs, attempt },
          ...(reason !== undefined && { reason }),
        },
      ),
    )
    const why = reason === undefined ? '' : `, ${reason.replaceAll('_', ' ')}`
    const words = `${kind.replaceAll('_', ' ')} (${name}), attempt ${attempt}: ${outcome.replaceAll('_', ' ')}${why}`
    const text = `${new Date(at).toISOString().slice(0, 19)}Z ${words}`
    remarks.set(keyOf(server, component), { text, isOver: false })
  }

  async function run(decision: Decision, server: string | undefined): Promise<void> {
    const { component } = decision
    const rule = decision.rule as Rule
    // Kept before it acts: a daemon that is restarted by what it does must not do it without end.
    await keep()
    const { action, timeoutMs, verifyWithinMs } = rule.options
    const begun = performance.now()
    const about = { action, component, server: serverOf(options.components, component), timeoutMs }
    const problem = await act({ ...about, signal: closing.signal }, tools)
    tell(decision, server, problem === undefined ? 'ran' : 'failed', performance.now() - begun, problem)
    const helped =
      problem === undefined &&
      (await verified(component, verifyWithinMs, (outcome, ms, reason) => tell(decision, server, outcome, ms, reason)))
    remedies.ended(decision, helped, Date.now())
    await keep()
  }

  /** Whether a check succeeds in time. */
  async function verified(
    component: string,
    withinMs: number,
    say: (outcome: Outcome, durationMs: number, reason?: string) => void,
  ): Promise<boolean> {
    const begun = performance.now()
    for (let pauseMs = FIRST_CHECK_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      const result = await check(component)
      const passedMs = performance.now() - begun
      if (result?.ok) {
        say('verified', passedMs)
        return true
      }
      if (result === undefined || passedMs + pauseMs > withinMs) {
        say('not_verified', passedMs, result ? (result.reason ?? 'failed') : 'shutdown')
        return false
      }
      await delay(pauseMs, undefined, { signal: closing.signal }).catch(() => {})
    }
  }

  return {
    look({ subject: { name: component, server }, result, turn, failures, pause }) {
      const remark = remarks.get(keyOf(server, component))
      if (remark && turn.went === 'up') remark.isOver = true
      if (result.ok) {
        remedies.well(component)
        return
      }
      if (remark?.isOver) remarks.delete(keyOf(server, component))
      const words = wordsOf(result)
      for (const decision of remedies.ill({ component, failures, words, pause }, Date.now())) {
        if (decision.is === 'held_back') tell(decision, server, 'held_back', 0, decision.reason)
        else if (decision.is === 'dry_run') {
          tell(decision, server, 'dry_run')
          void keep()
        } else {
          const ran = run(decision, server).finally(() => running.delete(ran))
          running.add(ran)
        }
      }
    },
    change(next) {
      options = next
      remedies.change(rulesOf(next))
    },
    remarksOn({ server, check: component }) {
      const isOwn = server === undefined || server === OWN_SERVER
      const remark = remarks.get(isOwn ? keyOf(undefined, component ?? '') : keyOf(server, ''))
      return remark ? { remediation: remark.text } : {}
    },
    memory: remedies.memory,
    async close() {
      closing.abort()
      await Promise.all(running)
    },
  }
}

/** A server is told of by its own name, another component as a check of the daemon. */
const keyOf = (server: string | undefined, component: string): string =>
  server === undefined ? `check ${component}` : `server ${server}`
