import { join } from 'node:path'
import { watchGateway, watchIngest } from '@mcp-vitals/instrument/metrics'
import { createChildRecords } from '../children/index.js'
import type { Config, LoadedConfig } from '../config/index.js'
import { defaultDataDir, openDataDir } from '../datadir/index.js'
import type { DemoServer } from '../demo/index.js'
import { encodeCommitments, encodeDerivations } from '../derive/index.js'
import { createIdMask } from '../redact/index.js'
import { createLogSink, type Logger, type LogSink, type LogStream } from '../sinks/log/index.js'
import { createStoreSink } from '../sinks/store/index.js'
import { openStore } from '../store/index.js'
import { VERSION } from '../version/index.js'
import { createAddresses } from './addresses.js'
import { openAlerts } from './alerts.js'
import { openAudit } from './audit.js'
import { createCallsService } from './calls.js'
import { exposeConnections } from './connections.js'
import { openDoors } from './doors.js'
import { createEntrance } from './entrance.js'
import { entriesOf } from './entries.js'
import { createFaces, servedMetrics } from './faces.js'
import { createFirstLooks, type Look } from './first-look.js'
import { createHealth } from './health.js'
import { createHistoryService } from './history.js'
import { createHttpServer, type Handlers, refuseTaken } from './http.js'
import { openListener } from './listener.js'
import { type MetricsServer, startMetricsServer } from './metrics-server.js'
import { createObservation } from './observe.js'
import { createHosting } from './plugins.js'
import { createPushing } from './push.js'
import { refuseUnfit } from './refuse.js'
import { createReloader } from './reload.js'
import { readActive } from './restore.js'
import { openRules, tellOf } from './rules.js'
import { openSeries } from './series.js'
import { clearUp, createSources, loadsOf, tell } from './sources.js'
import { createTeardown, type Teardown } from './teardown.js'
import { watchFile } from './watch-file.js'
import { welcome } from './welcome.js'

export interface AppOptions {
  readonly config: Config
  /** Where the configuration came from, and how it is read again; it never changes where absent. */
  readonly source?: ConfigSource | undefined
  /** Where each of its values came from, in words. */
  readonly origin?: LoadedConfig['origin']
  /** Plays the demo: servers of its own beside the configured ones, and a client that calls them. */
  readonly demo?: boolean
  /** Where the log goes. */
  readonly out: LogStream
  /** Where the welcome goes: it is for a person, and the log may be read by a program. */
  readonly err: { write(text: string): unknown }
}

export interface ConfigSource {
  readonly file: string
  /** Throws what is wrong with it. */
  load(): Config
}

/** A running daemon. */
export interface App {
  /** Where it listens now, e.g. `http://127.0.0.1:9464`. */
  readonly url: string
  /** Lets calls in flight finish, commits what was accepted, gives everything back. Idempotent. */
  close(): Promise<void>
  /** Reads the configuration again. Never rejects: what is wrong with it is logged. */
  reload(): Promise<void>
  /** Kills every server process, at once: for a process that may not wait. */
  kill(): void
}

/**
 * The one place where everything is put together. Rejects with a registered error (port in use, state directory locked
 * or unusable, newer schema) after undoing what it had begun.
 */
export async function startApp(options: AppOptions): Promise<App> {
  const log = createLogSink({ stream: options.out, options: options.config.log, now: Date.now })
  const teardown = createTeardown((error) => log.logger.fault('stop_fault', 'A step of the stop failed', error))
  teardown.push(() => log.logger.flush())
  try {
    return await compose(options, log, teardown)
  } catch (error) {
    await teardown.run()
    throw error
  }
}

