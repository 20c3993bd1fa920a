import { z } from 'zod'
import { secrets, shared } from '../shared/options.js'

/** An MCP server that agrees to talk. */
export const mcpOptions = z
  .strictObject({
    type: z.literal('mcp').meta({
      description:
        'Opens an MCP session (`server/discover` or `initialize`) and ends it. Give one of `server`, `url`, `command`.',
      examples: ['mcp'],
    }),
    server: z
      .string()
      .min(1)
      .optional()
      .meta({
        description:
          'Name of a server under `servers`, asked through the gateway, as a client would: that is counted as traffic.',
        examples: ['notes'],
      }),
    url: z
      .url({ protocol: /^https?$/ })
      .optional()
      .meta({ description: 'Address of an MCP endpoint (see `transport`).', examples: ['http://127.0.0.1:3001/mcp'] }),
    transport: z
      .enum(['http', 'sse'])
      .default('http')
      .meta({
        description: 'What `url` speaks. `http`: Streamable HTTP. `sse`: the deprecated HTTP+SSE.',
        examples: ['sse'],
      }),
    headers: secrets('Headers to send to `url`.', { authorization: `Bearer \${MCP_TOKEN}` }),
    command: z
      .string()
      .min(1)
      .optional()
      .meta({
        description: 'Program of a stdio server, started for each check and ended after it.',
        examples: ['npx'],
      }),
    args: z
      .array(z.string())
      .default([])
      .meta({ description: 'Arguments of `command`.', examples: [['-y', '@modelcontextprotocol/server-memory']] }),
    env: secrets('Environment variables of `command` beyond PATH, HOME, LANG and the like.', { LOG_LEVEL: 'warn' }),
    ...shared,
  })
  .refine(({ server, url, command }) => [server, url, command].filter((way) => way !== undefined).length === 1, {
    path: ['server'],
    message: 'or "url" or "command": exactly one of the three is expected, for example "notes"',
  })

export type McpOptions = z.infer<typeof mcpOptions>
