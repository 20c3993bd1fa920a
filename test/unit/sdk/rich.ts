/** A server that uses all of the protocol, a session that does so too, and the messages of it in order. */
import { Client as ModernClient } from '@modelcontextprotocol/client'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { completable } from '@modelcontextprotocol/sdk/server/completable.js'
import { McpServer, ResourceTemplate } from '@modelcontextprotocol/sdk/server/mcp.js'
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from '@modelcontextprotocol/sdk/types.js'
import {
  McpServer as ModernServer,
  ResourceTemplate as ModernTemplate,
  completable as modernCompletable,
} from '@modelcontextprotocol/server'
import { z } from 'zod'
import type { Direction } from '../../../packages/instrument/src/mcp/index.js'
import { PAIRS } from './servers.js'

/** What one side said, as JSON. */
export type Line = readonly [from: Direction, json: string]

interface Extra {
  readonly signal?: AbortSignal
  readonly sendNotification?: (message: object) => Promise<void>
  readonly mcpReq?: { readonly signal: AbortSignal; readonly notify: (message: object) => Promise<void> }
}

const text = (value: unknown) => ({ content: [{ type: 'text' as const, text: JSON.stringify(value) }] })

function tools(inner: () => McpServer['server']) {
  return {
    echo: (args: unknown) => text(args),
    fail: () => ({ ...text('sold out'), isError: true }),
    burst: () => {
      throw new Error('burst pipe')
    },
    table: () => ({ ...text('rows'), structuredContent: { rows: Array.from({ length: 100 }, (_, i) => ({ i })) } }),
    // What a handler is given, and as what it is called.
    given(this: unknown, args: unknown, extra: Extra) {
      return text({ self: this === undefined ? 'none' : typeof this, args, extra: Object.keys(extra).sort() })
    },
    async count(_args: unknown, extra: Extra) {
      const notify = extra.sendNotification ?? extra.mcpReq?.notify
      for (const progress of [1, 2, 3])
        await notify?.({ method: 'notifications/progress', params: { progressToken: 'steps', progress, total: 3 } })
      return text('counted')
    },
    wait: (_args: unknown, extra: Extra) =>
      new Promise<ReturnType<typeof text>>((resolve) => {
        const signal = extra.signal ?? extra.mcpReq?.signal
        signal?.addEventListener('abort', () => resolve(text(`aborted: ${String(signal.reason)}`)))
      }),
    sample: async () =>
      text(
        await inner().createMessage({
          messages: [{ role: 'user', content: { type: 'text', text: 'hi' } }],
          maxTokens: 5,
        }),
      ),
    choose: async () =>
      text(
        await inner().elicitInput({
          message: 'which?',
          requestedSchema: { type: 'object', properties: { a: { type: 'string' } } },
        }),
      ),
    roots: async () => text(await inner().listRoots()),
  }
}

/** A server of the major with tools, a resource, a template, a prompt, completions and logging. */
export function richServer(major: 1 | 2): McpServer {
  const info = { name: 'rich', version: '1.0.0' }
  const options = { capabilities: { logging: {} } }
  const server = (major === 1 ? new McpServer(info, options) : new ModernServer(info, options)) as unknown as McpServer
  const object = (shape: Record<string, z.ZodType>) =>
    (major === 1 ? shape : z.object(shape)) as Record<string, z.ZodType>
  for (const [name, handler] of Object.entries(tools(() => server.server)))
    server.registerTool(name, { inputSchema: object({ a: z.string().optional() }) }, handler as never)
  server.registerResource('note', 'note://one', {}, async () => ({ contents: [{ uri: 'note://one', text: 'first' }] }))
  const complete = (value: string) => ['ada', 'alan'].filter((name) => name.startsWith(value))
  const template = new (major === 1 ? ResourceTemplate : (ModernTemplate as unknown as typeof ResourceTemplate))(
    'note://{who}',
    { list: undefined, complete: { who: complete } },
  )
  server.registerResource('notes', template, {}, async (uri) => ({ contents: [{ uri: uri.href, text: 'his' }] }))
  const choice = (major === 1 ? completable : (modernCompletable as typeof completable))(z.string(), complete)
  server.registerPrompt('greet', { argsSchema: object({ who: choice }) as never }, (({ who }: { who: string }) => ({
    messages: [{ role: 'user', content: { type: 'text', text: `Greet ${who}` } }],
  })) as never)
  return server
}

