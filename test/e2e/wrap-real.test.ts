import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Client as ModernClient } from '@modelcontextprotocol/client'
import { StdioClientTransport as ModernTransport } from '@modelcontextprotocol/client/stdio'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { describe, expect, test } from 'vitest'
import { type CommandLine, Kept, Receiver, start, temporaryDir, until, wrapped } from './wrapped.js'

/** The command line of an installed server: node and the file that its `bin` names. */
function server(name: string, ...args: string[]): CommandLine {
  const manifest = join(process.cwd(), 'node_modules', name, 'package.json')
  const { bin } = createRequire(import.meta.url)(manifest) as { bin: string | Record<string, string> }
  const file = typeof bin === 'string' ? bin : Object.values(bin)[0]!
  return [process.execPath, join(dirname(manifest), file), ...args]
}

const request = (id: number, method: string, params: object = {}) =>
  JSON.stringify({ jsonrpc: '2.0', id, method, params })
const HELLO = request(1, 'initialize', {
  protocolVersion: '2025-06-18',
  capabilities: {},
  clientInfo: { name: 'recorded', version: '1' },
})

interface Case {
  readonly name: string
  readonly args: (dir: string) => string[]
  readonly call: { name: string; arguments: object }
}

const CASES: Case[] = [
  {
    name: '@modelcontextprotocol/server-everything',
    args: () => ['stdio'],
    call: { name: 'echo', arguments: { message: 'hello' } },
  },
  {
    name: '@modelcontextprotocol/server-memory',
    args: () => [],
    call: {
      name: 'create_entities',
      arguments: { entities: [{ name: 'Ada', entityType: 'person', observations: ['ü'] }] },
    },
  },
  {
    name: '@modelcontextprotocol/server-filesystem',
    args: (dir) => [dir],
    call: { name: 'read_text_file', arguments: { path: 'no-such-file' } },
  },
  {
    name: '@modelcontextprotocol/server-sequential-thinking',
    args: () => [],
    call: {
      name: 'sequentialthinking',
      arguments: { thought: 'first', nextThoughtNeeded: false, thoughtNumber: 1, totalThoughts: 1 },
    },
  },
  {
    name: '@coo-quack/calc-mcp',
    args: () => [],
    call: { name: 'math', arguments: { action: 'eval', expression: '6*7' } },
  },
]

/** Holds a recorded conversation and gives all that the server said, and how it ended. */
async function converse(commandLine: CommandLine, dataDir: string, call: Case['call']) {
  const running = start(commandLine, dataDir)
  await running.ask(HELLO)
  running.process.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`)
  for (const [index, [method, params]] of (
    [
      ['tools/list', {}],
      ['tools/call', call],
      ['no/such', {}],
      ['ping', {}],
    ] as const
  ).entries()) {
    const id = index + 2
    running.process.stdin.write(`${request(id, method, params)}\n`)
    await until(() => running.out().includes(`"id":${id}`) && running.out().at(-1) === 10)
  }
  running.process.stdin.end()
  // Some servers ignore the end of their input: a client then ends them.
  const timer = setTimeout(() => running.process.kill('SIGTERM'), 3000)
  const end = await running.ended
  clearTimeout(timer)
  return { out: running.out().toString(), end }
}

describe('real servers', () => {
  test.each(CASES)(
    '$name says through the wrap, byte for byte, what it says directly',
    async ({ name, args, call }) => {
      const work = temporaryDir()
      const dataDir = temporaryDir()
      const run = async (wrap: boolean) => {
        const own = join(work, 'own')
        mkdirSync(own, { recursive: true })
        writeFileSync(join(own, 'memory.jsonl'), '')
        process.env.MEMORY_FILE_PATH = join(own, 'memory.jsonl')
        const commandLine = server(name, ...args(own))
        return converse(wrap ? wrapped(commandLine) : commandLine, dataDir, call)
      }
      const direct = await run(false)
      const through = await run(true)
      expect(through).toEqual(direct)
      const kept = new Kept()
      await Receiver.start(dataDir, kept)
      await until(() => kept.of('process.ended').length === 1)
      expect(
        kept
          .of('request.ended')
          .filter(({ direction }) => direction === 'client_to_server')
          .map(({ method, outcome }) => `${method} ${outcome}`),
      ).toEqual([
        'initialize ok',
        'tools/list ok',
        expect.stringMatching(/^tools\/call (ok|tool_error)$/),
        'no/such protocol_error',
        'ping ok',
      ])
      expect(kept.of('session.opened')).toHaveLength(1)
      expect(kept.of('session.closed')).toMatchObject([{ reason: 'client' }])
      expect(kept.of('process.ended')).toMatchObject([{ crashed: false }])
    },
  )
})

describe('real clients', () => {
  const [command, ...args] = wrapped(server('@modelcontextprotocol/server-everything', 'stdio'))
  const environment = (dataDir: string) => ({ ...(process.env as Record<string, string>), MCP_VITALS_DATA: dataDir })

  test('the first SDK’s', async () => {
    const dataDir = temporaryDir()
    const client = new LegacyClient({ name: 'legacy', version: '1' })
    await client.connect(new LegacyTransport({ command, args, env: environment(dataDir), stderr: 'ignore' }))
    const result = await client.callTool({ name: 'echo', arguments: { message: 'hi' } })
    expect(result.content).toEqual([{ type: 'text', text: 'Echo: hi' }])
    await client.close()
    const kept = new Kept()
    await Receiver.start(dataDir, kept)
    await until(() => kept.of('process.ended').length === 1)
    expect(kept.of('session.opened')).toMatchObject([{ clientName: 'legacy' }])
  })

  test('the second SDK’s, whose probe copy is started and killed: no crash, nothing locked', async () => {
    const dataDir = temporaryDir()
    const kept = new Kept()
    await Receiver.start(dataDir, kept)
    const client = new ModernClient({ name: 'modern', version: '1' }, { versionNegotiation: { mode: 'auto' } })
    await client.connect(new ModernTransport({ command, args, env: environment(dataDir), stderr: 'ignore' }))
    const result = await client.callTool({ name: 'echo', arguments: { message: 'hi' } })
    expect(result.content).toEqual([{ type: 'text', text: 'Echo: hi' }])
    await client.close()
    await until(
      () =>
        kept.of('process.ended').length > 0 && kept.of('process.ended').length === kept.of('process.started').length,
    )
    expect(kept.of('process.ended').filter(({ crashed }) => crashed)).toEqual([])
    expect(kept.of('request.ended').filter(({ name }) => name === 'echo')).toHaveLength(1)
  })
})