async function compose(options: AppOptions, log: LogSink, teardown: Teardown): Promise<App> {
  const { config, demo = false } = options
  const { logger } = log
  refuseUnfit(config)
  const dataDir = await openDataDir(config.dataDir ?? (demo ? join(defaultDataDir(), 'demo') : undefined))
  teardown.push(await dataDir.lock())
  await refuseTaken(config.listen.host, config.listen.port)
  teardown.push(clearUp(dataDir, logger))
  const { derivations } = config
  const { commitments } = config.audit
  await dataDir.share('derivations', derivations.length > 0 ? encodeDerivations(derivations) : undefined)
  await dataDir.share('commitments', commitments.length > 0 ? encodeCommitments(commitments) : undefined)
  // Most daemons play none.
  const play = demo ? await import('../demo/index.js') : undefined
  const cast = play?.castDemo(dataDir.path) ?? []
  let servers = { ...entriesOf(config.servers), ...behindGateway(cast) }
  let { front } = config.gateway

  const store = await openStore({ dir: dataDir.path, options: config.store, onFault: tell(logger) })
  teardown.push(() => store.close())
  const token = await dataDir.token()
  const cleanId = createIdMask(`ids ${token}`)
  const alerts = await openAlerts({ config, dataDir: dataDir.path, logger, teardown })
  const audit = await openAudit({ config, dataDir, logger, teardown })
  const health = createHealth(config, () => alerts.pager?.stats().critical ?? 0)
  const history = createHistoryService({ config, store, logger, subjects: health.subjects })
  const calls = createCallsService({ store, logger })
  const pushing = createPushing(config, dataDir.path, log)
  // After the last event was told.
  teardown.push(() => pushing.close())
  const observation = createObservation({
    folds: [alerts.fold, health.fold, history.fold, calls.fold],
    sinks: [log, createStoreSink(store), ...(audit ? [audit.sink] : []), ...pushing.sinks],
    tellsOpenTelemetry: pushing.tellsOpenTelemetry,
    store,
    logger,
    options: config,
    cleanId,
    providers: Object.keys(config.providers),
  })
  alerts.connect(observation.registry, observation.publish)
  teardown.push(() => calls.close())
  teardown.push(() => observation.stop())
  audit?.attach(observation)
  teardown.push(() => observation.stream.close())
  const onReport = tellOf(alerts.pager, config.alerts, observation.vitals, health.remarksOn)
  const series = openSeries({ config, observation, store, logger, onReport })
  teardown.push(() => series.engine.close())
  const rules = await openRules({ config, file: options.source?.file, engine: series.engine })
  teardown.push(() => rules.stop())
  teardown.push(() => audit?.sink.hurry(5000))
  for (const name of [...Object.keys(servers), ...cast.map(({ name }) => name)]) observation.declare(name)

  // A store that cannot be read starts a daemon all the same: health tells of it.
  observation.restore(await readActive(store).catch(() => []))
  await observation.budgets.restore(store).catch(() => {})
  await calls.load()
  await alerts.restore(store).catch(() => {})
  const liveDoors = await openDoors({
    config,
    dataDir: dataDir.path,
    publish: observation.publish,
    registry: observation.registry,
    logger,
    teardown,
    purse: observation.budgets.purse,
    ledger: audit?.ledger,
  })
  const { doors } = liveDoors
  const records = createChildRecords(dataDir.childrenDir)
  const hosting = createHosting({ observation, records, logger })
  await hosting.prepare(servers)
  const { openHost } = hosting
  const given = { config, servers, doors, store, token, cleanId, dataDir, observation, records, openHost, logger }
  const sources = createSources(given)
  watchIngest(observation.registry, sources.ingest.stats.bind(sources.ingest))
  watchGateway(
    observation.registry,
    () => loadsOf(sources.gateway),
    () => sources.gateway.stats(),
  )
  for (const source of Object.values(sources)) {
    teardown.push(() => source.stop())
    await source.start()
  }
  liveDoors.onKeys(() => sources.gateway.recheck())
  const isServed = (name: string) => Object.hasOwn(servers, name) && servers[name]?.disabled === false
  const addresses = createAddresses(
    (name) => (isServed(name) ? servers[name] : undefined),
    (name) => (doors.of(name) ? { 'X-MCP-Vitals-Key': doors.ownKey } : {}),
  )
  const { ingest } = sources
  const settle = () => sources.gateway.settle()
  const entrance = createEntrance(config, await dataDir.ownerToken(), observation.publish)
  const faces = createFaces({
    ...{ config, file: options.source?.file, origin: options.origin },
    demo,
    dataDir: dataDir.path,
    store,
    audit: audit?.log,
    observation,
    series,
    addresses,
    ingest,
    alerts,
    calls,
    ...{ access: entrance.access, ownerTokenFile: dataDir.ownerTokenFile },
    system: health.report,
    history: history.book,
    heartbeats: health.heartbeats,
    logger,
    settle,
  })
  const { handlers } = faces
  teardown.push(() => faces.providers.close())
  const metricsServer = await serveMetrics(handlers, entrance, config, logger, teardown)
  const gateway = sources.gateway.handle.bind(sources.gateway)
  const countConnections = exposeConnections(observation.registry, isServed)
  const listener = await openListener({
    ...config.listen,
    create() {
      const http = createHttpServer({
        ...{ handlers, gateway, front: () => front, guard: entrance.guard, metricsPath: config.metrics.path },
        onUnread: entrance.onUnread,
        admission: { ...entrance.admission, heartbeatAccess: health.heartbeats.access },
      })
      countConnections(http)
      return http
    },
    quiet: (isOf) => sources.gateway.quiet(isOf),
  })
  // At the end, when no call is in flight any more: no new connections, then (when the sources are done) none at all.
  teardown.push(() => listener.close())
  teardown.push(() => faces.close())
  let url = addresses.at(listener.place)
  // While calls in flight may finish, what they wait for from their clients must still come in.
  teardown.push(() => sources.gateway.stop())
  let withdraw = await dataDir.announce({ url, pid: process.pid })
  teardown.push(() => withdraw())
  void faces.providers.checked()
  await history.load()
  teardown.push(() => history.close())
  await health.start({
    ...{ addresses, observation, dataDir, logger },
    tools: {
      restartServer: (server) => sources.gateway.restart(server),
      restartMetricsServer: async () => (await metricsServer?.again().then(() => true)) ?? false,
    },
    openHosted: hosting.connect,
    answers: (server, timeoutMs) => sources.gateway.answers(server, timeoutMs),
    metricsPort: metricsServer?.port,
  })
  history.begin()
  calls.begin(observation)
  teardown.push(() => health.close())
  series.start(metricsServer === undefined ? new URL(url).host : `${config.listen.host}:${metricsServer.port}`)
  await pushing.start({ observation, series })
  logger.info('daemon_started', `mcp-vitals ${VERSION} listens at ${url}`)
  options.err.write(
    welcome({ url, metricsPath: servedMetrics(config), servers: Object.keys(servers), cast, addressOf: addresses.of }),
  )

  const looks = createFirstLooks({
    addressOf: addresses.of,
    headersOf: addresses.headersOf,
    transportOf: addresses.transportOf,
    onLook: (found) => tellLook(found, logger, config.log.rawErrors),
  })
  looks.begin(Object.keys(servers))
  const onTrouble = (server: string, error: unknown) => logger.fault('demo_trouble', server, error)
  const traffic = play?.startTraffic({
    servers: cast,
    addressOf: addresses.of,
    headersOf: addresses.headersOf,
    dataDir: dataDir.path,
    onTrouble,
  })
  teardown.push(async () => {
    await Promise.all([looks.stop(), traffic?.stop()])
  })

  const { source } = options
  const reloader = createReloader({
    config,
    load: source && (() => source.load()),
    async prepare(next, { added, changed, removed }) {
      refuseUnfit(next)
      const openNewDoors = await liveDoors.prepare(next)
      await hosting.prepare(entriesOf(next.servers))
      // The last to be made ready: who comes there already finds all as it is wanted there.
      const moveThere = await listener.prepare(next.listen)
      return async () => {
        servers = { ...entriesOf(next.servers), ...behindGateway(cast) }
        front = next.gateway.front
        for (const name of added) observation.declare(name)
        openNewDoors()
        entrance.change(next)
        moveThere()
        metricsServer?.move(next.listen.host)
        const before = url
        url = addresses.at(listener.place)
        if (url !== before) {
          withdraw = await dataDir.announce({ url, pid: process.pid })
          logger.info('daemon_moved', `mcp-vitals listens at ${url} from now on`)
        }
        looks.leave([...changed, ...removed])
        const drained = sources.gateway.change({ servers, options: next.gateway })
        await faces.change(next)
        await alerts.change(next)
        await health.change(next)
        history.change(next)
        const unread = Object.keys(servers).filter((name) => isServed(name) && doors.of(name)?.wantsTools)
        looks.begin([...new Set([...added, ...changed, ...unread])])
        void drained.then(() => {
          for (const name of removed) if (!isServed(name)) observation.forget(name)
        })
        keepWatch(next.watch)
      }
    },
    prepareRules: rules.prepare,
    hosts: () => listener.hosts,
    registry: observation.registry,
    publish: observation.publish,
    logger,
    now: Date.now,
  })
  rules.follow(() => void reloader.reload())
  let endWatch: (() => void) | undefined
  const keepWatch = (wanted: boolean) => {
    if (!wanted || !source) {
      endWatch?.()
      endWatch = undefined
    } else endWatch ??= watchFile(source.file, () => void reloader.reload())
  }
  keepWatch(config.watch)
  teardown.push(() => {
    keepWatch(false)
    return reloader.stop()
  })
  teardown.push(() => logger.info('daemon_stopping', 'Stopping: calls in flight may finish'))
  return {
    get url() {
      return url
    },
    close: () => teardown.run(),
    reload: reloader.reload,
    kill: () => sources.gateway.kill(),
  }
}