function richClient(major: 1 | 2): Client {
  const options = { capabilities: { sampling: {}, elicitation: {}, roots: {} } }
  const info = { name: 'rich client', version: '2.0.0' }
  const sampled = () => ({ model: 'm', role: 'assistant', content: { type: 'text', text: 'ho' } })
  const chosen = () => ({ action: 'accept', content: { a: 'b' } })
  const roots = () => ({ roots: [{ uri: 'file:///tmp' }] })
  if (major === 1) {
    const client = new Client(info, options)
    client.setRequestHandler(CreateMessageRequestSchema, sampled as never)
    client.setRequestHandler(ElicitRequestSchema, chosen as never)
    client.setRequestHandler(ListRootsRequestSchema, roots)
    return client
  }
  const client = new ModernClient(info, options)
  client.setRequestHandler('sampling/createMessage', sampled as never)
  client.setRequestHandler('elicitation/create', chosen as never)
  client.setRequestHandler('roots/list', roots)
  return client as unknown as Client
}

/** A whole session of a rich server, after `prepare` of the server and of the client: every message, in order. */
export async function richSession(
  major: 1 | 2,
  prepare: (server: McpServer, client: Client) => void = () => {},
): Promise<readonly Line[]> {
  const lines: Line[] = []
  const server = richServer(major)
  const client = richClient(major)
  const [near, far] = PAIRS[major].pair() as [Speaker, Speaker]
  record(near, (json) => lines.push(['client_to_server', json]))
  record(far, (json) => lines.push(['server_to_client', json]))
  prepare(server, client)
  await server.connect(far as never)
  await client.connect(near as never)
  await talk(major, client, server)
  await client.close()
  return lines
}

interface Speaker {
  send(...args: unknown[]): Promise<void>
}

function record(side: Speaker, say: (json: string) => void): void {
  const { send } = side
  side.send = function (this: unknown, ...args) {
    say(JSON.stringify(args[0]))
    return send.apply(this as Speaker, args)
  }
}

async function talk(major: 1 | 2, client: Client, server: McpServer): Promise<void> {
  await client.listTools()
  for (const name of ['echo', 'fail', 'burst', 'table', 'given', 'sample', 'choose', 'roots', 'nothing'])
    await client.callTool({ name, arguments: { a: 'b' } }).catch(String)
  await client.callTool({ name: 'echo', arguments: { a: 1 } }).catch(String)
  await client.callTool({ name: 'count', arguments: {}, _meta: { progressToken: 'steps' } })
  const abort = new AbortController()
  const options = { signal: abort.signal }
  // Version 2 has no place for a schema.
  const rest = (major === 1 ? [undefined, options] : [options]) as [undefined, typeof options]
  const waiting = client.callTool({ name: 'wait', arguments: {} }, ...rest).catch(String)
  await client.ping()
  abort.abort('enough')
  await waiting
  await client.listResources()
  await client.readResource({ uri: 'note://one' })
  await client.readResource({ uri: 'none://two' }).catch(String)
  await client.listPrompts()
  await client.getPrompt({ name: 'greet', arguments: { who: 'ada' } })
  await client.complete({ ref: { type: 'ref/prompt', name: 'greet' }, argument: { name: 'who', value: 'a' } })
  await client.setLoggingLevel('info')
  await server.server.sendLoggingMessage({ level: 'warning', data: 'careful' })
  await server.server.sendToolListChanged()
}
