import type { Board } from '../board.js'
import { alerts } from './alerts.js'
import { httpRequests } from './http-requests.js'
import { overview } from './overview.js'
import { pluginPerformance } from './plugin-performance.js'
import { queue } from './queue.js'
import { security } from './security.js'
import { sessions } from './sessions.js'
import { systemHealth } from './system-health.js'
import { tools } from './tools.js'
import { usageAndCost } from './usage-and-cost.js'

/** Every dashboard: a line for each. */
export const BOARDS: readonly Board[] = [
  overview,
  httpRequests,
  sessions,
  tools,
  pluginPerformance,
  queue,
  systemHealth,
  security,
  usageAndCost,
  alerts,
]
