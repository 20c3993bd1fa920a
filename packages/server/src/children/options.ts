import { z } from 'zod'

const texts = z.record(z.string(), z.string())

/** A server that is started as a child process and speaks MCP over its standard input and output. */
export const commandEntry = z.strictObject({
  command: z
    .string()
    .min(1)
    .meta({
      description: 'Program to start: a path, or a name to look up in PATH. No shell reads it.',
      examples: ['npx'],
    }),
  args: z
    .array(z.string())
    .default([])
    .meta({ description: 'Its arguments, as they are.', examples: [['-y', '@modelcontextprotocol/server-memory']] }),
  env: texts.default({}).meta({
    description: 'Environment variables beyond the few that every server gets (PATH, HOME, LANG and the like).',
    examples: [{ LOG_LEVEL: 'warn' }],
  }),
  cwd: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'Directory to start it in; the daemon’s own where absent.', examples: ['/srv/notes'] }),
  disabled: z
    .boolean()
    .default(false)
    .meta({ description: 'Leaves this server out.', examples: [true] }),
})

/** A server that listens for MCP over Streamable HTTP, or the deprecated HTTP+SSE, somewhere else. */
export const urlEntry = z.strictObject({
  url: z.url({ protocol: /^https?$/ }).meta({
    description: 'Address of its MCP endpoint.',
    examples: ['http://127.0.0.1:3001/mcp'],
  }),
  headers: texts.default({}).meta({
    description: 'Headers for every request to it, where the client sends none of that name itself.',
    examples: [{ 'X-Tenant': 'docs' }],
  }),
  transport: z
    .enum(['http', 'sse'])
    .default('http')
    .meta({
      description:
        '`http`: Streamable HTTP. `sse`: the deprecated HTTP+SSE of 2024-11-05, with the address of its stream.',
      examples: ['sse'],
    }),
  disabled: z
    .boolean()
    .default(false)
    .meta({ description: 'Leaves this server out.', examples: [true] }),
})

/** A server's entry: a command to start, or an address. Unknown keys are errors. */
export const serverEntry = z.union([commandEntry, urlEntry])

/**
 * A server's entry as clients write it under `mcpServers`: keys that only mean something to a client (`type`,
 * `autoApprove`, `timeout` …) are read over. An address is one of the deprecated HTTP+SSE transport where `type` or
 * `transport` is `sse`, or where both are absent and its path ends with `/sse`, as that transport's servers have it:
 * clients then try both, so the entry may well lack the word.
 */
export const mcpJsonEntry = z.union([
  z.object(commandEntry.shape),
  z
    .object({ ...urlEntry.shape, type: z.unknown().optional(), transport: z.unknown().optional() })
    .transform(({ url, headers, disabled, type, transport }) => {
      const said = type ?? transport
      const isSse = said === undefined ? /\/sse\/?$/.test(new URL(url).pathname) : said === 'sse' || transport === 'sse'
      return { url, headers, transport: isSse ? ('sse' as const) : ('http' as const), disabled }
    }),
])

export type CommandEntry = z.infer<typeof commandEntry>
export type UrlEntry = z.infer<typeof urlEntry>
export type ServerEntry = z.infer<typeof serverEntry>
