import type { SystemReport } from '../../monitor/index.js'
import type { ProviderReport, Providers } from '../../providers/index.js'
import type { Vitals, Workload } from '../../state/index.js'
import { documentOf, type HealthFacts, type OwnHealth, type RequiredHealth } from './document.js'
import type { HealthOptions } from './options.js'
import { createProcessHealth, type ProcessReadings } from './process.js'
import { select } from './select.js'

export type { HealthDocument, OwnHealth } from './document.js'
export type { ProcessReadings } from './process.js'

export interface HealthInputs {
  readonly options: HealthOptions
  /** Shown where the options name no other. */
  readonly version: string
  readonly environment: string
  readonly demoMode: boolean
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly vitals: () => Vitals
  /** How servers and components are, as the monitor judges. */
  readonly system: () => SystemReport
  readonly workload: () => Workload
  readonly providers: Pick<Providers, 'checked' | 'newest'>
  /** Our own store. Answers from memory. */
  readonly store: () => OwnHealth
  /** The audit log; undefined where none is kept. Answers from memory. */
  readonly audit: () => RequiredHealth | undefined
  readonly process: ProcessReadings
}

/** What readiness shows whatever fields are chosen: the reason of a refusal is among them. */
const REASONS_FIELDS = ['status', 'checks', 'store', 'audit']

/**
 * Liveness and readiness. `live` answers 200 while the process runs, whatever its dependencies do (contract, F4), and
 * tells what was last known of them. `ready` has every provider checked and answers 503 when a required one, our own
 * store, or an audit log without which calls are refused, is down. A watched server that is down is told in the body and is no reason for 503: the watcher is ready to
 * say so.
 */
export function createHealthFace(inputs: HealthInputs): {
  live: () => Promise<Response>
  ready: () => Promise<Response>
} {
  const { fields } = inputs.options
  const gather = createGatherer(inputs)
  return {
    async live() {
      const facts = gather(await inputs.providers.newest())
      return answer(200, select(documentOf(facts, true), fields))
    },
    async ready() {
      const facts = gather(await inputs.providers.checked())
      const { store, audit } = facts
      const isReady =
        store.ok &&
        (!audit?.required || audit.ok) &&
        facts.providers.every(({ required, status }) => !required || status === 'up')
      return answer(isReady ? 200 : 503, select(documentOf(facts, isReady), [...fields, ...REASONS_FIELDS]))
    },
  }
}

function createGatherer(inputs: HealthInputs): (providers: readonly ProviderReport[]) => HealthFacts {
  const { options, environment, demoMode } = inputs
  const processHealth = createProcessHealth(inputs.process, options.word)
  return (providers) => ({
    word: options.word,
    version: options.version ?? inputs.version,
    environment,
    demoMode,
    uptimeSeconds: inputs.process.uptimeSeconds(),
    now: inputs.now(),
    vitals: inputs.vitals(),
    system: inputs.system(),
    workload: inputs.workload(),
    providers,
    store: inputs.store(),
    audit: inputs.audit(),
    process: processHealth(),
  })
}

function answer(status: number, body: object): Response {
  return Response.json(body, { status, headers: { 'cache-control': 'no-store' } })
}
