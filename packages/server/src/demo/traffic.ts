import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import type { DemoServer } from './cast.js'

/** Pause between two calls to one server. */
const PAUSE_MS = 1500

export interface Traffic {
  /** Ends the clients, and the servers that they started. */
  stop(): Promise<void>
}

export interface TrafficOptions {
  readonly servers: readonly DemoServer[]
  /** Address of a server behind the gateway. */
  readonly addressOf: (server: string) => string
  /** What the gateway asks of a client of this server. */
  readonly headersOf: (server: string) => Readonly<Record<string, string>>
  /** State directory of the daemon, so that the wraps find it. */
  readonly dataDir: string
  /** Told when a client could not go on; it tries again. */
  readonly onTrouble: (server: string, error: unknown) => void
}

/** A gentle real client (the official SDK's) for each server: one call at a time, some of them failing. */
export function startTraffic(options: TrafficOptions): Traffic {
  const { servers, onTrouble } = options
  const stopping = new AbortController()
  const running = servers.map(async (server) => {
    while (!stopping.signal.aborted) {
      try {
        await play(server, connectTo(server, options), stopping.signal)
      } catch (error) {
        if (!stopping.signal.aborted) onTrouble(server.name, error)
        await sleep(PAUSE_MS, undefined, { signal: stopping.signal }).catch(() => {})
      }
    }
  })
  return {
    async stop() {
      stopping.abort()
      await Promise.all(running)
    },
  }
}

function connectTo(server: DemoServer, { addressOf, headersOf, dataDir }: TrafficOptions) {
  if (server.through === 'gateway')
    return new StreamableHTTPClientTransport(new URL(addressOf(server.name)), {
      requestInit: { headers: headersOf(server.name) },
    })
  const cli = fileURLToPath(new URL('../cli/main.js', import.meta.url))
  return new StdioClientTransport({
    command: process.execPath,
    args: [cli, 'wrap', '--name', server.name, '--', process.execPath, ...server.args],
    env: { ...environment(), ...server.env, MCP_VITALS_DATA: dataDir },
    stderr: 'ignore',
  })
}

async function play(server: DemoServer, transport: ReturnType<typeof connectTo>, signal: AbortSignal): Promise<void> {
  const client = new Client({ name: 'mcp-vitals-demo-client', version: '1.0.0' })
  try {
    await client.connect(transport)
    await client.listTools()
    for (let turn = 0; !signal.aborted; turn++) {
      const { tool, args } = server.calls[turn % server.calls.length] as DemoServer['calls'][number]
      // A failing tool is part of the play: the servers' answers are what the watcher shows.
      await client.callTool({ name: tool, arguments: args }, { signal }).catch((error) => {
        if (!client.transport) throw error
      })
      await sleep(PAUSE_MS, undefined, { signal })
    }
  } finally {
    if (transport instanceof StreamableHTTPClientTransport) await transport.terminateSession().catch(() => {})
    await client.close()
  }
}

function environment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}
