// Fastify and @modelcontextprotocol/server 2.x, on Node's own requests.
//   PORT=3000 node examples/v2-fastify.mjs
import { instrument } from '@mcp-vitals/instrument'
import { instrumentHttp, metricsHandler } from '@mcp-vitals/instrument/http'
import { NodeStreamableHTTPServerTransport } from '@modelcontextprotocol/node'
import { McpServer } from '@modelcontextprotocol/server'
import fastify from 'fastify'
import { z } from 'zod'

function createServer() {
  const server = instrument(new McpServer({ name: 'units', version: '1.0.0' }))
  server.registerTool('to_celsius', { inputSchema: z.object({ fahrenheit: z.number() }) }, ({ fahrenheit }) => ({
    content: [{ type: 'text', text: (((fahrenheit - 32) * 5) / 9).toFixed(1) }],
  }))
  return server
}

const app = fastify()
app.addHook('onRequest', instrumentHttp().hook)
app.get('/metrics', metricsHandler())
app.all('/mcp', async (request, reply) => {
  reply.hijack() // the transport writes the answer
  const transport = new NodeStreamableHTTPServerTransport({ sessionIdGenerator: undefined })
  await createServer().connect(transport)
  await transport.handleRequest(request.raw, reply.raw, request.body)
})

console.log(`${await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT ?? 3000) })}/mcp`)
