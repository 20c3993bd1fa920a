import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { expect, onTestFinished, test } from 'vitest'
import { type Page, scrape } from '../fixtures/library/page.js'
import { serve } from '../fixtures/library/serve.js'
import { until } from '../fixtures/until.js'

const pathOf = (name: string) => new URL(`../../examples/${name}`, import.meta.url).pathname

/** Starts an example as its reader does, and connects the official client; `page` waits for what the page is to show. */
async function example(name: string, era: 'legacy' | 'modern' = 'legacy') {
  const url = await serve(`../../../examples/${name}`, [], { PORT: '0' })
  const mode = era === 'modern' ? { pin: '2026-07-28' } : ('legacy' as const)
  const client = new Client({ name: 'reader', version: '1.0.0' }, { versionNegotiation: { mode } })
  await client.connect(new StreamableHTTPClientTransport(new URL(url)))
  onTestFinished(() => client.close())
  return { url, client, page: (shown: string) => pageWith(new URL('/metrics', url).href, shown) }
}

async function pageWith(url: string, shown: string): Promise<Page> {
  let page = await scrape(url)
  await until(
    async () => {
      page = await scrape(url)
      return page.text.includes(`\n${shown}\n`)
    },
    5_000,
    () => `no ${shown} in ${page.text}`,
  )
  return page
}

const textOf = (result: { content: unknown }) => (result.content as { text: string }[])[0]?.text

const HTTP = [
  ['v1-express.mjs', 'dice', 'roll', { sides: 6 }, /^[1-6]$/],
  ['v2-hono.mjs', 'words', 'count_words', { text: 'one two three' }, /^3$/],
  ['v2-fastify.mjs', 'units', 'to_celsius', { fahrenheit: 212 }, /^100\.0$/],
  ['modern.mjs', 'clock', 'time_in', { zone: 'Europe/Berlin' }, /^\d\d:\d\d:\d\d$/],
] as const

test.each(HTTP)('%s answers, and counts it at /metrics', async (file, server, tool, given, answer) => {
  const { client, page } = await example(file, file === 'modern.mjs' ? 'modern' : 'legacy')
  expect((await client.listTools()).tools.map(({ name }) => name)).toEqual([tool])
  for (let i = 0; i < 3; i++) expect(textOf(await client.callTool({ name: tool, arguments: given }))).toMatch(answer)
  const { value } = await page(`mcp_tool_calls_total{server="${server}",tool="${tool}",status="success"} 3`)
  expect(value(`mcp_tool_result_tokens_count{server="${server}",tool="${tool}",estimated="true"}`)).toBe(3)
  expect(value(`mcp_tools_list_tokens{server="${server}",estimated="true"}`)).toBeGreaterThan(20)
})

test('v1-express.mjs shows the session while it is open', async () => {
  const { page } = await example('v1-express.mjs')
  await page('mcp_active_sessions{server="dice"} 1')
})

test('v1-stdio.mjs shows its metrics on a port beside it', async () => {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [pathOf('v1-stdio.mjs')],
    env: { METRICS_PORT: '0' },
    stderr: 'pipe',
  })
  let said = ''
  transport.stderr!.on('data', (text) => {
    said += text
  })
  const client = new Client({ name: 'reader', version: '1.0.0' })
  onTestFinished(() => client.close())
  await client.connect(transport)
  await client.listTools()
  expect(textOf(await client.callTool({ name: 'add_note', arguments: { text: 'milk' } }))).toBe('Note 1 is kept.')
  expect(textOf(await client.callTool({ name: 'read_note', arguments: { number: 1 } }))).toBe('milk')
  expect((await client.callTool({ name: 'read_note', arguments: { number: 9 } })).isError).toBe(true)
  const url = () => /^metrics: (\S+)\n/m.exec(said)?.[1]
  await until(
    () => url() !== undefined,
    5_000,
    () => said,
  )
  const { value } = await pageWith(url()!, 'mcp_tool_calls_total{server="notes",tool="read_note",status="error"} 1')
  expect(value('mcp_tool_calls_total{server="notes",tool="read_note",status="success"}')).toBe(1)
  expect(value('mcp_tool_calls_total{server="notes",tool="add_note",status="success"}')).toBe(1)
})

test('messaging.mjs records by hand what only it knows', async () => {
  const { url, client, page } = await example('messaging.mjs', 'modern')
  const call = (name: string, given: Record<string, unknown>) => client.callTool({ name, arguments: given })
  const send = (channel: string, to: string, body = 'hello') => call('send_message', { agent: 'a1', channel, to, body })
  for (const agent of ['a1', 'a2']) await call('provision_agent', { agent })
  await call('remove_agent', { agent: 'a2' })
  await send('sms', '+49 1')
  await send('sms', '0')
  await send('pigeon', '+49 1')
  await send('sms', '+49 1', 'long'.repeat(500))
  await call('write_reply', { about: 'an order' })
  const post = (kind: string, authorization = 'Bearer example') =>
    fetch(new URL(`/webhooks/${kind}`, url), { method: 'POST', headers: { authorization } })
  for (const kind of ['voice-started', 'voice-started', 'voice-ended', 'delivered']) await post(kind)
  expect((await post('delivered', 'Bearer wrong')).status).toBe(400)
  const { text } = await page('mcp_auth_failures_total{server="messaging",reason="bad_webhook_signature"} 1')
  const server = 'server="messaging"'
  for (const line of [
    `mcp_active_agents{${server}} 1`,
    `mcp_security_events_total{${server},type="agent_key_issued",severity="LOW"} 2`,
    `mcp_messages_sent_total{${server},channel="sms"} 1`,
    `mcp_messages_failed_total{${server},channel="sms"} 1`,
    `mcp_agent_usage_total{${server},category="messages"} 2`,
    `mcp_validation_failures_total{${server},tool="send_message",reason="unknown_channel"} 1`,
    `mcp_rate_limit_hits_total{${server},limit_type="message_size"} 1`,
    `mcp_llm_tokens_total{${server},provider="anthropic",model="claude-haiku",type="input",estimated="false"} 420`,
    `mcp_llm_cost_usd_total{${server},provider="anthropic",model="claude-haiku",estimated="false"} 0.0007`,
    `mcp_business_total{${server},name="replies_written"} 1`,
    `mcp_webhook_received_total{${server},type="voice-started"} 2`,
    `mcp_active_voice_sessions{${server}} 1`,
    `mcp_tool_calls_total{${server},tool="send_message",status="error"} 3`,
  ])
    expect(text.split('\n')).toContain(line)
  expect(text).not.toContain('+49')
})
