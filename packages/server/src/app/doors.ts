import { event, OWN_SERVER } from '@mcp-vitals/instrument/event'
import { CATALOGUE, type Registry } from '@mcp-vitals/instrument/metrics'
import type { Publish } from '@mcp-vitals/instrument/stream'
import type { Config } from '../config/index.js'
import {
  createDoors,
  createPatterns,
  type Doors,
  type KeyRecord,
  type Ledger,
  type Purse,
  watchKeys,
} from '../doors/index.js'
import { VitalsError } from '../errors/index.js'
import type { Logger } from '../sinks/log/index.js'
import { doorsSetting } from './entries.js'
import type { Teardown } from './teardown.js'

export interface DoorsNeeds {
  readonly config: Config
  readonly dataDir: string
  readonly publish: Publish
  readonly registry: Registry
  readonly logger: Logger
  readonly teardown: Teardown
  readonly purse: Purse
  readonly ledger: Ledger | undefined
}

/** The doors, and how they follow the configuration. */
export interface LiveDoors {
  readonly doors: Doors
  /** Makes ready what the doors of another configuration need; the result opens them so, at once. Rejects where it cannot. */
  prepare(config: Config): Promise<() => void>
  /** Calls back after each change of the keys. */
  onKeys(then: () => void): void
}

/** Builds the doors that the configuration asks for, and keeps their keys what the state directory says. */
export async function openDoors(needs: DoorsNeeds): Promise<LiveDoors> {
  const { config, dataDir, publish, registry, logger, teardown, purse, ledger } = needs
  const noPatterns: Patterns = () => undefined
  const shared = {
    publish,
    now: Date.now,
    clock: () => performance.now(),
    patterns: noPatterns,
    purse,
    ...(ledger && { ledger }),
  }
  const doors = createDoors({ ...shared, setting: doorsSetting(config) })
  const tell = createKeyTeller(publish)
  let patterns: Patterns | undefined
  let isWatching = false
  let changed = () => {}

  function onKeys(keys: readonly KeyRecord[]): void {
    doors.setKeys(keys)
    tell(keys)
    changed()
  }

  function onFault(error: unknown): void {
    if (error instanceof VitalsError) logger.error(error.code.toLowerCase(), error.message)
    else logger.fault('keys_fault', 'The keys could not be read', error)
  }

  async function prepare(next: Config): Promise<() => void> {
    const setting = doorsSetting(next)
    // Servers may be added while the daemon runs, so what is set for all counts although there is none yet.
    const sets = [setting.options, ...Object.values(setting.servers)]
    // What was loaded once stays, as it may be wanted again.
    if (sets.some((set) => set?.checkArguments)) patterns ??= await createPatterns()
    if (!isWatching && sets.some((set) => set?.keys)) {
      teardown.push(await watchKeys(dataDir, onKeys, onFault))
      isWatching = true
    }
    return () => doors.change(setting, patterns ?? noPatterns)
  }

  const open = await prepare(config)
  open()
  expose(registry, doors)
  return {
    doors,
    prepare,
    onKeys(then) {
      changed = then
    },
  }
}

type Patterns = Parameters<Doors['change']>[1]

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
