import type { EventOf } from '@mcp-vitals/instrument/event'
import type { Fold } from '@mcp-vitals/instrument/stream'

/** The newest call of each provider that the configuration names; those of others are not kept. */
export interface ProviderCalls extends Fold {
  /** Undefined before the first. */
  newest(provider: string): EventOf<'provider'> | undefined
}

/** `providers`: the names that are kept. */
export function createProviderCalls(providers: readonly string[]): ProviderCalls {
  const kept = new Set(providers)
  const newest = new Map<string, EventOf<'provider'>>()
  return {
    name: 'provider-calls',
    fold(event) {
      if (event.type === 'provider' && kept.has(event.provider)) newest.set(event.provider, event)
    },
    newest: (provider) => newest.get(provider),
  }
}
