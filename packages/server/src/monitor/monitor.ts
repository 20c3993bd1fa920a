import { type Check, type CheckResult, runBounded } from '../checks/index.js'
import { type Component, type ComponentMemory, createComponent, type Turn } from './component.js'
import type { ComponentReport, SystemReport, Traffic } from './contract.js'
import { judgeSystem } from './judge.js'
import type { MonitorOptions } from './options.js'
import { createSlots } from './slots.js'

/** One thing to watch, and when. */
export interface Subject {
  readonly name: string
  readonly type: string
  /** The server of the configuration that it is; absent for what is none. */
  readonly server?: string
  readonly check: Check
  readonly timeoutMs: number
  readonly intervalMs: number
  readonly retries: number
}

/** What a check came to. */
export interface Look {
  readonly subject: Subject
  readonly result: CheckResult
  readonly turn: Turn
  /** How it is judged now; undefined while that is not known. */
  readonly state: 'up' | 'down' | undefined
  /** How the component is now, and why, with the calls that passed. */
  readonly report: ComponentReport
  /** How much later than planned it began. Milliseconds. */
  readonly lateMs: number
}

export interface MonitorSettings {
  readonly subjects: readonly Subject[]
  readonly options: Pick<
    MonitorOptions,
    'failureThreshold' | 'successThreshold' | 'concurrency' | 'healthy' | 'degraded' | 'yellowToolRatio'
  >
  /** What was known before, by component. */
  readonly memory?: Readonly<Record<string, ComponentMemory>>
  /** Monotonic milliseconds. */
  readonly clock: () => number
  /** 0 to 1: spreads the checks over their intervals. */
  readonly random: () => number
  /** The calls that passed lately to a server of the configuration. */
  readonly trafficOf?: (server: string) => Traffic | undefined
  /** Told of each check. Must not throw. */
  readonly onLook: (look: Look) => void
}

/** What is known beside the checks. */
export interface Surroundings {
  readonly traffic?: Traffic | undefined
  readonly criticalAlerts: number
}

/** The health of all components. */
export interface Monitor {
  readonly subjects: readonly Subject[]
  /** Checks each one from now on, first within its interval. */
  start(): void
  /** Checks every one now; resolves when all have answered, which takes the slowest time-out for each round of slots. */
  checkAll(): Promise<void>
  report(surroundings: Surroundings): SystemReport
  memory(): Readonly<Record<string, ComponentMemory>>
  /** Ends the checks that run. Resolves when nothing of them is left. */
  close(): Promise<void>
}

/** How far an interval may stray, so that checks that fell together part again. */
const JITTER = 0.05

export function createMonitor({ subjects, options, memory = {}, clock, random, ...given }: MonitorSettings): Monitor {
  const { failureThreshold, successThreshold } = options
  const slots = createSlots(options.concurrency)
  const closing = new AbortController()
  const timers = new Set<NodeJS.Timeout>()
  /** What has not let go yet. */
  const held = new Set<Promise<unknown>>()
  const components = new Map<string, Component>(
    subjects.map(({ name, type }) => [
      name,
      createComponent(
        { name, type, failureThreshold, successThreshold, thresholds: options },
        Object.hasOwn(memory, name) ? memory[name] : undefined,
      ),
    ]),
  )

  const reportOf = ({ name, server }: Subject): ComponentReport =>
    components.get(name)!.report(server === undefined ? undefined : given.trafficOf?.(server))

  /** One check with its retries. A slot is held no longer than the answers take. */
  async function look(subject: Subject, dueAt: number): Promise<void> {
    const free = await slots.take()
    const lateMs = Math.max(0, clock() - dueAt)
    let result: CheckResult | undefined
    for (let tried = 0; tried <= subject.retries && !result?.ok && !closing.signal.aborted; tried++) {
      const { answer, cleared } = runBounded(subject.check, subject.timeoutMs, closing.signal)
      held.add(cleared)
      void cleared.then(() => held.delete(cleared))
      result = await answer
    }
    free()
    if (result === undefined || closing.signal.aborted) return
    const component = components.get(subject.name)!
    const turn = component.see(result)
    given.onLook({ subject, result, turn, state: component.state(), report: reportOf(subject), lateMs })
  }

  function later(subject: Subject, dueAt: number): void {
    const timer = setTimeout(
      async () => {
        timers.delete(timer)
        await look(subject, dueAt)
        if (closing.signal.aborted) return
        // From plan to plan, so that slow answers do not make checks fewer; never in the past.
        const stray = subject.intervalMs * JITTER * (2 * random() - 1)
        later(subject, Math.max(clock(), dueAt + subject.intervalMs + stray))
      },
      Math.max(0, dueAt - clock()),
    )
    timers.add(timer)
  }

  return {
    subjects,
    start() {
      for (const subject of subjects) later(subject, clock() + subject.intervalMs * random())
    },
    async checkAll() {
      await Promise.all(subjects.map((subject) => look(subject, clock())))
    },
    report: ({ traffic, criticalAlerts }) => judgeSystem(subjects.map(reportOf), { traffic, criticalAlerts }, options),
    memory: () => Object.fromEntries([...components].map(([name, component]) => [name, component.memory()])),
    async close() {
      closing.abort()
      for (const timer of timers) clearTimeout(timer)
      await Promise.all(held)
    },
  }
}
