/** A gateway behind a listener of its own, and the clients and servers to try it with. */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, createServer as createNetServer } from 'node:net'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Client, type ClientOptions, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { Event, EventType } from '../../packages/instrument/src/event/index.js'
import type { Publish } from '../../packages/instrument/src/stream/index.js'
import type { ServerEntry } from '../../packages/server/src/children/index.js'
import { createGateway, type Gateway, gatewayOptions } from '../../packages/server/src/sources/http-proxy/index.js'

export const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))
const installed = (path: string) => fileURLToPath(new URL(`../../node_modules/${path}`, import.meta.url))

/** An entry for a stdio server that is a Node script. */
export const script = (file: string, ...args: string[]) => ({
  command: process.execPath,
  args: [file, ...args],
  env: {} as Record<string, string>,
  disabled: false,
})
/** An entry for code given here. */
export const code = (source: string) => script('-e', source)
export const url = (address: string) => ({ url: address, headers: {}, transport: 'http' as const, disabled: false })

/** Real servers, as installed. */
export const REAL = {
  everything: installed('@modelcontextprotocol/server-everything/dist/index.js'),
  memory: installed('@modelcontextprotocol/server-memory/dist/index.js'),
  filesystem: installed('@modelcontextprotocol/server-filesystem/dist/index.js'),
  sequentialThinking: installed('@modelcontextprotocol/server-sequential-thinking/dist/index.js'),
  calc: installed('@coo-quack/calc-mcp/dist/index.js'),
}

export interface Harness {
  readonly gateway: Gateway
  readonly events: Event[]
  readonly origin: string
  address(server: string): URL
  ofType<T extends EventType>(type: T): Extract<Event, { type: T }>[]
  stop(): Promise<void>
}

/** Serves these servers. `options` are the gateway's; time-outs that a test does not set stay long. */
export async function serve(
  servers: Record<string, ServerEntry>,
  options: Partial<ReturnType<typeof gatewayOptions.parse>> = {},
  publish: Publish = () => {},
): Promise<Harness> {
  const events: Event[] = []
  const gateway = createGateway({
    servers,
    publish: (event) => {
      events.push(event)
      publish(event)
    },
    now: Date.now,
    clock: () => performance.now(),
    options: gatewayOptions.parse({ childGraceMs: 500, ...options }),
  })
  await gateway.start()
  const listener = createServer((req, res) =>
    gateway.handle(/^\/mcp\/([^/?]+)/.exec(req.url ?? '')?.[1] ?? '', req, res),
  )
  const origin = await listen(listener)
  return {
    gateway,
    get events() {
      gateway.settle()
      return events
    },
    origin,
    address: (server) => new URL(`${origin}/mcp/${server}`),
    ofType<T extends EventType>(type: T) {
      gateway.settle()
      return events.filter((event): event is Extract<Event, { type: T }> => event.type === type)
    },
    async stop() {
      await gateway.stop()
      listener.closeAllConnections()
      await new Promise((resolve) => listener.close(resolve))
    },
  }
}

export async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

export interface Connected {
  readonly client: Client
  readonly transport: StreamableHTTPClientTransport
  /** Calls a tool and gives its first text. */
  call(name: string, args?: Record<string, unknown>): Promise<string>
}

/** Connects the v2 client. */
export async function connect(address: URL, options: ClientOptions = {}, init: RequestInit = {}): Promise<Connected> {
  const client = new Client({ name: 'test-client', version: '1.0.0' }, options)
  const transport = new StreamableHTTPClientTransport(address, { requestInit: init })
  await client.connect(transport)
  return { client, transport, call: (name, args = {}) => callText(client, name, args) }
}

interface CallsTools {
  callTool(params: { name: string; arguments: Record<string, unknown> }): Promise<unknown>
}

export async function callText(client: CallsTools, name: string, args: Record<string, unknown> = {}): Promise<string> {
  const { content } = (await client.callTool({ name, arguments: args })) as { content: { text: string }[] }
  return content[0]!.text
}

/** Waits for a condition, and fails after 20 s. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`never came true: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** True while a process runs (a zombie does not). */
export function runs(pid: number): boolean {
  if (!existsSync(`/proc/${pid}`)) return false
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

/** Starts an HTTP server as a process. `ready` says from a line of output or, when none comes, from a port that answers. */
export async function startHttpServer(
  args: (port: number) => string[],
  env: (port: number) => Record<string, string> = () => ({}),
  path = '/mcp',
): Promise<{ readonly address: string; readonly process: ChildProcess }> {
  const port = await freePort()
  const child = spawn(process.execPath, args(port), {
    env: { ...process.env, ...env(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const printed = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => line.startsWith('http://') && resolve(line))
    child.stderr.resume()
  })
  const answering = answers(`http://127.0.0.1:${port}${path}`)
  return { address: await Promise.race([printed, answering]), process: child }
}

async function answers(address: string): Promise<string> {
  const deadline = Date.now() + 30_000
  for (;;) {
    const answered = await fetch(address, { method: 'DELETE' }).then(
      () => true,
      () => false,
    )
    if (answered) return address
    if (Date.now() > deadline) throw new Error(`${address} never answered`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function freePort(): Promise<number> {
  const holder = createNetServer()
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve))
  const { port } = holder.address() as AddressInfo
  await new Promise((resolve) => holder.close(resolve))
  return port
}
