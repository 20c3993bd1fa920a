import type { Config } from '../config/index.js'
import { createProviders, type ProviderReport, type Providers } from '../providers/index.js'
import type { Logger } from '../sinks/log/index.js'
import type { Observation } from './observe.js'

/** The configured providers, whose runs are published and whose changes are logged. */
export function createChecks(needs: {
  readonly config: Config
  readonly addressOf: (server: string) => string
  readonly observation: Observation
  readonly logger: Logger
}): Providers {
  const { config, addressOf, observation, logger } = needs
  return createProviders({
    entries: config.providers,
    addressOf,
    publish: observation.publish,
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
