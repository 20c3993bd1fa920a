import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterEach, describe, expect, test } from 'vitest'
import { CLI, type DaemonSettings, daemonOfTest, metric, type RunningDaemon } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'
import { promises } from '../requirements.js'
import { temporaryDir } from './wrapped.js'

const running: { stop(): unknown }[] = []
afterEach(async () => {
  for (const thing of running.splice(0).reverse()) await thing.stop()
})

const SERVER = fileURLToPath(new URL('../fixtures/agency-server.mjs', import.meta.url))
const derivations = [
  { server: 'ag*', tool: 'send_*', event: 'message', channel: { argument: 'channel', values: ['sms', 'whatsapp'] } },
  { tool: 'provision_agent', event: 'agent', action: 'provisioned', agent: { argument: 'agentId' } },
  { tool: 'deprovision_agent', event: 'agent', action: 'deprovisioned', agent: { argument: 'agentId' } },
  { tool: 'start_call', event: 'voice', action: 'started', id: { result: 'callId' } },
  { tool: 'end_call', event: 'voice', action: 'ended', id: { argument: 'callId' } },
  { tool: 'handle_webhook', event: 'webhook', kind: { argument: 'hook.type' } },
  { tool: 'generate_model', event: 'business', name: '3d_generations' },
  { tool: 'ask_*', event: 'agent', action: 'used', category: { argument: 'category' } },
  {
    tool: 'ask_*',
    event: 'usage',
    provider: 'openai',
    model: { argument: 'model' },
    inputTokens: { result: 'usage.input_tokens' },
    outputTokens: { result: 'usage.output_tokens' },
    costUsd: { result: 'usage.cost' },
  },
]
const SECRETS = { to: '+15551234567', text: 'the-very-secret', card: '4111-1111', nested: { key: 'sk-live-hidden' } }
const SECRET = /\+15551234567|the-very-secret|4111-1111|sk-live-hidden/

const behindGateway = { servers: { agency: { command: process.execPath, args: [SERVER] } }, derivations }

const up = (settings: DaemonSettings) => daemonOfTest({ ...settings, env: { LOG_LEVEL: 'debug' } })

async function through(transport: StreamableHTTPClientTransport | StdioClientTransport): Promise<Client> {
  const client = new Client({ name: 'test-client', version: '1.0.0' })
  await client.connect(transport)
  running.push({ stop: () => client.close() })
  return client
}

/** A state directory that outlives its daemon. */
const stateDir = () => join(temporaryDir(), 'state')

const gateway = ({ url }: RunningDaemon) => through(new StreamableHTTPClientTransport(new URL(`${url}/mcp/agency`)))

function wrap(dataDir: string): Promise<Client> {
  const args = [CLI, 'wrap', '--name', 'agency', '--', process.execPath, SERVER]
  const env = { ...(process.env as Record<string, string>), MCP_VITALS_DATA: dataDir }
  return through(new StdioClientTransport({ command: process.execPath, args, env }))
}

/** What an agency does in a day, each call with secrets in it that nobody asked for. */
async function work(client: Client): Promise<void> {
  const call = (name: string, given: object = {}) => client.callTool({ name, arguments: { ...SECRETS, ...given } })
  await call('send_message', { channel: 'sms' })
  await call('send_message', { channel: 'sms' })
  await call('send_message', { channel: 'the-very-secret' })
  await call('send_message', { channel: 'sms', fail: true })
  for (const agentId of ['agent-001', 'agent-002', 'agent-001']) await call('provision_agent', { agentId })
  await call('deprovision_agent', { agentId: 'agent-002' })
  await call('start_call', { to: 'call-1' })
  await call('start_call', { to: 'call-2' })
  await call('end_call', { callId: 'call-1' })
  await call('handle_webhook', { hook: { type: 'delivered', body: SECRETS } })
  await call('handle_webhook', { hook: SECRETS })
  await call('generate_model')
  await call('ask_model', { model: 'gpt-4o', category: 'design' })
}

const DERIVED = 14
const derivedLines = (daemon: RunningDaemon) => daemon.lines().filter(({ derived }) => derived === true)

async function sees(daemon: RunningDaemon, name: string, labels: Record<string, string>, value: number): Promise<void> {
  let found: number | undefined
  await until(
    async () => {
      found = await metric(daemon.url, name, labels)
      return found === value
    },
    20_000,
    () => `${name}${JSON.stringify(labels)} is ${found}, not ${value}`,
  )
}

async function seesTheWork(daemon: RunningDaemon): Promise<void> {
  await sees(daemon, 'mcp_vitals_derivations_total', { result: 'derived' }, DERIVED)
  await sees(daemon, 'mcp_vitals_derivations_total', { result: 'missing' }, 1)
  // The log is written after the metrics moved.
  await until(
    () => derivedLines(daemon).length >= DERIVED,
    20_000,
    () => `${derivedLines(daemon).length} lines`,
  )
  const lines = derivedLines(daemon)
  expect(
    lines.map(({ event, channel, agent, id, kind, category, model }) =>
      [event, channel ?? agent ?? id ?? kind ?? category ?? model].join(' ').trim(),
    ),
  ).toEqual([
    'send_message_success sms',
    'send_message_success sms',
    'send_message_success other',
    'agent_provisioned agent-001',
    'agent_provisioned agent-002',
    'agent_provisioned agent-001',
    'agent_deprovisioned agent-002',
    'voice_started call-1',
    'voice_started call-2',
    'voice_ended call-1',
    'webhook_received delivered',
    'business',
    'agent_used design',
    'usage gpt-4o',
  ])
  expect(lines.at(-1)).toMatchObject({ provider: 'openai', inputTokens: 120, outputTokens: 30, costUsd: 0.25 })
}

