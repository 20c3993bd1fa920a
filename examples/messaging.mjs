// A server whose facts no protocol shows: agents, messages, webhooks, voice, tokens, money, refusals. All recorded by hand.
//   PORT=3000 node examples/messaging.mjs
import { createServer } from 'node:http'
import { instrument } from '@mcp-vitals/instrument'
import { instrumentHttp, metricsHandler } from '@mcp-vitals/instrument/http'
import * as vitals from '@mcp-vitals/instrument/record'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'

vitals.configure({ server: 'messaging' })
const CHANNELS = ['sms', 'whatsapp', 'voice']
const done = (text) => ({ content: [{ type: 'text', text }] })
const refused = (text) => ({ ...done(text), isError: true })

const mcp = createMcpHandler(() => {
  const server = instrument(new McpServer({ name: 'messaging', version: '1.0.0' }))

  server.registerTool('provision_agent', { inputSchema: z.object({ agent: z.string() }) }, ({ agent }) => {
    vitals.agentProvisioned(agent)
    vitals.securityEvent('agent_key_issued', 'LOW', { agent })
    return done(`${agent} is ready.`)
  })

  server.registerTool('remove_agent', { inputSchema: z.object({ agent: z.string() }) }, ({ agent }) => {
    vitals.agentDeprovisioned(agent)
    return done(`${agent} is gone.`)
  })

  const message = z.object({ agent: z.string(), channel: z.string(), to: z.string(), body: z.string() })
  server.registerTool('send_message', { inputSchema: message }, async ({ agent, channel, to, body }) => {
    if (!CHANNELS.includes(channel)) {
      vitals.validationFailure('unknown_channel', 'send_message', { agent })
      return refused(`channel is one of ${CHANNELS.join(', ')}.`)
    }
    if (body.length > 1600) {
      vitals.rateLimitHit('message_size', 'mcp', { agent })
      return refused('A message has at most 1,600 characters.')
    }
    vitals.agentUsage(channel === 'voice' ? 'calls' : 'messages', { agent })
    try {
      await deliver(channel, to)
      vitals.messageSent(channel, true, { agent })
      return done('Sent.')
    } catch (error) {
      vitals.messageSent(channel, false, { agent })
      vitals.recordError(error, 'send_message')
      return refused('The provider did not take it.')
    }
  })

  server.registerTool('write_reply', { inputSchema: z.object({ about: z.string() }) }, () => {
    // What the model's provider tells in its answer.
    vitals.recordLlmTokens('anthropic', 'claude-haiku', 420, 60)
    vitals.recordSpend('anthropic', 0.0007, { model: 'claude-haiku' })
    vitals.business('replies_written')
    return done('Thank you, we call back today.')
  })
  return server
})

/** Stands for the provider of messages, which does not know numbers that begin with 0. */
async function deliver(_channel, to) {
  if (to.startsWith('0')) throw new RangeError('no such number')
}

/** What the provider posts: `/webhooks/voice-started`, `/webhooks/voice-ended`, `/webhooks/delivered`. */
function webhook(request, response) {
  if (request.headers.authorization !== 'Bearer example') {
    vitals.authFailure('bad_webhook_signature')
    return response.writeHead(400).end()
  }
  const kind = request.url.split('/')[2]
  vitals.webhookReceived(kind)
  if (kind === 'voice-started') vitals.voiceStarted()
  if (kind === 'voice-ended') vitals.voiceEnded()
  response.writeHead(204).end()
}

const metrics = metricsHandler()
const handle = toNodeHandler(mcp)
const listener = createServer(
  instrumentHttp((request, response) => {
    if (request.url === '/metrics') return metrics(request, response)
    if (request.url.startsWith('/webhooks/')) return webhook(request, response)
    return handle(request, response)
  }),
)
listener.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () =>
  console.log(`http://127.0.0.1:${listener.address().port}/mcp`),
)
