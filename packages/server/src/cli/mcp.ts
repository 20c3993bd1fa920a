import { fileURLToPath } from 'node:url'
import { loadConfig } from '../config/index.js'
import { vitalsError } from '../errors/index.js'
import { CHANGING_TOOLS, createVerifier, serveAgent } from '../faces/mcp/index.js'
import { VERSION } from '../version/index.js'
import { type AskFlags, findDaemon, request } from './ask.js'
import { findOwnFile } from './find.js'
import type { Terminal } from './terminal.js'

/** What the command line gave to `mcp`. */
export interface McpFlags extends AskFlags {
  readonly allow?: readonly string[]
}

const COMMAND = fileURLToPath(new URL('../cli/main.js', import.meta.url))

/**
 * Answers one agent at standard input and output about the daemon that runs, which may come and go. What the agent asks is
 * told to that daemon, too. Rejects with AGENT_TOOL_UNKNOWN.
 */
export async function serveMcp(flags: McpFlags, { env }: Terminal): Promise<void> {
  const { url, data, allow = [] } = flags
  const unknown = allow.find((name) => !CHANGING_TOOLS.some((known) => known === name))
  if (unknown !== undefined)
    throw vitalsError('AGENT_TOOL_UNKNOWN', { name: unknown, known: CHANGING_TOOLS.join(', ') })
  const dir = data ?? loadConfig({ file: findOwnFile(env), env }).config.dataDir
  if (url === undefined) {
    // The library looks there for the daemon.
    if (dir !== undefined) process.env.MCP_VITALS_DATA = dir
    const { ship } = await import('@mcp-vitals/instrument/node')
    ship()
  }
  await serveAgent({
    allow: CHANGING_TOOLS.filter((name) => allow.includes(name)),
    version: VERSION,
    backend: {
      verifyAudit: createVerifier(COMMAND, dir === undefined ? [] : ['--data', dir]),
      ask: async (path, init) => request(await findDaemon(flags, env), path, init),
    },
  })
}
