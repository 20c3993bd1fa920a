import type { Server } from 'node:http'
import { join } from 'node:path'
import { watchIngest } from '@mcp-vitals/instrument/metrics'
import type { Config } from '../config/index.js'
import { defaultDataDir, openDataDir } from '../datadir/index.js'
import { castDemo, type DemoServer, startTraffic } from '../demo/index.js'
import { createDerivations, encodeDerivations } from '../derive/index.js'
import { VitalsError } from '../errors/index.js'
import { createHealthFace } from '../faces/health/index.js'
import { createMetricsFace, createSilentMetricsFace } from '../faces/metrics/index.js'
import { createStatusFace } from '../faces/status/index.js'
import type { Providers } from '../providers/index.js'
import { redactName } from '../redact/index.js'
import { createLogSink, type Logger, type LogSink, type LogStream } from '../sinks/log/index.js'
import { createStoreSink } from '../sinks/store/index.js'
import { createGateway } from '../sources/http-proxy/index.js'
import { answerSchema, createIngest, type Ingest } from '../sources/ingest/index.js'
import { adoptSpools } from '../spool/index.js'
import { openStore, type Store } from '../store/index.js'
import { VERSION } from '../version/index.js'
import { type Addresses, createAddresses } from './addresses.js'
import { createChecks } from './checks.js'
import { exposeConnections } from './connections.js'
import { type Look, takeFirstLook } from './first-look.js'
import { createHttpServer, type Handlers, listen, serverIn } from './http.js'
import { startMetricsServer } from './metrics-server.js'
import { createObservation, type Observation, processReadings } from './observe.js'
import { readActive } from './restore.js'
import { createTeardown, type Teardown } from './teardown.js'
import { welcome } from './welcome.js'

export interface AppOptions {
  readonly config: Config
  /** Plays the demo: servers of its own beside the configured ones, and a client that calls them. */
  readonly demo?: boolean
  /** Where the log goes. */
  readonly out: LogStream
  /** Where the welcome goes: it is for a person, and the log may be read by a program. */
  readonly err: { write(text: string): unknown }
}

/** A running daemon. */
export interface App {
  /** Where it listens, e.g. `http://127.0.0.1:9464`. */
  readonly url: string
  /** Lets calls in flight finish, commits what was accepted, gives everything back. Idempotent. */
  close(): Promise<void>
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
  const dataDir = await openDataDir(config.dataDir ?? (demo ? join(defaultDataDir(), 'demo') : undefined))
  teardown.push(await dataDir.lock())
  const { derivations } = config
  await dataDir.share('derivations', derivations.length > 0 ? encodeDerivations(derivations) : undefined)
  const cast = demo ? castDemo(dataDir.path) : []
  const servers = { ...config.servers, ...behindGateway(cast) }

  const store = await openStore({ dir: dataDir.path, options: config.store, onFault: tell(logger) })
  teardown.push(() => store.close())
  const observation = createObservation({
    sinks: [log, createStoreSink(store)],
    store,
    logger,
    options: config.metrics,
    providers: Object.keys(config.providers),
  })
  teardown.push(() => observation.stop())
  teardown.push(() => observation.stream.close())
  for (const name of [...Object.keys(servers), ...cast.map(({ name }) => name)])
    observation.vitals.declare(redactName(name))

  // A store that cannot be read starts a daemon all the same: health tells of it.
  observation.restore(await readActive(store).catch(() => []))
  const token = await dataDir.token()
  const sources = createSources({ config, servers, store, token, spoolDir: dataDir.spoolDir, observation, logger })
  watchIngest(observation.registry, sources.ingest.stats.bind(sources.ingest))
  for (const source of Object.values(sources)) {
    teardown.push(() => source.stop())
    await source.start()
  }
  const addresses = createAddresses(config.listen.host, servers)
  const providers = createChecks({ config, addressOf: addresses.of, observation, logger })
  teardown.push(() => providers.close())
  const handlers = createHandlers({ config, demo, store, observation, addresses, providers, ingest: sources.ingest })
  await serveMetrics(handlers, config, logger, teardown)
  const http = createHttpServer(handlers, sources.gateway.handle.bind(sources.gateway), config.metrics.path)
  exposeConnections(observation.registry, http, (path) => servedBy(serverIn(path), servers))
  const url = addresses.at(await serve(http, config.listen, teardown))
  teardown.push(await dataDir.announce({ url, pid: process.pid }))
  void providers.checked()
  logger.info('daemon_started', `mcp-vitals ${VERSION} listens at ${url}`)
  options.err.write(welcome({ url, servers: Object.keys(servers), cast, addressOf: addresses.of }))

