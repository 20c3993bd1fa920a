import { event } from '@mcp-vitals/instrument/event'
import type { Publish, Source } from '@mcp-vitals/instrument/stream'
import {
  type CallToolResult,
  type ListToolsResult,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type ServerContext,
} from '@modelcontextprotocol/server'
import { type Child, type ChildRecords, minimalEnvironment } from '../../children/index.js'
import {
  commandLineOf,
  createFinder,
  type Found,
  inputSchemaOf,
  nameTools,
  type PluginsEntry,
  programInPath,
  runProgram,
  type Tool,
} from '../../plugins/index.js'
import { connect } from './connection.js'
import { resultOf } from './job.js'
import { createProgressReader } from './progress.js'
import { JobCancelled, JobQueue, QueueFull } from './queue.js'
import { type FolderWatch, watchFolders } from './watch.js'

/** A help that hangs is given up before it. */
const PATIENCE_MS = 25_000
/** Key of `_meta` in a call by which a client moves its job in the queue: a whole number, higher for sooner. */
const PRIORITY = 'mcp-vitals/priority'

/** Owner of the jobs of clients that have no session. */
const NOBODY = ''

export interface PluginHostOptions {
  /** Name of the server in events, and to clients. */
  readonly server: string
  readonly version: string
  readonly entry: PluginsEntry
  readonly publish: Publish
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Monotonic milliseconds. */
  readonly clock: () => number
  /** Where process groups are remembered, for the next daemon to end what this one could not; nowhere where absent. */
  readonly records?: ChildRecords
  /** Told what each look at the directory found, the first one and those after a change. */
  readonly onLook?: (look: Look) => void
  /**
   * How long clients wait for the first look at the directory. Who is there then is told what was found by then, and told
   * again when there is more: one plugin whose help hangs does not keep the others. Milliseconds. Default: 25,000.
   */
  readonly patienceMs?: number
}

/** What a look at the directory of plugins came to. */
export interface Look extends Found {
  /** By the names that clients call. */
  readonly tools: readonly Tool[]
  /** What is configured and cannot be had on this machine, and what was left out, a sentence each. */
  readonly warnings: readonly string[]
}

/** An MCP server whose tools are the commands of command-line programs. */
export interface PluginHost extends Source {
  /** Resolves when the directory was looked at for the first time, or that takes long; calls wait for it. Never rejects. */
  readonly ready: Promise<void>
  /** Opens a connection for one client. `session`: its pseudonym in events; clients without one take turns as one. */
  connect(session?: string): Child
}

/** Makes the host; it looks for plugins once it is started or somebody connects. */
export function createPluginHost(options: PluginHostOptions): PluginHost {
  return new Host(options)
}

class Host implements PluginHost {
  readonly name = 'plugins'
  readonly #options: PluginHostOptions
  readonly #finder = createFinder()
  readonly #queues = new Map<string, JobQueue>()
  readonly #connections = new Set<Child>()
  readonly #servers = new Set<Server>()
  readonly #stopping = new AbortController()
  readonly #env: Readonly<Record<string, string>>
  readonly #limiter: readonly string[]
  readonly #warnings: readonly string[]
  readonly #clearing = new Set<Promise<void>>()
  #tools: ReadonlyMap<string, Tool> = new Map()
  #listed: string | undefined
  #watch: FolderWatch | undefined
  #first: Promise<void> | undefined
  #looking: Promise<void> | undefined
  #lookedAt = 0
  /** Something changed while it was looked at. */
  #isStale = false

