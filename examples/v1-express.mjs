// Streamable HTTP with sessions: Express and @modelcontextprotocol/sdk 1.x.
//   PORT=3000 node examples/v1-express.mjs
import { randomUUID } from 'node:crypto'
import { instrument } from '@mcp-vitals/instrument'
import { instrumentHttp, metricsHandler } from '@mcp-vitals/instrument/http'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import express from 'express'
import { z } from 'zod'

function createServer() {
  const server = instrument(new McpServer({ name: 'dice', version: '1.0.0' }))
  server.registerTool('roll', { inputSchema: { sides: z.number().int().min(2) } }, ({ sides }) => ({
    content: [{ type: 'text', text: String(1 + Math.floor(Math.random() * sides)) }],
  }))
  return server
}

const app = express()
app.use(instrumentHttp()) // before everything else, so that it sees what others refuse
app.get('/metrics', metricsHandler())

const sessions = new Map()
app.all('/mcp', express.json(), async (request, response) => {
  const id = request.headers['mcp-session-id']
  let transport = sessions.get(id)
  if (id && !transport) return void response.status(404).send('This session is over.')
  if (!transport) {
    transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (made) => sessions.set(made, transport),
      onsessionclosed: (gone) => sessions.delete(gone),
    })
    await createServer().connect(transport)
  }
  await transport.handleRequest(request, response, request.body)
})

const listener = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () =>
  console.log(`http://127.0.0.1:${listener.address().port}/mcp`),
)
