// The revision of 2026-07-28, without sessions: a server for each request, which is cheap to instrument.
//   PORT=3000 node examples/modern.mjs
import { createServer } from 'node:http'
import { instrument } from '@mcp-vitals/instrument'
import { instrumentHttp, metricsHandler } from '@mcp-vitals/instrument/http'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'

const mcp = createMcpHandler(() => {
  const server = instrument(new McpServer({ name: 'clock', version: '1.0.0' }))
  server.registerTool('time_in', { inputSchema: z.object({ zone: z.string() }) }, ({ zone }) => ({
    content: [{ type: 'text', text: new Date().toLocaleTimeString('en-GB', { timeZone: zone }) }],
  }))
  return server
})

const metrics = metricsHandler()
const handle = toNodeHandler(mcp)
const listener = createServer(
  instrumentHttp((request, response) =>
    request.url === '/metrics' ? metrics(request, response) : handle(request, response),
  ),
)
listener.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () =>
  console.log(`http://127.0.0.1:${listener.address().port}/mcp`),
)
