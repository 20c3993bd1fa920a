import { type Event, event, OWN_SERVER } from '@mcp-vitals/instrument/event'
import type { CheckResult } from '../checks/index.js'
import { type CheckTools, createCheck } from '../checks/index.js'
import { type ProviderCall, watchCalls } from './calls/watch.js'
import type { ProviderEntry, ProviderType } from './options.js'
import { createWatch, type Watched } from './watch.js'

/** What is known of one provider. `unknown`: its first check has not ended, or no call of it was told yet. */
export interface ProviderReport extends Partial<Omit<CheckResult, 'ok'>> {
  readonly name: string
  readonly type: ProviderType
  /** Whether readiness depends on it. */
  readonly required: boolean
  readonly status: 'up' | 'down' | 'unknown'
}

/** The configured providers and their newest results. */
export interface Providers {
  /**
   * Every provider, checked at once where its result is older than its `cacheMs`. It waits three seconds at most: a check
   * that lasts longer (one that starts a server may) goes on behind the answer, which tells what was known before it.
   */
  checked(): Promise<readonly ProviderReport[]>
  /**
   * What is known now; what is old is checked behind the answer. Only before the first results it waits, half a second
   * at most.
   */
  newest(): Promise<readonly ProviderReport[]>
  /** Ends the checks that run. */
  close(): Promise<void>
}

export interface ProvidersSettings extends CheckTools {
  readonly entries: Readonly<Record<string, ProviderEntry>>
  readonly publish: (event: Event) => void
  /** The newest call of a provider that others told of; undefined before the first. */
  readonly newestCall: (provider: string) => ProviderCall | undefined
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Told once when a provider goes down or comes up again. Must not throw. */
  readonly onChange: (report: ProviderReport) => void
}

/** How long `checked` waits: who asks for readiness gives up soon. Longer than a check takes by default. Milliseconds. */
const PATIENCE_MS = 3_000
/** How long `newest` waits for a first result. Milliseconds. */
const FIRST_RESULT_MS = 500

/** Creates the watch over all providers. Nothing is checked before somebody asks. */
export function createProviders(settings: ProvidersSettings): Providers {
  const { entries } = settings
  const watches = Object.entries(entries).map(([name, entry]) => ({
    name,
    entry,
    watch: watchOf(name, entry, settings),
  }))
  const all = () => watches.map(({ name, entry, watch }) => reportOf(name, entry, watch.newest()))
  const refresh = () => Promise.all(watches.map(({ watch }) => watch.fresh()))

  return {
    async checked() {
      await atMost(refresh(), PATIENCE_MS)
      return all()
    },
    async newest() {
      const refreshed = refresh()
      if (watches.some(({ entry, watch }) => entry.type !== 'calls' && watch.newest() === undefined))
        await atMost(refreshed, FIRST_RESULT_MS)
      return all()
    },
    async close() {
      await Promise.all(watches.map(({ watch }) => watch.close()))
    },
  }
}

function watchOf(name: string, entry: ProviderEntry, settings: ProvidersSettings): Watched {
  if (entry.type === 'calls') return watchCalls(() => settings.newestCall(name))
  const { timeoutMs, cacheMs } = entry
  const onResult = (result: CheckResult, before: CheckResult | undefined) =>
    tell(settings, reportOf(name, entry, result), before)
  return createWatch({ check: createCheck(entry, settings), timeoutMs, cacheMs, clock: settings.clock, onResult })
}

function reportOf(name: string, { type, required }: ProviderEntry, result: CheckResult | undefined): ProviderReport {
  if (result === undefined) return { name, type, required, status: 'unknown' }
  const { ok, ...rest } = result
  return { name, type, required, status: ok ? 'up' : 'down', ...rest }
}

function tell({ publish, now, onChange }: ProvidersSettings, report: ProviderReport, before: CheckResult | undefined) {
  const { name, status, latencyMs = 0, reason } = report
  const ok = status === 'up'
  const why = reason === undefined ? {} : { reason }
  publish(event('probe', now(), { server: OWN_SERVER }, { check: name, ok, durationMs: latencyMs, ...why }))
  if (ok !== (before?.ok ?? true)) onChange(report)
}

async function atMost(promise: Promise<unknown>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs)
  })
  await Promise.race([promise, late])
  clearTimeout(timer)
}
