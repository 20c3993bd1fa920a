// Hono and @modelcontextprotocol/server 2.x, with web-standard requests; on Node here, and the same elsewhere.
//   PORT=3000 node examples/v2-hono.mjs
import { serve } from '@hono/node-server'
import { instrument } from '@mcp-vitals/instrument'
import { instrumentHttp, metricsHandler } from '@mcp-vitals/instrument/http'
import { McpServer, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server'
import { Hono } from 'hono'
import { z } from 'zod'

function createServer() {
  const server = instrument(new McpServer({ name: 'words', version: '1.0.0' }))
  server.registerTool('count_words', { inputSchema: z.object({ text: z.string() }) }, ({ text }) => ({
    content: [{ type: 'text', text: String(text.match(/\S+/g)?.length ?? 0) }],
  }))
  return server
}

const app = new Hono()
app.use(instrumentHttp())
app.get('/metrics', metricsHandler())
app.all('/mcp', async (context) => {
  const transport = new WebStandardStreamableHTTPServerTransport({ sessionIdGenerator: undefined })
  await createServer().connect(transport)
  return transport.handleRequest(context.req.raw)
})

serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.env.PORT ?? 3000) }, ({ port }) =>
  console.log(`http://127.0.0.1:${port}/mcp`),
)
