import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { JSONC } from '../../packages/server/src/install/jsonc.js'
import { type Rewritten, type Shape, unwrapAll, wrapAll } from '../../packages/server/src/install/rewrite.js'
import { TOML } from '../../packages/server/src/install/toml.js'
import { jsoncDocument, type Server, tomlDocument } from './install-documents.js'

const wrapper = {
  node: '/usr/bin/node',
  main: '/opt/mcp-vitals/dist/cli/main.js',
  dataDir: undefined,
  needsShell: () => false,
}
const address = (url: string) => url.startsWith('http://127.0.0.1:9464/mcp/')
const gateway = {
  route: (entry: { name: string }, http: { address: string }) =>
    address(http.address)
      ? ({ why: 'is', state: 'watched' } as const)
      : { url: `http://127.0.0.1:9464/mcp/${encodeURIComponent(entry.name)}` },
}

const FORMATS = [
  {
    name: 'JSON with comments',
    shape: { format: JSONC, servers: [['mcpServers']] },
    document: jsoncDocument,
    at: 'mcpServers',
    remark: '\n/* edited */',
  },
  {
    name: 'TOML',
    shape: { format: TOML, servers: [['mcp_servers']] },
    document: tomlDocument,
    at: 'mcp_servers',
    remark: '\n# edited',
  },
] as const

describe.each(FORMATS)('any file in $name', ({ shape, document, at, remark }) => {
  const wrap = (text: string): Rewritten => wrapAll(text, shape as Shape, wrapper, gateway)
  const unwrap = (text: string, former?: string) =>
    unwrapAll(text, shape as Shape, former === undefined ? undefined : { text: former, shape: shape as Shape }, address)
      .text
  const parsed = (text: string) => shape.format.parse(text).value as Record<string, unknown>

  test('is the same bytes after install and uninstall', () => {
    fc.assert(
      fc.property(document, ({ text }) => {
        expect(unwrap(wrap(text).text, text)).toBe(text)
      }),
      { numRuns: 500 },
    )
  })

  test('keeps what a person wrote into it between the two', () => {
    fc.assert(
      fc.property(document, ({ text }) => {
        expect(unwrap(wrap(text).text + remark, text)).toBe(text + remark)
      }),
      { numRuns: 200 },
    )
  })

  test('is the same after a second install', () => {
    fc.assert(
      fc.property(document, ({ text }) => {
        const once = wrap(text).text
        expect(wrap(once)).toMatchObject({ text: once, changes: [] })
      }),
      { numRuns: 300 },
    )
  })

  test('says the same after install, but for the entries, and these run what they ran', () => {
    fc.assert(
      fc.property(document, ({ text, servers }) => {
        const { [at]: before = {}, ...othersBefore } = parsed(text)
        const { [at]: after = {}, ...othersAfter } = parsed(wrap(text).text)
        expect(othersAfter).toEqual(othersBefore)
        for (const server of servers) {
          const [was, is] = [before, after].map((all) => (all as Record<string, Entry>)[server.name] ?? {}) as [
            Entry,
            Entry,
          ]
          expect(is).toEqual(expectedOf(server, was))
        }
      }),
      { numRuns: 500 },
    )
  })

  test('without the bytes of before, is undone by what its entries say', () => {
    fc.assert(
      fc.property(document, ({ text }) => {
        const commands = (value: string) =>
          Object.values((parsed(value)[at] ?? {}) as Record<string, Entry>).map(wordsOf)
        expect(commands(unwrap(wrap(text).text))).toEqual(commands(text))
      }),
      { numRuns: 200 },
    )
  })
})

type Entry = Record<string, unknown>

/** A command line, whichever way an entry has it. */
function wordsOf({ command, args }: Entry): unknown {
  if (typeof command === 'object' && command !== null)
    return wordsOf({ command: (command as Entry).path, args: (command as Entry).args })
  return typeof command === 'string' ? [command, ...((args as unknown[]) ?? [])] : undefined
}

/** What install makes of an entry, told a second time. */
function expectedOf({ name }: Server, was: Entry): Entry {
  const label = name.replace('/', '-')
  const inFront = ['/opt/mcp-vitals/dist/cli/main.js', 'wrap', '--name', label, '--']
  const wrapped = (entry: Entry, key: string): Entry => {
    const args = (entry.args ?? []) as unknown[]
    const isText = [entry[key], ...args].every((word) => typeof word === 'string')
    return isText ? { ...entry, [key]: '/usr/bin/node', args: [...inFront, entry[key], ...args] } : entry
  }
  if (typeof was.command === 'string') return wrapped(was, 'command')
  if (typeof was.command === 'object' && was.command !== null && 'path' in was.command)
    return { ...was, command: wrapped(was.command as Entry, 'path') }
  const key = ['url', 'serverUrl', 'httpUrl'].find((word) => typeof was[word] === 'string' && was.command === undefined)
  return key ? { ...was, [key]: `http://127.0.0.1:9464/mcp/${encodeURIComponent(name)}` } : was
}
