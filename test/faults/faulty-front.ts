/** A front of a real server over HTTP that can be made to fail in the ways in which networks and servers do. */
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** `slowMs`: how long it takes to list tools. `lacks`: a tool that is not listed. */
export type Fault =
  | 'well'
  | 'refused'
  | 'reset'
  | 'status500'
  | 'garbage'
  | { readonly slowMs: number }
  | { readonly lacks: string }

export interface Front {
  readonly url: string
  set(fault: Fault): Promise<void>
  close(): Promise<void>
}

/** Puts a front before the server at `target`, with the same path. */
export async function frontOf(target: string): Promise<Front> {
  const { port: targetPort, pathname } = new URL(target)
  let fault: Fault = 'well'
  const sockets = new Set<Socket>()
  const server = createServer((asked, answer) => {
    answerAs(fault, Number(targetPort), asked, answer).catch(() => answer.destroy())
  })
  server.on('connection', (socket) => {
    if (fault === 'reset') return void socket.resetAndDestroy()
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
  })
  const end = async () => {
    const ended = new Promise((resolve) => server.close(resolve))
    for (const socket of sockets) socket.destroy()
    await ended
  }
  await listen(server, 0)
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}${pathname}`,
    async set(next) {
      const before = fault
      fault = next
      // What is open already would hide a fault of the next connection.
      for (const socket of sockets) socket.destroy()
      if (next === 'refused') await end()
      else if (before === 'refused') await listen(server, port)
    },
    async close() {
      if (fault !== 'refused') await end()
    },
  }
}

const listen = (server: Server, port: number) =>
  new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))

async function answerAs(fault: Fault, port: number, asked: IncomingMessage, answer: ServerResponse): Promise<void> {
  if (fault === 'status500') return void answer.writeHead(500).end('broken')
  if (fault === 'garbage') return void answer.writeHead(200, { 'content-type': 'application/json' }).end('{"jsonrpc":')
  const chunks: Buffer[] = []
  for await (const chunk of asked) chunks.push(chunk as Buffer)
  const body = Buffer.concat(chunks)
  const isList = body.includes('"tools/list"')
  if (isList && typeof fault === 'object' && 'slowMs' in fault)
    await new Promise((resolve) => setTimeout(resolve, fault.slowMs))
  const { method, url: path, headers } = asked
  const sent = request({ host: '127.0.0.1', port, method, path, headers }, (found) => {
    if (!isList || typeof fault !== 'object' || !('lacks' in fault)) {
      answer.writeHead(found.statusCode ?? 502, found.headers)
      found.pipe(answer)
      return
    }
    let text = ''
    found.setEncoding('utf8').on('data', (chunk) => {
      text += chunk
    })
    found.on('end', () => {
      const { 'content-length': _, ...kept } = found.headers
      answer.writeHead(found.statusCode ?? 502, kept).end(without(fault.lacks, text))
    })
  })
  sent.on('error', () => answer.destroy())
  answer.on('close', () => sent.destroy())
  sent.end(body)
}

/** The answer, whether JSON or a stream of events, without a tool. */
function without(tool: string, text: string): string {
  const cut = (json: string) => {
    const message = JSON.parse(json) as { readonly result?: { tools: readonly { readonly name: string }[] } }
    if (message.result) message.result.tools = message.result.tools.filter(({ name }) => name !== tool)
    return JSON.stringify(message)
  }
  return text.startsWith('{')
    ? cut(text)
    : text.replace(/^data: (\{.*\})$/gm, (_, json: string) => `data: ${cut(json)}`)
}
