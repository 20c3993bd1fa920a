import { type CheckResult, runBounded } from '../checks/index.js'
import { type Component, type ComponentMemory, createComponent, type Turn } from './component.js'
import { createConnectivity } from './connectivity.js'
import type { ComponentReport, Pause, Subject, SystemReport, Traffic } from './contract.js'
import { judgeSystem } from './judge.js'
import type { MonitorOptions } from './options.js'
import { createSlots } from './slots.js'

/** What a check came to. */
export interface Look {
  readonly subject: Subject
  readonly result: CheckResult
  readonly turn: Turn
  /** How it is judged now; undefined while that is not known. */
  readonly state: 'up' | 'down' | undefined
  /** How the component is now, and why, with the calls that passed. */
  readonly report: ComponentReport
  /** Why it is not judged now. */
  readonly pause?: Pause | undefined
  /** How many checks of it failed one after the other, up to now. */
  readonly failures: number
  /** How much later than planned it began. Milliseconds. */
  readonly lateMs: number
}

export interface MonitorSettings {
  readonly subjects: readonly Subject[]
  readonly options: Pick<
    MonitorOptions,
    'intervalMs' | 'failureThreshold' | 'successThreshold' | 'concurrency' | 'healthy' | 'degraded' | 'yellowToolRatio'
  >
  /** What was known before, by component. */
  readonly memory?: Readonly<Record<string, ComponentMemory>>
  /** Monotonic milliseconds. */
  readonly clock: () => number
  /** 0 to 1: spreads the checks over their intervals. */
  readonly random: () => number
  /** The calls that passed lately to a server of the configuration. */
  readonly trafficOf?: (server: string) => Traffic | undefined
  /** Why a subject is not judged now; undefined where it is. Default: all are. */
  readonly pauseOf?: (subject: Subject) => Pause | undefined
  /**
   * Finds out whether the monitor itself is cut off, and judges nothing beyond loopback then: by `targets`, one of which
   * must answer, or where there is none by components of other hosts. Default: it does not.
   */
  readonly connectivity?: { readonly targets: readonly Subject[] } | undefined
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
  /** Checks one now, which is not judged by it: the checks at its interval do that. Undefined where there is none of the name. */
  check(name: string): Promise<CheckResult | undefined>
  /** Checks one now, beside its interval, and judges it by that. */
  hurry(name: string): Promise<void>
  report(surroundings: Surroundings): SystemReport
  memory(): Readonly<Record<string, ComponentMemory>>
  /** Ends the checks that run. Resolves when nothing of them is left. */
  close(): Promise<void>
}

/** How far an interval may stray, so that checks that fell together part again. */
const JITTER = 0.05

