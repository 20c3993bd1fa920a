// A stdio server on @modelcontextprotocol/sdk 1.x. Its metrics are on a port beside it, since stdout belongs to the protocol:
//   METRICS_PORT=9090 node examples/v1-stdio.mjs
import { instrument } from '@mcp-vitals/instrument'
import { startMetricsServer } from '@mcp-vitals/instrument/node'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { z } from 'zod'

const server = instrument(new McpServer({ name: 'notes', version: '1.0.0' }))
const notes = []

server.registerTool('add_note', { inputSchema: { text: z.string() } }, ({ text }) => {
  notes.push(text)
  return { content: [{ type: 'text', text: `Note ${notes.length} is kept.` }] }
})
server.registerTool('read_note', { inputSchema: { number: z.number().int() } }, ({ number }) => {
  const text = notes[number - 1]
  if (text === undefined) return { content: [{ type: 'text', text: `There is no note ${number}.` }], isError: true }
  return { content: [{ type: 'text', text }] }
})

startMetricsServer({ port: 9090 }).ready.then((url) => console.error(`metrics: ${url}/metrics`))
await server.connect(new StdioServerTransport())
