import type { Diagnosis } from './contract.js'
import { clock } from './machine/clock.js'
import { configuration } from './machine/configuration.js'
import { node } from './machine/node.js'
import { ports } from './machine/ports.js'
import { stateDirectory } from './machine/state-directory.js'
import { servers } from './servers/servers.js'

/** Every diagnosis, in the order in which it is told: what others depend on first. */
export const DIAGNOSES: readonly Diagnosis[] = [node, configuration, stateDirectory, ports, clock, servers]