/** Starts the metrics server of its own, where the configuration gives it a port. */
async function serveMetrics(
  { metrics, health, status }: Handlers,
  entrance: ReturnType<typeof createEntrance>,
  config: Config,
  logger: Logger,
  teardown: Teardown,
): Promise<MetricsServer | undefined> {
  const { port, path } = config.metrics
  if (port === undefined) return undefined
  const { host } = config.listen
  const { guard, admission, onUnread } = entrance
  const shown = { metrics, health, status }
  const create = () => createHttpServer({ handlers: shown, guard, admission, onUnread, metricsPath: path })
  const running = await startMetricsServer({ create, host, port, logger })
  teardown.push(() => running.stop())
  logger.info('metrics_server_started', `Metrics are served at http://${host}:${running.port}${path}`)
  return running
}

function behindGateway(cast: readonly DemoServer[]): ReturnType<typeof entriesOf> {
  const entries = cast.filter(({ through }) => through === 'gateway')
  const entryOf = ({ args, env }: DemoServer) => ({
    command: process.execPath,
    args: [...args],
    env: { ...env },
    disabled: false,
  })
  return Object.fromEntries(entries.map((role) => [role.name, entryOf(role)]))
}

function tellLook(look: Look, logger: Logger, hasRawErrors: boolean): void {
  if ('tools' in look) logger.info('server_found', `Server ${look.server} answers: ${look.tools} tools`)
  else {
    const said = hasRawErrors && look.raw !== undefined ? ` (${look.raw})` : ''
    logger.warning('server_silent', `Server ${look.server} does not answer: ${look.problem}${said}`)
  }
}
