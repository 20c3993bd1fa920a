import type { Diagnosis } from './contract.js'
import { clock } from './machine/clock.js'
import { configuration } from './machine/configuration.js'
import { node } from './machine/node.js'
import { ports } from './machine/ports.js'
import { stateDirectory } from './machine/state-directory.js'
import { plugins } from './plugins.js'
import { servers } from './servers/servers.js'
import { errorRate } from './traffic/error-rate.js'
import { losses } from './traffic/losses.js'
import { queueBacklog } from './traffic/queue-backlog.js'
import { refusals } from './traffic/refusals.js'
import { slowAnswers } from './traffic/slow-answers.js'
import { grafana } from './watchers/grafana.js'
import { metrics } from './watchers/metrics.js'
import { prometheus } from './watchers/prometheus.js'

/** Every diagnosis, in the order in which it is told: what others depend on first. */
export const DIAGNOSES: readonly Diagnosis[] = [
  ...[node, configuration, stateDirectory, ports, clock],
  ...[servers, plugins],
  ...[metrics, prometheus, grafana],
  ...[errorRate, slowAnswers, queueBacklog, refusals, losses],
]
