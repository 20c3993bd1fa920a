/** A host of plugins by itself, and clients at its side of the gateway. */
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Client, type ClientOptions } from '@modelcontextprotocol/client'
import type { Event, EventType } from '../../packages/instrument/src/event/index.js'
import { createChildTransport } from '../../packages/server/src/checks/mcp/transport.js'
import { pluginsEntry } from '../../packages/server/src/plugins/options.js'
import { createPluginHost, type Look } from '../../packages/server/src/sources/plugins/index.js'

export interface HostOfTest {
  /** What is there, and goes with it; the plugins lie in `plugins`. */
  readonly home: string
  readonly looks: readonly Look[]
  ofType<T extends EventType>(type: T): Extract<Event, { type: T }>[]
  /** Writes a plugin in shell. */
  write(name: string, does: string): void
  /** A client of this session, or of none. */
  open(session?: string, options?: ClientOptions): Promise<Client>
  /** What is answered to lines that no client of an SDK writes, in the order in which it comes. */
  raw(messages: readonly object[]): Promise<unknown[]>
  stop(): Promise<void>
}

/** Hosts a copy of folders of `test/fixtures`. `{home}` in a variable of the environment is where it lies. */
export function hostOf(
  fixtures: readonly string[],
  entry: { readonly env?: Record<string, string> } & Record<string, unknown> = {},
  more: { readonly patienceMs?: number } = {},
): HostOfTest {
  const home = mkdtempSync(join(tmpdir(), 'mcp-vitals-host-'))
  const env = Object.fromEntries(
    Object.entries(entry.env ?? {}).map(([key, value]) => [key, value.replace('{home}', home)]),
  )
  for (const folder of fixtures) {
    const from = fileURLToPath(new URL(`../fixtures/${folder}`, import.meta.url))
    cpSync(from, join(home, 'plugins', folder.replace(/^\w+\//, '')), { recursive: true })
  }
  const events: Event[] = []
  const looks: Look[] = []
  const clients: Client[] = []
  const host = createPluginHost({
    ...{ server: 'plugins', version: '1.0.0', now: Date.now, clock: () => performance.now(), ...more },
    entry: pluginsEntry.parse({ watch: false, ...entry, env, plugins: join(home, 'plugins') }),
    publish: (event) => void events.push(event),
    onLook: (look) => looks.push(look),
  })
  return {
    home,
    looks,
    ofType: <T extends EventType>(type: T) =>
      events.filter((event): event is Extract<Event, { type: T }> => event.type === type),
    write(name, does) {
      mkdirSync(join(home, 'plugins', name), { recursive: true })
      writeFileSync(join(home, 'plugins', name, 'cli'), `#!/bin/sh\n${does}\n`)
      chmodSync(join(home, 'plugins', name, 'cli'), 0o755)
    },
    async open(session, options) {
      const client = new Client({ name: 'test', version: '1.0.0' }, options)
      clients.push(client)
      await client.connect(createChildTransport(host.connect(session)))
      return client
    },
    async raw(messages) {
      const connection = host.connect()
      connection.stdin.write(messages.map((message) => `${JSON.stringify(message)}\n`).join(''))
      const answers: unknown[] = []
      for await (const line of createInterface(connection.stdout)) {
        answers.push(JSON.parse(line))
        if (answers.length === messages.length) break
      }
      await connection.end(0)
      return answers
    },
    async stop() {
      await Promise.all(clients.map((client) => client.close()))
      await host.stop()
      rmSync(home, { recursive: true, force: true })
    },
  }
}

export interface Answer {
  readonly content: readonly { readonly type: string; readonly text: string }[]
  readonly structuredContent?: unknown
  readonly isError?: boolean
}

/** What a tool answers: its texts in one, and the rest as it is. */
export async function called(client: Pick<Client, 'callTool'>, name: string, args: Record<string, unknown> = {}) {
  const { content, structuredContent, isError } = (await client.callTool({ name, arguments: args })) as Answer
  return { text: content.map(({ text }) => text).join('\n'), structuredContent, isError }
}