  const abort = new AbortController()
  const looked = takeFirstLook({
    servers: Object.keys(servers),
    addressOf: addresses.of,
    version: VERSION,
    signal: abort.signal,
    onLook: (look) => tellLook(look, logger, config.log.rawErrors),
  })
  const onTrouble = (server: string, error: unknown) => logger.fault('demo_trouble', server, error)
  const traffic = startTraffic({ servers: cast, addressOf: addresses.of, dataDir: dataDir.path, onTrouble })
  teardown.push(async () => {
    abort.abort()
    await Promise.all([looked, traffic.stop()])
  })
  teardown.push(() => logger.info('daemon_stopping', 'Stopping: calls in flight may finish'))
  return { url, close: () => teardown.run() }
}

function createSources(needs: {
  config: Config
  servers: Config['servers']
  store: Store
  token: string
  spoolDir: string
  observation: Observation
  logger: Logger
}) {
  const { config, servers, store, token, spoolDir, logger } = needs
  const { publish, mask } = needs.observation
  const shared = { publish, now: Date.now, clock: () => performance.now() }
  const { rulesOf } = createDerivations(config.derivations)
  const gateway = createGateway({ ...shared, servers, options: config.gateway, rulesOf })
  const ingest = createIngest({ ...shared, mask, store, token, options: config.ingest })
  const adoption = adoptSpools({ dir: spoolDir, deliver: (batch) => ingest.take(batch), onFault: tell(logger) })
  return { gateway, ingest, adoption }
}

function createHandlers(needs: {
  config: Config
  demo: boolean
  store: Store
  observation: Observation
  addresses: Addresses
  providers: Providers
  ingest: Ingest
}): Handlers {
  const { config, demo, store, observation, addresses, providers, ingest } = needs
  const about = {
    version: VERSION,
    demoMode: demo,
    vitals: observation.vitals.snapshot,
    workload: observation.plugins.snapshot,
  }
  const health = createHealthFace({
    ...about,
    options: config.health,
    environment: config.environment,
    now: Date.now,
    providers,
    store: () => store.health(),
    process: processReadings,
  })
  return {
    status: createStatusFace({
      ...about,
      uptimeSeconds: processReadings.uptimeSeconds,
      providers: () => providers.newest(),
      addressOf: addresses.ifServed,
    }),
    health: health.live,
    healthReady: health.ready,
    ready: health.ready,
    metrics: config.metrics.enabled ? createMetricsFace(observation.view) : createSilentMetricsFace(),
    ingest: (request) => ingest.handle(request),
    ingestSchema: answerSchema,
  }
}

/** Listens. At the end: first no new requests, then (when the sources are done) no connections. */
async function serve(server: Server, where: Config['listen'], teardown: Teardown): Promise<number> {
  const port = await listen(server, where.host, where.port)
  teardown.push(() => server.close())
  return port
}

/** Starts the metrics server of its own, where the configuration gives it a port. */
async function serveMetrics(
  { metrics, health, status }: Handlers,
  config: Config,
  logger: Logger,
  teardown: Teardown,
): Promise<void> {
  const { port, path } = config.metrics
  if (port === undefined) return
  const { host } = config.listen
  const create = () => createHttpServer({ metrics, health, status }, undefined, path)
  const running = await startMetricsServer({ create, host, port, logger })
  teardown.push(() => running.stop())
  logger.info('metrics_server_started', `Metrics are served at http://${host}:${running.port}${path}`)
}

function servedBy(name: string | undefined, servers: Config['servers']): string | undefined {
  return name !== undefined && Object.hasOwn(servers, name) ? name : undefined
}

function behindGateway(cast: readonly DemoServer[]): Config['servers'] {
  const entries = cast.filter(({ through }) => through === 'gateway')
  const entryOf = ({ args, env }: DemoServer) => ({
    command: process.execPath,
    args: [...args],
    env: { ...env },
    disabled: false,
  })
  return Object.fromEntries(entries.map((role) => [role.name, entryOf(role)]))
}

function tell(logger: Logger): (error: unknown) => void {
  return (error) =>
    error instanceof VitalsError
      ? logger.error(error.code.toLowerCase(), error.message)
      : logger.fault('fault', 'Something failed, and the daemon goes on', error)
}

function tellLook(look: Look, logger: Logger, hasRawErrors: boolean): void {
  if ('tools' in look) logger.info('server_found', `Server ${look.server} answers: ${look.tools} tools`)
  else {
    const said = hasRawErrors && look.raw !== undefined ? ` (${look.raw})` : ''
    logger.warning('server_silent', `Server ${look.server} does not answer: ${look.problem}${said}`)
  }
}
