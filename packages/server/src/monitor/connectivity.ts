import type { CheckResult, Reason } from '../checks/index.js'
import type { Subject } from './contract.js'

/** Name of the component that the monitor itself is. */
export const CONNECTIVITY = 'connectivity'

/** Failures that are the same whether the far end is gone or the way to it. All others are words of a far end. */
const SIGNS: ReadonlySet<Reason> = new Set(['timeout', 'unreachable', 'name_not_resolved'])
/** Failures that say nothing of the network. */
const MUTE: ReadonlySet<Reason> = new Set(['failed'])
/** Most other components that are asked, where no targets are configured. */
const MOST_ASKED = 3
/** How long an answer is good for others. Milliseconds. */
const GOOD_FOR_MS = 2_000

export interface ConnectivitySettings {
  /** What to ask; one that answers will do. None: components of other hosts. */
  readonly targets: readonly Subject[]
  /** Components beyond loopback. */
  readonly subjects: readonly Subject[]
  /** Asks one now. */
  readonly ask: (subject: Subject) => Promise<CheckResult | undefined>
  /** How often it is looked at, milliseconds. */
  readonly intervalMs: number
  /** Monotonic milliseconds. */
  readonly clock: () => number
}

/** Whether the monitor itself is cut off from the network, so that it cannot judge what is beyond loopback. */
export interface Connectivity {
  readonly isCutOff: boolean
  /**
   * Takes what a check of a component beyond loopback came to. Where that may as well come of our own network, it asks
   * others before it resolves.
   */
  judge(subject: Subject, result: CheckResult): Promise<void>
  /** Asks, where there are targets, and while it is cut off: nobody else might. */
  refresh(): Promise<void>
  /** What it came to, as a component: its check asks nobody. */
  readonly subject: Subject
}

/** Undefined where there is nothing to tell it by: no target, and fewer than two hosts. */
export function createConnectivity(settings: ConnectivitySettings): Connectivity | undefined {
  const { targets, subjects, ask, intervalMs, clock } = settings
  if (targets.length === 0 && new Set(subjects.map(({ host }) => host)).size < 2) return undefined
  let isCutOff = false
  /** When a far end last said anything, and who. */
  let heardAt = Number.NEGATIVE_INFINITY
  const heardOf = new Map<Subject, number>()
  let asking: Promise<void> | undefined
  let askedAt = Number.NEGATIVE_INFINITY

  function hear(subject: Subject, { ok, reason = 'failed' }: CheckResult): void {
    if (!ok && (SIGNS.has(reason) || MUTE.has(reason))) return
    heardAt = clock()
    heardOf.set(subject, heardAt)
    isCutOff = false
  }

  /** Those that were heard of last, each of another host. */
  function others(host: string | undefined): readonly Subject[] {
    if (targets.length > 0) return targets
    const newest = [...subjects].sort((one, other) => (heardOf.get(other) ?? 0) - (heardOf.get(one) ?? 0))
    const byHost = new Map(newest.toReversed().map((subject) => [subject.host, subject]))
    byHost.delete(host)
    return newest.filter((subject) => byHost.get(subject.host) === subject).slice(0, MOST_ASKED)
  }

  async function askOthers(host: string | undefined): Promise<void> {
    const begun = clock()
    const results = await Promise.all(
      others(host).map(async (subject) => {
        const result = await ask(subject)
        if (result) hear(subject, result)
        return result
      }),
    )
    askedAt = clock()
    const areAll = results.length > 0 && results.every((result) => result && !result.ok && SIGNS.has(result.reason!))
    if (areAll && heardAt < begun) isCutOff = true
  }

  /** One question at a time, whoever wants to know. */
  async function find(host: string | undefined): Promise<void> {
    if (clock() - askedAt < GOOD_FOR_MS) return
    asking ??= askOthers(host).finally(() => {
      asking = undefined
    })
    await asking
  }

  return {
    get isCutOff() {
      return isCutOff
    },
    async judge(subject, result) {
      hear(subject, result)
      const isSign = !result.ok && SIGNS.has(result.reason!)
      // What was heard while it was asked says that the way is there.
      if (isSign && heardAt < clock() - result.latencyMs) await find(subject.host)
    },
    async refresh() {
      if (targets.length > 0 || isCutOff) await find(undefined)
    },
    subject: {
      ...{ name: CONNECTIVITY, type: CONNECTIVITY, timeoutMs: 1000, intervalMs, retries: 0 },
      ...{ failureThreshold: 1, successThreshold: 1 },
      check: {
        run: async () => ({ latencyMs: 0, ...(isCutOff ? { ok: false, reason: 'cut_off' } : { ok: true }) }),
      },
    },
  }
}