/** Every byte that the daemon shows, writes and keeps, when it has stopped and all is on disk. */
async function everything(daemon: RunningDaemon): Promise<string> {
  const pages = ['/', '/metrics', '/health', '/health/ready'].map(async (path) =>
    (await fetch(daemon.url + path)).text(),
  )
  const shown = [...(await Promise.all(pages)), JSON.stringify(daemon.lines())]
  await daemon.stop()
  const files = readdirSync(daemon.dataDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
  return [...shown, daemon.stderr(), ...files].join('\n')
}

describe('derivations of the configuration', () => {
  test(
    promises(
      'A3.metric.messages-sent',
      'A3.metric.webhooks-received',
      'A4.metric.active-voice-sessions',
      'A4.metric.active-agents',
      'C4.metric.agent-usage',
      'C4.metric.llm-tokens',
      'C4.metric.3d-generations',
    ),
    async () => {
      const dataDir = stateDir()
      const daemon = await up({ config: behindGateway, dataDir })
      await work(await gateway(daemon))
      await sees(daemon, 'mcp_messages_sent_total', { channel: 'sms' }, 2)
      await sees(daemon, 'mcp_messages_sent_total', { channel: 'other' }, 1)
      await sees(daemon, 'mcp_webhook_received_total', { type: 'delivered' }, 1)
      await sees(daemon, 'mcp_agent_usage_total', { category: 'design' }, 1)
      await sees(daemon, 'mcp_llm_tokens_total', { provider: 'openai', model: 'gpt-4o', type: 'input' }, 120)
      await sees(daemon, 'mcp_llm_tokens_total', { provider: 'openai', model: 'gpt-4o', type: 'output' }, 30)
      await sees(daemon, 'mcp_llm_cost_usd_total', { provider: 'openai', model: 'gpt-4o' }, 0.25)
      await sees(daemon, 'mcp_3d_generations_total', {}, 1)
      await sees(daemon, 'mcp_active_agents', { server: 'agency' }, 1)
      await sees(daemon, 'mcp_active_voice_sessions', { server: 'agency' }, 1)
      await daemon.stop()
      const next = await up({ config: behindGateway, dataDir })
      await sees(next, 'mcp_active_agents', { server: 'agency' }, 1)
      await sees(next, 'mcp_active_voice_sessions', { server: 'agency' }, 1)
      const client = await gateway(next)
      await client.callTool({ name: 'deprovision_agent', arguments: { agentId: 'agent-001' } })
      await client.callTool({ name: 'end_call', arguments: { callId: 'call-2' } })
      await sees(next, 'mcp_active_agents', { server: 'agency' }, 0)
      await sees(next, 'mcp_active_voice_sessions', { server: 'agency' }, 0)
    },
  )

  test('give the facts of calls through the gateway, and nothing else of them', async () => {
    const daemon = await up({ config: behindGateway, dataDir: stateDir() })
    await work(await gateway(daemon))
    await seesTheWork(daemon)
    const calls = daemon.lines().filter(({ event }) => String(event).startsWith('tool_call_'))
    const [first] = derivedLines(daemon)
    expect(first).toMatchObject({ server: 'agency', session: calls[0]?.session, transport: 'http' })
    const kept = await everything(daemon)
    expect(kept).toContain('agent-001')
    expect(kept).toContain('SQLite format 3')
    expect(kept).not.toMatch(SECRET)
  })

  test('give those of calls through a wrap, which takes them from the state directory', async () => {
    const daemon = await up({ config: { derivations }, dataDir: stateDir() })
    const file = join(daemon.dataDir, 'derivations.json')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    await work(await wrap(daemon.dataDir))
    await seesTheWork(daemon)
    expect(derivedLines(daemon)[0]).toMatchObject({ server: 'agency', transport: 'stdio' })
    expect(await everything(daemon)).not.toMatch(SECRET)
  })

  test('wait in the spool while no daemon runs, with no secret in it, and come once', async () => {
    const dataDir = stateDir()
    await (await up({ config: { derivations }, dataDir })).stop()
    const client = await wrap(dataDir)
    await work(client)
    await client.close()
    const spooled = () => readdirSync(join(dataDir, 'spool')).map((name) => readFileSync(join(dataDir, 'spool', name)))
    await until(
      () => Buffer.concat(spooled()).includes('"process.ended"'),
      20_000,
      () => 'nothing was spooled',
    )
    expect(Buffer.concat(spooled()).toString()).toContain('agent-001')
    expect(Buffer.concat(spooled()).toString()).not.toMatch(SECRET)
    await seesTheWork(await up({ config: { derivations }, dataDir }))
  })

  test('are taken away with the configuration that had them', async () => {
    const dataDir = stateDir()
    await (await up({ config: { derivations }, dataDir })).stop()
    const daemon = await up({ config: { servers: {} }, dataDir })
    expect(readdirSync(dataDir)).not.toContain('derivations.json')
    const client = await wrap(dataDir)
    await client.callTool({ name: 'generate_model', arguments: SECRETS })
    await sees(daemon, 'mcp_tool_calls_total', { tool: 'generate_model', status: 'success' }, 1)
    expect(derivedLines(daemon)).toEqual([])
  })
})
