import { z } from 'zod'
import { headers, STARTED_TIMEOUT_MS, secrets, timeoutOfStarts, USUAL_TIMEOUT_MS } from '../shared/options.js'

const syntheticCall = z.strictObject({
  tool: z
    .string()
    .min(1)
    .max(256)
    .meta({ description: 'Name of the tool.', examples: ['search'] }),
  arguments: z
    .record(z.string(), z.unknown())
    .default({})
    .meta({ description: 'Its arguments.', examples: [{ query: 'ping' }] }),
  expectText: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .meta({ description: 'A text that must stand in the result.', examples: ['pong'] }),
})

/** What is called to see whether it works. */
export const syntheticCalls = z
  .array(syntheticCall)
  .max(20)
  .default([])
  .meta({
    description:
      'Calls to make, one after the other: each must succeed. They are real calls; choose tools that change nothing.',
    examples: [[{ tool: 'search', arguments: { query: 'ping' }, expectText: 'pong' }]],
  })

/** An MCP server that agrees to talk. `usualTimeoutMs`: the time-out of one that is not started, where none is given. */
export const mcpOptions = <S extends z.ZodRawShape>(more: S, usualTimeoutMs = USUAL_TIMEOUT_MS) =>
  z
    .strictObject({
      type: z.literal('mcp').meta({
        description:
          'Opens an MCP session (`server/discover` or `initialize`), asks what it is told to, and ends it. Give one of `server`, `url`, `command`.',
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
        .meta({
          description: 'Address of an MCP endpoint (see `transport`).',
          examples: ['http://127.0.0.1:3001/mcp'],
        }),
      transport: z
        .enum(['http', 'sse'])
        .default('http')
        .meta({
          description: 'What `url` speaks. `http`: Streamable HTTP. `sse`: the deprecated HTTP+SSE.',
          examples: ['sse'],
        }),
      headers: headers('Headers to send to `url`.', { authorization: `Bearer \${MCP_TOKEN}` }),
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
      cwd: z
        .string()
        .min(1)
        .optional()
        .meta({ description: 'Directory to start `command` in; our own where absent.', examples: ['/srv/notes'] }),
      env: secrets('Environment variables of `command` beyond PATH, HOME, LANG and the like.', { LOG_LEVEL: 'warn' }),
      listTools: z
        .boolean()
        .default(false)
        .meta({ description: 'Whether it asks for the list of tools, too.', examples: [true] }),
      expectTools: z
        .array(z.string().min(1).max(256))
        .max(1000)
        .default([])
        .meta({ description: 'Tools that the server must list.', examples: [['search']] }),
      calls: syntheticCalls,
      ...more,
      timeoutMs: timeoutOfStarts(usualTimeoutMs),
    })
    .refine((entry) => ['server', 'url', 'command'].filter((way) => way in entry).length === 1, {
      path: ['server'],
      message: 'or "url" or "command": exactly one of the three is expected, for example "notes"',
    })
    .overwrite((entry) => {
      const { timeoutMs, command } = entry as { readonly timeoutMs?: number; readonly command?: string }
      return { ...entry, timeoutMs: timeoutMs ?? (command === undefined ? usualTimeoutMs : STARTED_TIMEOUT_MS) }
    })

export type McpOptions = z.infer<ReturnType<typeof mcpOptions<Record<never, never>>>>
