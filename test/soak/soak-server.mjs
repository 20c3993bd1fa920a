/**
 * A legacy-era server for the soak: `node soak-server.mjs stdio`, or `node soak-server.mjs http`, which prints its address.
 * `echo` answers with the process id, `fail` fails, `slow` answers a little later, `wait` and `hang` never do. The last
 * three report progress first, so that a caller knows that the call has begun. `node soak-server.mjs forking` is the first
 * with a process of its own beside it, which ignores SIGTERM and does not end by itself.
 */
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'

const TOOLS = ['echo', 'fail', 'slow', 'wait', 'hang'].map((name) => ({ name, inputSchema: { type: 'object' } }))
const text = (value) => ({ content: [{ type: 'text', text: String(value) }] })

/** Answers one request through `send`, which takes whole messages. */
function answer({ id, method, params }, send) {
  const result = (value) => send({ jsonrpc: '2.0', id, result: value })
  const refuse = (code) => send({ jsonrpc: '2.0', id, error: { code, message: 'unknown' } })
  if (method === 'initialize') {
    const serverInfo = { name: 'soak-server', version: '1.0.0' }
    return result({ protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo })
  }
  if (method === 'tools/list') return result({ tools: TOOLS })
  if (method !== 'tools/call') return refuse(-32601)
  const { name, _meta } = params
  const begin = () =>
    send({
      jsonrpc: '2.0',
      method: 'notifications/progress',
      params: { progressToken: _meta.progressToken, progress: 1 },
    })
  if (name === 'echo') return result(text(process.pid))
  if (name === 'fail') return result({ ...text('it failed'), isError: true })
  if (name === 'slow') setTimeout(() => result(text('done')), 30)
  return TOOLS.some((tool) => tool.name === name) ? begin() : refuse(-32602)
}

function serveStdio() {
  const send = (message) => process.stdout.write(`${JSON.stringify(message)}\n`)
  createInterface({ input: process.stdin }).on('line', (line) => {
    const message = JSON.parse(line)
    if (message.id !== undefined) answer(message, send)
  })
}

/** Plain answers are one JSON body, those that report progress an event stream. */
function serveHttp() {
  const streams = new Map()

  async function post(req, res) {
    let body = ''
    for await (const chunk of req) body += chunk
    const message = JSON.parse(body)
    const session = req.headers['mcp-session-id']
    if (message.method === 'notifications/cancelled') streams.get(`${session} ${message.params.requestId}`)?.end()
    if (message.id === undefined) return res.writeHead(202).end()
    const headers = message.method === 'initialize' ? { 'mcp-session-id': randomUUID() } : {}
    const key = `${session} ${message.id}`
    res.once('close', () => streams.delete(key))
    answer(message, (sent) => {
      if (res.destroyed) return
      if (sent.method !== undefined) {
        streams.set(key, res)
        res.writeHead(200, { ...headers, 'content-type': 'text/event-stream' })
      }
      if (res.headersSent) res.write(`event: message\ndata: ${JSON.stringify(sent)}\n\n`)
      else res.writeHead(200, { ...headers, 'content-type': 'application/json' }).write(JSON.stringify(sent))
      if (sent.method === undefined) res.end()
    })
  }

  const server = createServer((req, res) => {
    if (req.method === 'POST') return post(req, res)
    if (req.method === 'DELETE') return res.writeHead(200).end()
    res.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
  })
  server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/mcp`))
}

if (process.argv[2] === 'forking') spawn('sh', ['-c', 'trap "" TERM; exec sleep 900'], { stdio: 'ignore' })
if (process.argv[2] === 'http') serveHttp()
else serveStdio()
