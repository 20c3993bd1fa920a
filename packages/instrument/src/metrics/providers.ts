import type { Event } from '../event/index.js'
import { DURATION_BUCKETS_SECONDS } from './buckets.js'
import { CATALOGUE } from './catalogue.js'
import { counter, declare, histogram, type Metric } from './declare.js'
import type { Registry } from './registry.js'
import type { WatchedServer } from './server.js'

const { mcp } = CATALOGUE

/** The metrics of one provider that the configuration names. */
export interface ProviderMetrics {
  readonly requests: Metric<readonly ['server', 'status'], 'counter'>
  readonly duration: Metric<readonly ['server'], 'histogram'>
  readonly errors: Metric<readonly ['server', 'reason'], 'counter'>
}

/** A provider's name as it stands in metrics: `dustApi` → `dust_api`. What a name may not hold becomes `_`. */
export function providerPrefix(provider: string): string {
  return provider
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .replace(/[^a-zA-Z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .toLowerCase()
}

/** Declares `<provider>_requests_total`, `<provider>_request_duration_seconds` and `<provider>_errors_total`. */
export function providerMetrics(provider: string): ProviderMetrics {
  const name = providerPrefix(provider)
  const requests = `${name}_requests_total`
  const duration = `${name}_request_duration_seconds`
  const errors = `${name}_errors_total`
  const table = declare('mcp', {
    [requests]: counter(`Calls to the provider ${provider} that ended. status: success or error.`, [
      'server',
      'status',
    ]),
    [duration]: histogram(`Duration of calls to the provider ${provider}.`, ['server'], {
      unit: 'seconds',
      buckets: DURATION_BUCKETS_SECONDS,
    }),
    [errors]: counter(`Calls to the provider ${provider} that failed.`, ['server', 'reason']),
  })
  return {
    requests: table[requests],
    duration: table[duration],
    errors: table[errors],
  } as unknown as ProviderMetrics
}

/** The three of `providerMetrics` as a list. */
export function listOfProviderMetrics(provider: string): readonly Metric[] {
  const { requests, duration, errors } = providerMetrics(provider)
  return [requests, duration, errors] as readonly unknown[] as readonly Metric[]
}

/** Moves the metrics of providers. */
export interface ProviderFold {
  fold(event: Event, server: WatchedServer): void
  /** Gives a provider metrics of its own. Throws Error where one of them would have the name of another. */
  add(provider: string): void
}

/**
 * A fold of `provider` events: they move the metrics of the provider that they name, or the shared ones where it has none
 * of its own. Throws Error where a provider's metric would have the name of another.
 */
export function createProviderFold(registry: Registry, providers: readonly string[]): ProviderFold {
  const known = new Map<string, ProviderMetrics>()

  function add(provider: string): void {
    if (known.has(provider)) return
    const metrics = providerMetrics(provider)
    registry.counter(metrics.requests)
    registry.histogram(metrics.duration)
    registry.counter(metrics.errors)
    known.set(provider, metrics)
  }

  for (const provider of providers) add(provider)

  function fold(event: Event, server: WatchedServer): void {
    if (event.type !== 'provider') return
    const { label, values } = server
    const status = event.ok ? 'success' : 'error'
    const seconds = event.durationMs / 1000
    const metrics = known.get(event.provider)
    const reason = event.ok ? '' : values.of(mcp.provider_errors_total, 'reason', event.errorCode ?? 'unknown')
    if (metrics) {
      registry.counter(metrics.requests).with(label, status).inc(1, event)
      registry.histogram(metrics.duration).with(label).observe(seconds, event)
      if (!event.ok) registry.counter(metrics.errors).with(label, reason).inc(1, event)
      return
    }
    const provider = values.of(mcp.provider_requests_total, 'provider', event.provider)
    registry.counter(mcp.provider_requests_total).with(label, provider, status).inc(1, event)
    registry.histogram(mcp.provider_request_duration_seconds).with(label, provider).observe(seconds, event)
    if (!event.ok) registry.counter(mcp.provider_errors_total).with(label, provider, reason).inc(1, event)
  }

  return { fold, add }
}
