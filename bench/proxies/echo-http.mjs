// The smallest Streamable HTTP server with sessions (2025-11-25): answers each POST at once, as JSON.
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'

const server = createServer((request, response) => {
  let body = ''
  request.setEncoding('utf8').on('data', (chunk) => {
    body += chunk
  })
  request.on('end', () => {
    if (request.method !== 'POST') {
      response.writeHead(request.method === 'DELETE' ? 200 : 405).end()
      return
    }
    const { id, method, params } = JSON.parse(body)
    if (id === undefined) {
      response.writeHead(202).end()
      return
    }
    const opens = method === 'initialize'
    const result = opens
      ? {
          protocolVersion: params.protocolVersion,
          capabilities: { tools: {} },
          serverInfo: { name: 'echo', version: '1' },
        }
      : { content: [{ type: 'text', text: params?.arguments?.text ?? '' }] }
    response
      .writeHead(200, { 'content-type': 'application/json', ...(opens && { 'mcp-session-id': randomUUID() }) })
      .end(JSON.stringify({ jsonrpc: '2.0', id, result }))
  })
})
server.listen(Number(process.argv[2]), '127.0.0.1', () => console.log('listening'))
