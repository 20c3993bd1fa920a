import type { Config } from '../config/index.js'
import { createProviders, type ProviderReport, type Providers } from '../providers/index.js'
import type { Logger } from '../sinks/log/index.js'
import type { Addresses } from './addresses.js'
import type { Observation } from './observe.js'

/** The configured providers, whose runs are published and whose changes are logged. */
export function createChecks(needs: {
  readonly entries: Config['providers']
  readonly addresses: Addresses
  readonly observation: Observation
  readonly logger: Logger
}): Providers {
  const { entries, addresses, observation, logger } = needs
  return createProviders({
    entries,
    addressOf: addresses.of,
    transportOf: addresses.transportOf,
    headersOf: addresses.headersOf,
    publish: observation.publish,
    newestCall: observation.providerCalls.newest,
    now: Date.now,
    clock: () => performance.now(),
    onChange: (report) => tellChange(report, logger),
  })
}

function tellChange({ name, status, latencyMs = 0, reason, code }: ProviderReport, logger: Logger): void {
  const fields = { provider: name, latencyMs, ...(reason && { reason }), ...(code && { code }) }
  if (status === 'up') logger.info('provider_up', `Provider up again: ${name}`, fields)
  else logger.warning('provider_down', `Provider down: ${name}, ${[reason, code].filter(Boolean).join(' ')}`, fields)
}
