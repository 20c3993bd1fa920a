/** Named values of calls as commitments in the audit log, whichever way the calls went. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { Client as SdkClient } from '@modelcontextprotocol/sdk/client/index.js'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import Database from 'libsql'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { instrument } from '../../packages/instrument/src/index.js'
import { ship } from '../../packages/instrument/src/node/index.js'
import { opens } from '../../packages/server/src/audit/index.js'
import { CLI, daemonOfTest, type RunningDaemon } from '../fixtures/daemon.js'
import { run } from '../fixtures/run.js'
import { until } from '../fixtures/until.js'
import { temporaryDir } from './wrapped.js'

const SERVER = fileURLToPath(new URL('../fixtures/agency-server.mjs', import.meta.url))
const TOKEN = 'admin-token-of-this-test-0123456789'
const ASKED = 'the-number-that-was-asked-for'
const COST = 0.25
const audit = {
  checkpoints: { everyMs: 100 },
  commitments: [
    { tool: 'agency.start_*', argument: 'to' },
    { tool: 'start_call', result: 'callId' },
    { tool: 'ask_model', result: 'usage.cost' },
    { tool: 'ask_model', result: 'usage.nothing' },
  ],
}
const listen = { adminToken: TOKEN }
const DIGEST = expect.stringMatching(/^[0-9a-f]{64}$/)

interface Row {
  readonly seq: number
  readonly target: string
  readonly origin: string
  readonly details: {
    readonly commitments?: Readonly<Record<string, string>>
    readonly uncommitted?: readonly string[]
  }
}

/** Rows of a type, the newest first, once there are so many. */
async function rows(daemon: RunningDaemon, type: string, count: number): Promise<readonly Row[]> {
  let found: readonly Row[] = []
  await until(
    async () => {
      const headers = { authorization: `Bearer ${TOKEN}` }
      const answer = await fetch(`${daemon.url}/admin/api/audit?type=${type}`, { headers })
      found = ((await answer.json()) as { readonly rows: readonly Row[] }).rows
      return found.length >= count
    },
    20_000,
    () => `${found.length} rows ${type}: ${daemon.stdout()}`,
  )
  return found
}

const cli = (daemon: RunningDaemon, ...args: readonly string[]) =>
  run(process.execPath, [CLI, 'audit', ...args, '--data', daemon.dataDir])

/** What opens the commitments of a row: field → value, each checked. */
function opened({ dataDir }: RunningDaemon, { seq, details }: Row): Readonly<Record<string, unknown>> {
  const database = new Database(join(dataDir, 'audit.db'), { timeout: 5000 })
  const sql = 'SELECT field, salt, value FROM openings WHERE seq = ?'
  const found = database.prepare(sql).all(seq) as { field: string; salt: Buffer; value: string }[]
  database.close()
  for (const opening of found) expect(opens(String(details.commitments?.[opening.field]), opening)).toBe(true)
  return Object.fromEntries(found.map(({ field, value }) => [field, JSON.parse(value)]))
}

/** Where a text lies in the state directory. */
function filesWith(dir: string, text: string): readonly string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && readFileSync(join(entry.parentPath, entry.name), 'latin1').includes(text))
    .map(({ name }) => name)
}

async function callThrough(transport: StreamableHTTPClientTransport | StdioClientTransport): Promise<Client> {
  const client = new Client({ name: 'test-client', version: '1.0.0' })
  await client.connect(transport)
  onTestFinished(() => client.close())
  await client.callTool({ name: 'start_call', arguments: { to: ASKED } })
  await client.callTool({ name: 'ask_model', arguments: {} })
  await client.callTool({ name: 'generate_model', arguments: {} })
  return client
}

