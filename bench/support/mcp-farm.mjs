/**
 * Many small MCP servers in one process, at `/<n>/mcp`: those of even numbers with sessions (2025-11-25), those of odd
 * ones without (2026-07-28). Prints its port; on SIGUSR2 it prints `{count, worstGapMs}` of the lists of tools that were
 * asked for since the last one: how often, and the longest time between two at one server.
 */
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'

const schema = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] }
const tools = Array.from({ length: 5 }, (_, n) => ({
  name: `tool_${n}`,
  description: `Does ${n}`,
  inputSchema: schema,
}))
const info = { name: 'farm', version: '1.0.0' }
const capabilities = { tools: {} }

let asked = new Map()
let count = 0
let worstGapMs = 0

function noteList(server) {
  const now = performance.now()
  count++
  if (asked.has(server)) worstGapMs = Math.max(worstGapMs, now - asked.get(server))
  asked.set(server, now)
}

function answerOf(server, { method }) {
  const isModern = server % 2 === 1
  const more = isModern ? { resultType: 'complete', ttlMs: 0, cacheScope: 'private' } : {}
  switch (method) {
    case 'server/discover':
      if (!isModern) return undefined
      return { ...more, supportedVersions: ['2026-07-28'], capabilities, serverInfo: info, instructions: '' }
    case 'initialize':
      return isModern ? undefined : { protocolVersion: '2025-11-25', capabilities, serverInfo: info }
    case 'tools/list':
      noteList(server)
      return { ...more, tools }
    default:
      return undefined
  }
}

const server = createServer((request, response) => {
  const number = Number(/^\/(\d+)\/mcp$/.exec(request.url)?.[1])
  if (request.method !== 'POST') return response.writeHead(request.method === 'DELETE' ? 200 : 405).end()
  let text = ''
  request.setEncoding('utf8').on('data', (chunk) => {
    text += chunk
  })
  request.on('end', () => {
    const message = JSON.parse(text)
    if (message.id === undefined) return response.writeHead(202).end()
    const result = answerOf(number, message)
    const body =
      result === undefined
        ? { jsonrpc: '2.0', id: message.id, error: { code: -32601, message: 'Method not found' } }
        : { jsonrpc: '2.0', id: message.id, result }
    const session = message.method === 'initialize' && number % 2 === 0 ? { 'mcp-session-id': randomUUID() } : {}
    response.writeHead(200, { 'content-type': 'application/json', ...session }).end(JSON.stringify(body))
  })
})
process.on('SIGUSR2', () => {
  process.stdout.write(`${JSON.stringify({ count, worstGapMs })}\n`)
  asked = new Map()
  count = 0
  worstGapMs = 0
})
// A client sends its next request just as a connection ends that waited too long.
server.keepAliveTimeout = 120_000
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`))