export function createMonitor(settings: MonitorSettings): Monitor {
  const { options, memory = {}, clock, random, trafficOf, onLook } = settings
  const connectivity =
    settings.connectivity &&
    createConnectivity({
      ...{
        targets: settings.connectivity.targets,
        subjects: settings.subjects.filter(({ host }) => host !== undefined),
      },
      ...{ ask: (subject) => run(subject), intervalMs: options.intervalMs, clock },
    })
  const subjects = connectivity ? [...settings.subjects, connectivity.subject] : settings.subjects
  const thresholdsOf = ({ failureThreshold, successThreshold }: Partial<Subject>) => ({
    failureThreshold: failureThreshold ?? options.failureThreshold,
    successThreshold: successThreshold ?? options.successThreshold,
  })
  const slots = createSlots(options.concurrency)
  const closing = new AbortController()
  const timers = new Set<NodeJS.Timeout>()
  /** Names of those that are to be looked at beside their interval, and wait for a slot. */
  const hurried = new Set<string>()
  /** When those were checked last that something is asked of in between. */
  const checkedAt = new Map<string, number>()
  /** What has not let go yet. */
  const held = new Set<Promise<unknown>>()
  const components = new Map<string, Component>(
    subjects.map(({ name, type, ...own }) => [
      name,
      createComponent(
        { name, type, ...thresholdsOf(own), thresholds: options },
        Object.hasOwn(memory, name) ? memory[name] : undefined,
      ),
    ]),
  )

  const pauseOf = (subject: Subject): Pause | undefined =>
    settings.pauseOf?.(subject) ?? (subject.host !== undefined && connectivity?.isCutOff ? 'cut_off' : undefined)

  const reportOf = (subject: Subject): ComponentReport => {
    const { name, server } = subject
    return components.get(name)!.report(server === undefined ? undefined : trafficOf?.(server), pauseOf(subject))
  }

  /** One check with its retries. A slot is held no longer than the answers take. Undefined where we are closing. */
  async function run(subject: Subject, onBegin?: () => void): Promise<CheckResult | undefined> {
    const free = await slots.take()
    onBegin?.()
    let result: CheckResult | undefined
    for (let tried = 0; tried <= subject.retries && !result?.ok && !closing.signal.aborted; tried++) {
      const { answer, cleared } = runBounded(subject.check, subject.timeoutMs, closing.signal)
      held.add(cleared)
      void cleared.then(() => held.delete(cleared))
      result = await answer
    }
    free()
    return closing.signal.aborted ? undefined : result
  }

  /** A check, and where something is asked in between, that as well: one that starts anew says nothing of one that runs and hangs. */
  async function checkWhole(subject: Subject, onBegin?: () => void): Promise<CheckResult | undefined> {
    const result = await run(subject, onBegin)
    if (!result?.ok || subject.between === undefined) return result
    const asked = await subject.between.ask()
    return asked?.ok === false ? { ...asked, ...(result.tools && { tools: result.tools }) } : result
  }

  /** Undefined where its check is due. */
  function askInstead({ name, between }: Subject, onBegin: () => void): Promise<CheckResult | undefined> | undefined {
    if (between === undefined) return undefined
    if (clock() - (checkedAt.get(name) ?? Number.NEGATIVE_INFINITY) < between.everyMs) {
      onBegin()
      return between.ask()
    }
    checkedAt.set(name, clock())
    return undefined
  }

  async function look(subject: Subject, dueAt: number, onBegin = () => {}): Promise<void> {
    let lateMs = 0
    // Before it has a slot, as what it asks needs one.
    if (subject === connectivity?.subject) await connectivity.refresh()
    const begin = () => {
      onBegin()
      lateMs = Math.max(0, clock() - dueAt)
    }
    const result = await (askInstead(subject, begin) ?? checkWhole(subject, begin))
    if (result === undefined || closing.signal.aborted) return
    if (subject.host !== undefined && connectivity) {
      const before = connectivity.isCutOff
      await connectivity.judge(subject, result)
      if (connectivity.isCutOff !== before) void hurry(connectivity.subject.name)
    }
    if (closing.signal.aborted) return
    const component = components.get(subject.name)!
    const pause = pauseOf(subject)
    const turn = component.see(result, pause)
    const state = pause ? undefined : component.state()
    const failures = component.failures()
    onLook({ subject, result, turn, state, report: reportOf(subject), pause, failures, lateMs })
  }

  async function hurry(name: string): Promise<void> {
    const subject = subjects.find((one) => one.name === name)
    // One that waits for its turn sees what is then.
    if (!subject || hurried.has(name)) return
    hurried.add(name)
    await look(subject, clock(), () => hurried.delete(name))
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
    async check(name) {
      const subject = subjects.find((one) => one.name === name)
      return subject && (await checkWhole(subject))
    },
    hurry,
    report: ({ traffic, criticalAlerts }) => judgeSystem(subjects.map(reportOf), { traffic, criticalAlerts }, options),
    memory: () => Object.fromEntries([...components].map(([name, component]) => [name, component.memory()])),
    async close() {
      closing.abort()
      for (const timer of timers) clearTimeout(timer)
      await Promise.all(held)
    },
  }
}