  constructor(options: PluginHostOptions) {
    this.#options = options
    const { entry, records } = options
    this.#env = { ...minimalEnvironment(entry.env), ...records?.env }
    const { words, warnings } = limiterOf(entry, this.#env.PATH ?? '')
    this.#limiter = words
    this.#warnings = warnings
  }

  get ready(): Promise<void> {
    this.#first ??= this.#begin()
    return this.#first
  }

  start(): Promise<void> {
    void this.ready
    return Promise.resolve()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#watch?.stop()
    await this.#looking
    await Promise.all([...this.#connections].map((connection) => connection.end(0)))
    await Promise.all(this.#clearing)
  }

  connect(session = NOBODY): Child {
    void this.ready
    const jobs = new Set<Promise<unknown>>()
    const servers = new Set<Server>()
    const connection: Child = connect({
      serve: () => {
        const server = this.#serve(session, jobs)
        servers.add(server)
        this.#servers.add(server)
        return server
      },
      idle: () => Promise.allSettled(jobs),
      onEnd: () => {
        for (const server of servers) this.#servers.delete(server)
        this.#connections.delete(connection)
      },
    })
    this.#connections.add(connection)
    return connection
  }

  async #begin(): Promise<void> {
    const { entry, patienceMs = PATIENCE_MS } = this.#options
    // Before the first look, so that nothing that changes within it is missed.
    if (entry.watch && !this.#stopping.signal.aborted)
      this.#watch = watchFolders(entry.plugins, () => void this.#again())
    this.#looking = this.#look()
    let timer: NodeJS.Timeout | undefined
    const impatient = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        // What comes after it is news.
        this.#listed ??= listed(this.#tools)
        resolve()
      }, patienceMs).unref()
    })
    await Promise.race([this.#looking, impatient])
    clearTimeout(timer)
  }

  async #again(): Promise<void> {
    this.#isStale = true
    await this.#looking
    if (!this.#isStale || this.#stopping.signal.aborted) return
    this.#isStale = false
    this.#looking = this.#look()
  }

  async #look(): Promise<void> {
    const { entry, records, onLook } = this.#options
    const { signal } = this.#stopping
    const onStart = records && { onStart: (pid: number) => records.add(pid) }
    const isFirst = this.#lookedAt++ === 0
    // Before the first look has ended there is nothing better; later ones replace what is there once they have.
    const onFound = isFirst && { onFound: (some: Found) => this.#take(some) }
    const found = await this.#finder.look({ dir: entry.plugins, env: entry.env, signal, ...onStart, ...onFound })
    if (signal.aborted) return
    const { plugins, notTaken } = found
    this.#watch?.follow([...plugins, ...notTaken].map(({ name }) => name))
    this.#take(found)
    this.#listed ??= listed(this.#tools)
    onLook?.({ ...found, tools: [...this.#tools.values()], warnings: [...this.#warnings, ...found.cut] })
  }

  #take({ plugins }: Found): void {
    this.#tools = nameTools(plugins, this.#options.entry.separator)
    // Before the first look nobody was told of any.
    if (this.#listed === undefined) return
    const before = this.#listed
    this.#listed = listed(this.#tools)
    if (before === this.#listed) return
    for (const server of this.#servers) void server.sendToolListChanged().catch(() => {})
  }

  #serve(session: string, jobs: Set<Promise<unknown>>): Server {
    const { server: name, version } = this.#options
    const server = new Server({ name, version }, { capabilities: { tools: { listChanged: true } } })
    server.setRequestHandler('tools/list', async () => {
      await this.ready
      return { tools: [...this.#tools.values()].map(describe) }
    })
    server.setRequestHandler('tools/call', async ({ params }, context) => {
      await this.ready
      const job = this.#call(params.name, params.arguments ?? {}, session, context)
      jobs.add(job)
      return job.finally(() => jobs.delete(job))
    })
    return server
  }

  async #call(
    name: string,
    given: Readonly<Record<string, unknown>>,
    session: string,
    { mcpReq }: ServerContext,
  ): Promise<CallToolResult> {
    const tool = this.#tools.get(name)
    if (!tool) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no tool ${JSON.stringify(name)}.`)
    const { entry } = this.#options
    const { plugin, command } = tool
    const line = commandLineOf(command, given, entry)
    if ('problem' in line) throw new ProtocolError(ProtocolErrorCode.InvalidParams, line.problem)
    const priority = command.priority + askedPriority(mcpReq._meta, entry.callerPriority)
    const { signal } = mcpReq
    const token = mcpReq._meta?.progressToken
    const tell = (params: object) =>
      void mcpReq
        .notify({ method: 'notifications/progress', params: { ...params, progressToken: token } })
        .catch(() => {})
    const limits = { timeoutMs: command.timeoutMs ?? entry.timeoutMs, maxOutputBytes: entry.maxOutputBytes }
    const words = [...this.#limiter, ...plugin.program, ...line.words]
    const how = { ...limits, signal, session, ...(token !== undefined && { tell }) }
    const run = () => this.#run(tool, words, line.input === undefined ? how : { ...how, input: line.input })
    try {
      return await this.#queueOf(plugin.name).add({ owner: session, priority, signal, run })
    } catch (error) {
      if (error instanceof QueueFull) return refused(plugin.name, this.#queueOf(plugin.name).size)
      if (error instanceof JobCancelled) return { content: [], isError: true }
      throw error
    }
  }

  async #run(
    { name, plugin, command }: Tool,
    line: readonly string[],
    how: {
      readonly timeoutMs: number
      readonly maxOutputBytes: number
      readonly signal: AbortSignal
      readonly session: string
      readonly input?: Buffer
      readonly tell?: (progress: object) => void
    },
  ): Promise<CallToolResult> {
    const { entry, records, publish, now, clock } = this.#options
    const { tell, session, ...limits } = how
    const began = clock()
    const run = await runProgram({
      ...limits,
      line,
      folder: plugin.folder,
      env: this.#env,
      graceMs: entry.graceMs,
      ...(records && { onStart: (pid) => records.add(pid) }),
      ...(tell && { onError: createProgressReader(tell) }),
    })
    this.#clear(run.cleared)
    const { result, outcome } = resultOf(name, run, limits)
    const durationMs = Math.max(0, clock() - began)
    const fields = { plugin: plugin.name, command: command.name, outcome, durationMs }
    publish(event('plugin', now(), this.#origin(session), fields))
    return result
  }

  /** What a program left in its group is waited for at the stop. */
  #clear(cleared: Promise<void>): void {
    const clearing = cleared.finally(() => this.#clearing.delete(clearing))
    this.#clearing.add(clearing)
  }

  #queueOf(plugin: string): JobQueue {
    const known = this.#queues.get(plugin)
    if (known) return known
    const { entry, publish, now, clock } = this.#options
    const current = () => [...this.#tools.values()].find((tool) => tool.plugin.name === plugin)?.plugin
    const queue = new JobQueue({
      concurrency: () => current()?.concurrency ?? entry.concurrency,
      maxWaiting: () => current()?.maxWaiting ?? entry.maxWaiting,
      clock,
      onAction: (action, session, size, waitMs) => {
        const fields = { plugin, action, size, ...(waitMs !== undefined && { waitMs }) }
        publish(event('queue', now(), this.#origin(session), fields))
      },
    })
    this.#queues.set(plugin, queue)
    return queue
  }

  #origin(session: string): { server: string; session?: string } {
    const { server } = this.#options
    return session === NOBODY ? { server } : { server, session }
  }
}

/** How far a client moves its own job. Throws where it asks for what is no number; where it may not, nothing is looked at. */
function askedPriority(meta: Readonly<Record<string, unknown>> | undefined, most: number): number {
  const asked = most === 0 ? undefined : meta?.[PRIORITY]
  if (asked === undefined) return 0
  if (typeof asked !== 'number' || !Number.isInteger(asked)) {
    const message = `${PRIORITY} in _meta is no whole number; ${-most} to ${most} are taken, such as ${most}.`
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, message)
  }
  return Math.max(-most, Math.min(most, asked))
}

/** Definitions as clients see them. */
function describe({ name, plugin, command }: Tool): ListToolsResult['tools'][number] {
  return {
    name,
    description: command.description ?? `${command.name} of ${plugin.name}`,
    inputSchema: inputSchemaOf(command) as ListToolsResult['tools'][number]['inputSchema'],
  }
}

function listed(tools: ReadonlyMap<string, Tool>): string {
  return JSON.stringify([...tools.values()].map(describe))
}

function refused(plugin: string, waiting: number): CallToolResult {
  const text = `The queue of ${plugin} is full: ${waiting} jobs wait. Try again later.`
  return { content: [{ type: 'text', text }], isError: true }
}

/** The words in front of a program that bound what it may use. */
function limiterOf({ memoryBytes, cpuSeconds }: PluginsEntry, path: string) {
  if (memoryBytes === undefined && cpuSeconds === undefined) return { words: [], warnings: [] }
  const prlimit = process.platform === 'linux' ? programInPath('prlimit', path) : undefined
  if (prlimit === undefined)
    return { words: [], warnings: ['Limits of memory and CPU time need Linux and prlimit: plugins run without them.'] }
  const words = [
    prlimit,
    // Memory that a process has of its own: address space alone, which Node reserves much of, costs nothing.
    ...(memoryBytes === undefined ? [] : [`--data=${memoryBytes}`]),
    // SIGXCPU, and a second later SIGKILL.
    ...(cpuSeconds === undefined ? [] : [`--cpu=${cpuSeconds}:${cpuSeconds + 1}`]),
    '--',
  ]
  return { words, warnings: [] }
}
