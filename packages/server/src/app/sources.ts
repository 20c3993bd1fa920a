import { commitmentRules, joinRules } from '@mcp-vitals/instrument/mcp'
import { type ChildRecords, endLeftBehind, endOrphans } from '../children/index.js'
import type { Config } from '../config/index.js'
import type { DataDir } from '../datadir/index.js'
import { createDerivations } from '../derive/index.js'
import type { Doors } from '../doors/index.js'
import { VitalsError } from '../errors/index.js'
import { type IdMask, redactName } from '../redact/index.js'
import type { Logger } from '../sinks/log/index.js'
import { createGateway, type Gateway, type ServerLoad } from '../sources/http-proxy/index.js'
import { createIngest } from '../sources/ingest/index.js'
import { adoptSpools } from '../spool/index.js'
import type { Store } from '../store/index.js'
import type { entriesOf } from './entries.js'
import type { Observation } from './observe.js'
import type { Hosting } from './plugins.js'

/** Everything that events come from; nothing runs before its `start`. */
export function createSources(needs: {
  config: Config
  servers: ReturnType<typeof entriesOf>
  doors: Doors
  store: Store
  token: string
  cleanId: IdMask
  dataDir: DataDir
  observation: Observation
  records: ChildRecords
  openHost: Hosting['openHost']
  logger: Logger
}) {
  const { config, servers, doors, store, token, cleanId, dataDir, records, openHost, logger } = needs
  const { publish, enter } = needs.observation
  const shared = { publish, now: Date.now, clock: () => performance.now() }
  const { rulesOf } = rulesOfCalls(config)
  const behind = { servers, options: config.gateway, rulesOf, doorOf: doors.of, openHost, records }
  const gateway = createGateway({ ...shared, ...behind })
  const ingest = createIngest({ ...shared, mask: enter, cleanId, store, token, options: config.ingest })
  const adoption = adoptSpools({ dir: dataDir.spoolDir, deliver: (batch) => ingest.take(batch), onFault: tell(logger) })
  return { gateway, ingest, adoption }
}

/** What is read off the calls of a server, for events of their own. */
function rulesOfCalls({ derivations, audit }: Config) {
  const derived = createDerivations(derivations)
  // Arguments stand in the log before the call goes on.
  const results = audit.commitments.filter(({ result }) => result !== undefined)
  return { rulesOf: (server: string) => joinRules(derived.rulesOf(server), commitmentRules(results, server)) }
}

/** What is open at each server, by the name that events have for it. */
export function loadsOf(gateway: Gateway): ReadonlyMap<string, ServerLoad> {
  return new Map([...gateway.loads()].map(([server, load]) => [redactName(server), load]))
}

/** How often wraps that were killed are looked for. Milliseconds. */
const ORPHANS_MS = 10_000

/** Ends what an earlier daemon had to leave behind, and what wraps that were killed leave; the result ends that. */
export function clearUp({ childrenDir, wrappedDir }: DataDir, logger: Logger): () => Promise<void> {
  const told = (whose: string) => (count: number) => {
    if (count > 0) logger.warning('left_behind_ended', `Ended ${count} processes that ${whose} left behind`)
  }
  const endOfWraps = () => endOrphans(wrappedDir).then(told('a killed wrap'), tell(logger))
  let clearing = Promise.all([endLeftBehind(childrenDir).then(told('an earlier daemon')), endOfWraps()])
  const timer = setInterval(() => {
    clearing = Promise.all([clearing.then(() => {}), endOfWraps()])
  }, ORPHANS_MS).unref()
  return async () => {
    clearInterval(timer)
    await clearing
  }
}

/** Tells the log of what failed and kept nothing from going on. */
export function tell(logger: Logger): (error: unknown) => void {
  return (error) =>
    error instanceof VitalsError
      ? logger.error(error.code.toLowerCase(), error.message)
      : logger.fault('fault', 'Something failed, and the daemon goes on', error)
}
