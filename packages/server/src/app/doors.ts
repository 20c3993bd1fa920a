import { event, OWN_SERVER } from '@mcp-vitals/instrument/event'
import { CATALOGUE, type Registry } from '@mcp-vitals/instrument/metrics'
import type { Publish } from '@mcp-vitals/instrument/stream'
import type { Config } from '../config/index.js'
import { createDoors, createPatterns, type Doors, type KeyRecord, watchKeys } from '../doors/index.js'
import { VitalsError } from '../errors/index.js'
import type { Logger } from '../sinks/log/index.js'
import type { Teardown } from './teardown.js'

export interface DoorsNeeds {
  readonly config: Config
  readonly dataDir: string
  readonly publish: Publish
  readonly registry: Registry
  readonly logger: Logger
  readonly teardown: Teardown
}

/** Builds the doors that the configuration asks for, and keeps their keys what the state directory says. */
export async function openDoors(needs: DoorsNeeds): Promise<Doors> {
  const { config, dataDir, publish, registry, logger, teardown } = needs
  // Servers may be added while the daemon runs, so what is set for all counts although there is none yet.
  const sets = [config.doors, ...Object.values(config.doors.servers)]
  const checksArguments = sets.some(({ checkArguments }) => checkArguments)
  const patterns = checksArguments ? await createPatterns() : () => undefined
  const doors = createDoors({ options: config.doors, publish, now: Date.now, clock: () => performance.now(), patterns })
  if (sets.some(({ keys }) => keys)) {
    const onFault = (error: unknown) => {
      if (error instanceof VitalsError) logger.error(error.code.toLowerCase(), error.message)
      else logger.fault('keys_fault', 'The keys could not be read', error)
    }
    const tell = createKeyTeller(publish)
    const onKeys = (keys: readonly KeyRecord[]) => {
      doors.setKeys(keys)
      tell(keys)
    }
    teardown.push(await watchKeys(dataDir, onKeys, onFault))
  }
  expose(registry, doors)
  return doors
}

function expose(registry: Registry, doors: Doors): void {
  const { doors_tracked, doors_overflow_total } = CATALOGUE.mcp_vitals
  registry.onCollect(() => {
    const { tracked, shared, forgotten } = doors.stats()
    registry.gauge(doors_tracked).with().set(tracked)
    registry.counter(doors_overflow_total).with('limit').raiseTo(shared)
    registry.counter(doors_overflow_total).with('lockout').raiseTo(forgotten)
  })
}

/** Tells of each key that was made or revoked while this process runs; those of before were told of then. */
function createKeyTeller(publish: Publish): (keys: readonly KeyRecord[]) => void {
  let known: ReadonlyMap<string, KeyRecord> | undefined
  return (keys) => {
    for (const { id, agent, revokedAt } of keys) {
      const before = known?.get(id)
      const kind =
        before === undefined
          ? 'KEY_CREATED'
          : revokedAt !== undefined && before.revokedAt === undefined
            ? 'KEY_REVOKED'
            : undefined
      if (known && kind)
        publish(event('security', Date.now(), { server: OWN_SERVER, agent }, { kind, severity: 'LOW' }))
    }
    known = new Map(keys.map((record) => [record.id, record]))
  }
}
