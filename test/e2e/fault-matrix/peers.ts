/** Servers whose tools are faults, over Streamable HTTP and over HTTP+SSE. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { listen } from '../gateway-harness.js'
import { FAULTS } from './table.js'

/** Larger than this, a call is `unread`: it cannot be known by its name. */
const LARGE_BYTES = 1_000_000
/** Between the comments on a stream that is not stalled, so that no limit of silence meets a slow machine. */
const COMMENT_MS = 50
const STREAM = { 'content-type': 'text/event-stream' }
const JSON_TYPE = { 'content-type': 'application/json' }
const JUNK = 'Server is listening!'

export interface FaultyServers {
  readonly http: string
  readonly sse: string
  close(): void
}

interface Request {
  readonly id?: number
  readonly method?: string
  readonly params?: { readonly name?: string }
}

export async function serveFaults(): Promise<FaultyServers> {
  const streams: Stream[] = []
  let sessions = 0
  const server = createServer(async (req, res) => {
    if (Number(req.headers['content-length'] ?? 0) > LARGE_BYTES) return
    const body = await text(req)
    const request: Request = body === '' ? {} : JSON.parse(body)
    const { pathname, searchParams } = new URL(req.url!, 'http://localhost')
    if (pathname === '/sse') streams.push(openStream(res, streams.length))
    else if (pathname === '/in') acceptPost(request, res, streams[Number(searchParams.get('stream'))]!)
    else answerPost(request, res, () => ({ 'mcp-session-id': `s-${++sessions}` }))
  })
  const origin = await listen(server)
  return {
    http: `${origin}/mcp`,
    sse: `${origin}/sse`,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

async function text(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of req) chunks.push(chunk)
  } catch {
    // Who asked is gone.
  }
  return Buffer.concat(chunks).toString()
}

const content = [{ type: 'text', text: 'done' }]

/** What a tool answers where its fault is one of messages; undefined where it is one of the connection. */
function messageOf({ id, method, params }: Request): string | undefined {
  const message = (members: object) => JSON.stringify({ jsonrpc: '2.0', id, ...members })
  if (method === 'initialize') {
    const serverInfo = { name: 'faulty', version: '1' }
    return message({ result: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo } })
  }
  if (method === 'tools/list')
    return message({
      result: { tools: Object.keys(FAULTS).map((name) => ({ name, inputSchema: { type: 'object' } })) },
    })
  switch (params?.name) {
    case 'ok':
    case 'junk':
      return message({ result: { content } })
    case 'oversize':
      return message({ result: { content, padding: 'x'.repeat(5000) } })
    case 'tool-error':
      return message({ result: { content, isError: true } })
    case 'rpc-error':
      return message({ error: { code: -32099, message: 'no' } })
    default:
      return undefined
  }
}

/** Faults of a connection that its POST shows, whatever the transport. True where it was one. */
function failPost(name: string | undefined, res: ServerResponse): boolean {
  if (name === 'reset-before') res.socket!.resetAndDestroy()
  else if (name === 'http-500') res.writeHead(500).end('it broke')
  else if (name === 'not-http') res.socket!.end('This is no HTTP.\r\n\r\n')
  else return name === 'silent'
  return true
}

function answerPost(request: Request, res: ServerResponse, newSession: () => Record<string, string>): void {
  const { method, params } = request
  if (method === undefined || method.startsWith('notifications/')) {
    res.writeHead(method === undefined ? 200 : 202).end()
    return
  }
  const name = params?.name
  const message = messageOf(request)
  if (name === 'junk') res.writeHead(200, JSON_TYPE).end(JUNK)
  else if (message !== undefined)
    res.writeHead(200, method === 'initialize' ? { ...JSON_TYPE, ...newSession() } : JSON_TYPE).end(message)
  else if (failPost(name, res)) return
  else if (name === 'head-only') res.writeHead(200, { ...JSON_TYPE, 'content-length': 100 }).flushHeaders()
  else if (name === 'reset-in-body')
    res.writeHead(200, JSON_TYPE).write('{"jsonrpc":', () => res.socket!.resetAndDestroy())
  else if (name === 'reset-in-stream' || name === 'ended-in-stream' || name === 'stalled')
    res.writeHead(200, STREAM).write(': begun\n\n', () => {
      if (name === 'reset-in-stream') res.socket!.resetAndDestroy()
      else if (name === 'ended-in-stream') res.end()
    })
}

interface Stream {
  readonly res: ServerResponse
  readonly comments: NodeJS.Timeout
}

function openStream(res: ServerResponse, number: number): Stream {
  res.writeHead(200, STREAM).write(`event: endpoint\ndata: /in?stream=${number}\n\n`)
  const comments = setInterval(() => res.write(': here\n\n'), COMMENT_MS)
  res.once('close', () => clearInterval(comments))
  return { res, comments }
}

/** A POST of HTTP+SSE: what it asks is answered on its stream. */
function acceptPost(request: Request, res: ServerResponse, { res: stream, comments }: Stream): void {
  const name = request.params?.name
  if (failPost(name, res)) return
  res.writeHead(202).end('Accepted')
  const message = messageOf(request)
  if (name === 'junk') stream.write(`data: ${JUNK}\n\n`)
  if (message !== undefined) stream.write(`event: message\ndata: ${message}\n\n`)
  else if (name === 'reset-in-stream')
    stream.write('event: message\ndata: {"json', () => stream.socket!.resetAndDestroy())
  else if (name === 'ended-in-stream') stream.end()
  else if (name === 'stalled') clearInterval(comments)
}
