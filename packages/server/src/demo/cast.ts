/** Who plays in the demo: which servers there are, and what the client asks of them. */
import { fileURLToPath } from 'node:url'

export interface DemoCall {
  readonly tool: string
  readonly args: Readonly<Record<string, unknown>>
}

export interface DemoServer {
  readonly name: string
  /** `wrap`: the client starts it through `mcp-vitals wrap`. `gateway`: the daemon starts it behind `/mcp/<name>`. */
  readonly through: 'wrap' | 'gateway'
  /** Arguments to the running Node executable. */
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Asked one after the other, for ever. */
  readonly calls: readonly DemoCall[]
}

/** Official servers, where they are installed beside us (in the repository they are development dependencies). */
const OFFICIAL: readonly (Omit<DemoServer, 'args' | 'env'> & { package: string; args: readonly string[] })[] = [
  {
    name: 'everything',
    through: 'wrap',
    package: '@modelcontextprotocol/server-everything/dist/index.js',
    args: ['stdio'],
    calls: [
      { tool: 'echo', args: { message: 'hello' } },
      { tool: 'get-sum', args: { a: 2, b: 3 } },
      { tool: 'trigger-long-running-operation', args: { duration: 1, steps: 2 } },
      { tool: 'get-structured-content', args: { location: 'Chicago' } },
      { tool: 'get-sum', args: { a: 'two', b: 3 } },
      { tool: 'get-tiny-image', args: {} },
    ],
  },
  {
    name: 'memory',
    through: 'gateway',
    package: '@modelcontextprotocol/server-memory/dist/index.js',
    args: [],
    calls: [
      { tool: 'create_entities', args: { entities: [{ name: 'demo', entityType: 'note', observations: ['seen'] }] } },
      { tool: 'search_nodes', args: { query: 'demo' } },
      {
        tool: 'add_observations',
        args: { observations: [{ entityName: 'nobody', contents: ['this entity does not exist'] }] },
      },
      { tool: 'read_graph', args: {} },
      { tool: 'delete_entities', args: { entityNames: ['demo'] } },
    ],
  },
]

/** Node's options for a server whose files are for their owner alone. */
const OWNER_ONLY = ['--import', 'data:text/javascript,process.umask(0o077)']

const OWN_CALLS: readonly DemoCall[] = [
  { tool: 'add', args: { a: 2, b: 3 } },
  { tool: 'count_words', args: { text: 'every call is seen' } },
  { tool: 'write_report', args: {} },
  { tool: 'book_room', args: { people: 4 } },
]

/**
 * The servers of the demo: the official ones where both are installed, else our own small one twice, once behind each
 * kind of proxy. `dir` is a directory for what the servers write.
 */
export function castDemo(dir: string): readonly DemoServer[] {
  const official = OFFICIAL.map(({ package: file, args, ...role }) => ({ ...role, args: [installed(file), ...args] }))
  if (official.every(({ args }) => args[0] !== undefined))
    return official.map((role) => ({
      ...role,
      args: [...OWNER_ONLY, ...role.args.filter((arg) => arg !== undefined)],
      env: { MEMORY_FILE_PATH: `${dir}/memory.jsonl` },
    }))
  const own = fileURLToPath(new URL('../demo/server.js', import.meta.url))
  return [
    { name: 'demo-wrapped', through: 'wrap', args: [own], env: {}, calls: OWN_CALLS },
    { name: 'demo', through: 'gateway', args: [own], env: {}, calls: OWN_CALLS },
  ]
}

function installed(file: string): string | undefined {
  try {
    return fileURLToPath(import.meta.resolve(file))
  } catch {
    return undefined
  }
}
