/** Configuration files of clients, written as oddly as their formats allow. */
import fc from 'fast-check'

/** Words of command lines: quotes, backslashes, other scripts, what looks like ours, nothing at all. */
const word = fc.oneof(
  fc.constantFrom(
    'npx',
    '-y',
    '--',
    'wrap',
    'a b',
    '',
    'C:\\x\\y.js',
    '$' + '{workspaceFolder}/run',
    '$' + '{input:key}',
    "it's",
    '"',
    '#',
    '//',
    ']',
    ',',
  ),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
)
const command = word.filter((text) => text !== '')
const plain = fc.constantFrom<unknown>(true, false, null, 0, -1.5, 'x', [], {}, [1, [2]], { a: { b: [] } })

type Members = [string, unknown][]

const stdio: fc.Arbitrary<Members> = fc
  .record({
    command,
    args: fc.option(fc.array(word, { maxLength: 4 }), { nil: undefined }),
    rest: fc.array(plain, { maxLength: 2 }),
  })
  .chain(({ command, args, rest }) => {
    const members: Members = [['command', command], ...rest.map((value, at): [string, unknown] => [`k${at}`, value])]
    if (args) members.push(['args', args])
    return fc.shuffledSubarray(members, { minLength: members.length })
  })
const http: fc.Arbitrary<Members> = fc.constantFrom('url', 'serverUrl', 'httpUrl').map((key) => [
  [key, 'https://mcp.example.com/mcp?k=1'],
  ['headers', { Authorization: 'Bearer x' }],
])
const zed: fc.Arbitrary<Members> = stdio.map((members) => [
  ['command', Object.fromEntries(members.map(([key, value]) => [key === 'command' ? 'path' : key, value]))],
])
const odd: fc.Arbitrary<Members> = fc.constantFrom<Members>(
  [],
  [['source', 'extension']],
  [['command', 3]],
  [
    ['command', 'x'],
    ['args', ['a', 1]],
  ],
)

const name = fc.oneof(
  fc.constantFrom('memory', 'a b', 'ünicode', 'x/y', 'args', 'command'),
  fc.stringMatching(/^[a-z]{1,6}$/),
)

export interface Server {
  readonly name: string
  readonly members: Members
}

const serversOf = (entry: fc.Arbitrary<Members>): fc.Arbitrary<Server[]> =>
  fc.uniqueArray(fc.record({ name, members: entry }), { selector: (server) => server.name, maxLength: 4 })

// ---- JSON with comments

const gap = fc.constantFrom('', '', ' ', '\n  ', '\r\n\t', '/* , "x": [ */', ' // ] }\n', '  ')

/** Text of a value, each gap taken from a stream of oddities. */
function jsonc(value: unknown, next: () => string, trailing: () => boolean): string {
  const list = (open: string, close: string, parts: string[]) => {
    const last = parts.length > 0 && trailing() ? `,${next()}` : ''
    return open + parts.map((part) => next() + part + next()).join(',') + last + close
  }
  if (Array.isArray(value))
    return list(
      '[',
      ']',
      value.map((item) => jsonc(item, next, trailing)),
    )
  if (value instanceof Map || (typeof value === 'object' && value !== null)) {
    const entries = value instanceof Map ? [...value.entries()] : Object.entries(value)
    return list(
      '{',
      '}',
      entries.map(([key, item]) => `${JSON.stringify(key)}${next()}:${next()}${jsonc(item, next, trailing)}`),
    )
  }
  return typeof value === 'string' && trailing() ? escaped(value) : JSON.stringify(value)
}

/** Every character as an escape. */
function escaped(text: string): string {
  return `"${text.replace(/[\s\S]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)}"`
}

export const jsoncDocument: fc.Arbitrary<{ readonly text: string; readonly servers: Server[] }> = fc
  .record({
    servers: serversOf(fc.oneof({ weight: 4, arbitrary: stdio }, http, zed, odd)),
    other: fc.array(plain, { maxLength: 3 }),
    gaps: fc.array(gap, { minLength: 1, maxLength: 40 }),
    flags: fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }),
  })
  .map(({ servers, other, gaps, flags }) => {
    let [at, turn] = [0, 0]
    const next = () => gaps[at++ % gaps.length]!
    const trailing = () => flags[turn++ % flags.length]!
    const document = new Map<string, unknown>(other.map((value, index) => [`other${index}`, value]))
    document.set('mcpServers', new Map(servers.map((server) => [server.name, new Map(server.members)])))
    document.set('last', 'kept')
    return { text: next() + jsonc(document, next, trailing) + next(), servers }
  })

