import { isDeepStrictEqual } from 'node:util'
import { isMap, parseDocument } from 'yaml'
import { NotAsIntended } from './rewrite.js'
import { MalformedText } from './tree.js'

/** A server behind the gateway. */
export interface OwnServer {
  readonly url: string
  readonly transport?: 'sse'
}

const HEAD = `# The configuration of the mcp-vitals daemon. "mcp-vitals install" began it; it is yours to extend.
# "mcp-vitals config schema" tells every option.
`

/** The servers with an address in our configuration. Throws MalformedText. */
export function ownServers(text: string | undefined): ReadonlyMap<string, OwnServer> {
  const servers = text === undefined ? undefined : (parsed(text).toJS() as { servers?: unknown } | null)?.servers
  const entries = typeof servers === 'object' && servers !== null ? Object.entries(servers) : []
  return new Map(entries.map(([name, entry]) => [name, entry as OwnServer]))
}

/** Our configuration with these servers as well; comments stay. `text` undefined: a new one. */
export function withServers(text: string | undefined, servers: ReadonlyMap<string, OwnServer>): string {
  if (text === undefined && servers.size === 0) return `${HEAD}servers: {}\n`
  return edited(text ?? HEAD, (document, intended) => {
    for (const [name, server] of servers) {
      const node = document.createNode(server)
      if (isMap(node)) node.flow = true
      document.setIn(['servers', name], node)
      intended[name] = server
    }
  })
}

/** The same without those that still are what was put there: by name, the address. */
export function withoutServers(text: string, added: Readonly<Record<string, string>>): string {
  return edited(text, (document, intended) => {
    for (const [name, url] of Object.entries(added)) {
      if (intended[name]?.url !== url) continue
      document.deleteIn(['servers', name])
      delete intended[name]
    }
  })
}

type YamlDocument = ReturnType<typeof parseDocument>

function edited(text: string, edit: (document: YamlDocument, intended: Record<string, OwnServer>) => void): string {
  const document = parsed(text)
  const before = (document.toJS() ?? {}) as Record<string, unknown>
  const intended = { ...((before.servers ?? {}) as Record<string, OwnServer>) }
  if (before.servers === null) document.deleteIn(['servers'])
  edit(document, intended)
  const result = document.toString({ lineWidth: 0 })
  const after = (parsed(result).toJS() ?? {}) as Record<string, unknown>
  if (!isDeepStrictEqual({ ...after, servers: after.servers ?? {} }, { ...before, servers: intended }))
    throw new NotAsIntended('the new text would not say what it should')
  return text.includes('\r\n') ? result.replace(/\r?\n/g, '\r\n') : result
}

function parsed(text: string): YamlDocument {
  const document = parseDocument(text, { prettyErrors: true, logLevel: 'error' })
  const [error] = document.errors
  if (!error) return document
  const { line, col } = error.linePos?.[0] ?? { line: 1, col: 1 }
  throw new MalformedText(line, col, error.message.split('\n', 1)[0]!.replace(/ at line \d+, column \d+:?$/, ''))
}