/** The rows of the two calls: their values open them, and lie in the log's file alone. Returns that of the first. */
async function holdsValues(daemon: RunningDaemon, started: Readonly<Record<string, unknown>>): Promise<Row> {
  const [asked, start] = (await rows(daemon, 'TOOL_COMMITTED', 2)) as [Row, Row]
  expect(start).toMatchObject({ target: 'agency.start_call' })
  expect(asked).toMatchObject({ target: 'agency.ask_model', details: { commitments: { 'result.usage.cost': DIGEST } } })
  expect(Object.keys(start.details.commitments ?? {}).sort()).toEqual(Object.keys(started).sort())
  expect(opened(daemon, start)).toEqual(started)
  expect(opened(daemon, asked)).toEqual({ 'result.usage.cost': COST })
  for (const name of filesWith(daemon.dataDir, ASKED)) expect(name).toMatch(/^audit\.db/)
  expect(daemon.stdout() + daemon.stderr()).not.toContain(ASKED)
  return start
}

test('results of calls through the gateway are committed to behind them, their arguments before', async () => {
  const servers = { agency: { command: process.execPath, args: [SERVER] } }
  const daemon = await daemonOfTest({ config: { servers, audit, listen }, env: { LOG_LEVEL: 'debug' } })
  await callThrough(new StreamableHTTPClientTransport(new URL(`${daemon.url}/mcp/agency`)))
  const [intent] = (await rows(daemon, 'TOOL_INTENT', 1)) as [Row]
  expect(intent.details.commitments).toEqual({ 'arguments.to': DIGEST })
  const { seq } = await holdsValues(daemon, { 'result.callId': ASKED })
  const shown = JSON.parse((await cli(daemon, 'show', String(seq), '--open')).out)
  expect(shown.opened).toEqual({ 'result.callId': { value: ASKED, holds: true } })
  await cli(daemon, 'erase', String(intent.seq), 'arguments.to')
  await cli(daemon, 'erase', String(seq), 'result.callId')
  expect(filesWith(daemon.dataDir, ASKED)).toEqual([])
  expect(await cli(daemon, 'verify')).toMatchObject({ status: 0, out: expect.stringMatching(/^holds/) })
})

test('those of calls through a wrap come with its events, also out of the spool', async () => {
  const dataDir = join(temporaryDir(), 'state')
  const config = { audit, listen }
  await (await daemonOfTest({ config, dataDir })).stop()
  const args = [CLI, 'wrap', '--name', 'agency', '--', process.execPath, SERVER]
  const env = { ...(process.env as Record<string, string>), MCP_VITALS_DATA: dataDir }
  const client = await callThrough(new StdioClientTransport({ command: process.execPath, args, env }))
  await client.close()
  const daemon = await daemonOfTest({ config, dataDir, env: { LOG_LEVEL: 'debug' } })
  expect((await holdsValues(daemon, { 'arguments.to': ASKED, 'result.callId': ASKED })).origin).toBe('ingest:agency')
})

test('those that a program’s own server names come with what it ships', async () => {
  const daemon = await daemonOfTest({ config: { listen } })
  const token = readFileSync(join(daemon.dataDir, 'token'), 'utf8').trim()
  const server = instrument(new McpServer({ name: 'agency', version: '1' }))
  const answer = (content: Record<string, unknown>) => ({ content: [], structuredContent: content })
  server.registerTool('start_call', { inputSchema: { to: z.string() } }, ({ to }) => answer({ callId: to }))
  server.registerTool('ask_model', {}, () => answer({ usage: { cost: COST, nothing: 'x'.repeat(5000) } }))
  const shipping = ship({ url: daemon.url, token, commitments: audit.commitments })
  const [ours, theirs] = InMemoryTransport.createLinkedPair()
  const client = new SdkClient({ name: 'test-client', version: '1' })
  await Promise.all([server.connect(ours), client.connect(theirs)])
  await client.callTool({ name: 'start_call', arguments: { to: ASKED } })
  await client.callTool({ name: 'ask_model', arguments: {} })
  await client.close()
  await shipping.close()
  await holdsValues(daemon, { 'arguments.to': ASKED, 'result.callId': ASKED })
  const [asked] = (await rows(daemon, 'TOOL_COMMITTED', 2)) as [Row]
  expect(asked.details.uncommitted).toEqual(['result.usage.nothing'])
  expect(() => ship({ commitments: [{ tool: 'x' }] })).toThrow(/commitments must be/)
})