// ---- TOML

const isBare = (text: string) => /^[\w-]+$/.test(text) && /^[\x20-\x7e]+$/.test(text)
const basic = (text: string) => JSON.stringify(text).replaceAll('\x7f', '\\u007f')
const key = (text: string) => (isBare(text) ? text : basic(text))

function tomlString(text: string, style: number): string {
  const isLiteral = !/['\p{Cc}]/u.test(text)
  if (style % 3 === 1 && isLiteral) return `'${text}'`
  if (style % 3 === 2) return `""${basic(text)}""`
  return basic(text)
}

const tomlMembers: fc.Arbitrary<Members> = fc.oneof(
  { weight: 4, arbitrary: stdio },
  http,
  fc.constant<Members>([['enabled', false]]),
)

/** One server, as a table, an inline table or dotted keys. */
const tomlServer = fc
  .record({
    members: tomlMembers,
    form: fc.nat(2),
    styles: fc.array(fc.nat(5), { minLength: 1, maxLength: 9 }),
    eol: fc.constantFrom('\n', '\r\n'),
  })
  .map(({ members, form, styles, eol }) => {
    let at = 0
    const style = () => styles[at++ % styles.length]!
    const value = (item: unknown, isInline: boolean): string => {
      if (typeof item === 'string') return tomlString(item, style())
      if (Array.isArray(item)) {
        const parts = item.map((part) => value(part, isInline))
        const isWide = style() % 2 === 1
        return isWide
          ? `[${eol}  ${parts.map((part) => `${part}, # ] "`).join(`${eol}  `)}${eol}]`
          : `[ ${parts.join(' , ')}]`
      }
      if (typeof item === 'object' && item !== null)
        return `{ ${Object.entries(item)
          .map(([name, part]) => `${key(name)} = ${value(part, true)}`)
          .join(', ')} }`
      return item === null ? '2026-11-21 07:32:00Z' : String(item)
    }
    return {
      members,
      text: (name: string) => {
        if (form === 1)
          return `[mcp_servers]${eol}${key(name)} = {${members.map(([member, item]) => ` ${member} = ${value(item, true)}`).join(' ,')} }${eol}`
        if (form === 2)
          return `[ mcp_servers . ${key(name)} ] # [x]${eol}${members.map(([member, item]) => `  ${member}= ${value(item, false)} # = "${eol}`).join('')}`
        return `[mcp_servers.${key(name)}]${eol}${members.map(([member, item]) => `${member} = ${value(item, false)}${eol}${eol}`).join('')}`
      },
    }
  })

export const tomlDocument: fc.Arbitrary<{ readonly text: string; readonly servers: Server[] }> = fc
  .record({
    servers: fc.uniqueArray(fc.record({ name, server: tomlServer }), { selector: (one) => one.name, maxLength: 3 }),
    head: fc.constantFrom(
      '',
      'model = "x" # y\n',
      "'quoted key'.b = [[1], {a = 2}]\n",
      'text = """\n[mcp_servers.fake]\ncommand = "no"\n"""\n',
      'day = 1979-05-27T07:32:00Z\n',
    ),
    tail: fc.constantFrom('', '[[list]]\na = 1\n[[list]]\na = 2\n', '[profiles.x]\nmcp_servers.y.command = "no"'),
    isDotted: fc.boolean(),
  })
  .map(({ servers, head, tail, isDotted }) => {
    const [first, ...rest] = servers
    // At most one server may stand in a table that is named twice otherwise.
    const texts = servers.map(({ name, server }) => server.text(name))
    const inline = texts.filter((text) => text.startsWith('[mcp_servers]'))
    const merged = inline.map((text) => text.replace(/^\[mcp_servers\]\r?\n/, ''))
    const tables = texts.filter((text) => !text.startsWith('[mcp_servers]'))
    const section = merged.length > 0 ? [`[mcp_servers]\n${merged.join('')}`] : []
    const dotted = isDotted && first && rest.length === 0 && inline.length === 0
    const body = dotted
      ? first.server.members
          .map(([member, item]) =>
            typeof item === 'string' ? `mcp_servers.${key(first.name)}.${member} = ${basic(item)}\n` : '',
          )
          .join('')
      : [...section, ...tables].join('')
    const kept = dotted ? first.server.members.filter(([, item]) => typeof item === 'string') : undefined
    const all = servers.map(({ name, server }) => ({ name, members: kept ?? server.members }))
    return { text: head + body + tail, servers: all }
  })
