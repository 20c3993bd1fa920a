import type { Config } from '../config/index.js'
import { refuseAlerts } from './alerts.js'
import { refuseHealth } from './health.js'

/** What no schema sees, as it must be compiled: throws CONFIG_INVALID for a pattern of a remedy or a matcher that is none. */
export function refuseUnfit(config: Config): void {
  refuseHealth(config)
  refuseAlerts(config)
}
