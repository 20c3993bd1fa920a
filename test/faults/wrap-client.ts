/** A real client in front of a real wrap, which writes down what became of each of its calls. */
import { fileURLToPath } from 'node:url'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { CLI } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'
import { between, oneOf } from './prove.js'

const SERVER = fileURLToPath(new URL('./wrapped-server.mjs', import.meta.url))
const TIMEOUT_MS = 30_000

/** A call that the client has seen the end of. */
export interface Seen {
  /** The tool's name, of which there is no second in a run. */
  readonly name: string
  readonly outcome: 'ok' | 'tool_error' | 'protocol_error' | 'cancelled'
  /** When its answer came, or its cancellation left; `performance.now()`. */
  readonly atMs: number
}

/** One wrap's life. */
export interface Life {
  /** In the order in which they ended, one after another. */
  readonly seen: readonly Seen[]
  /** When the wrap was killed, `performance.now()`; undefined where it ended as it should. */
  readonly killedAtMs: number | undefined
}

/** Runs one wrap until `calls` calls are over; with `killed` it is then killed in the middle of more of them. */
export async function liveOnce(
  dataDir: string,
  random: () => number,
  { calls, killed }: { readonly calls: number; readonly killed: boolean },
): Promise<Life> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [CLI, 'wrap', '--name', 'wrapped', '--', process.execPath, SERVER],
    env: { ...(process.env as Record<string, string>), MCP_VITALS_DATA: dataDir },
    stderr: 'ignore',
  })
  const client = new Client({ name: 'proof', version: '1.0.0' })
  await client.connect(transport, { timeout: TIMEOUT_MS })
  const pid = transport.pid!
  const seen: Seen[] = []
  let killedAtMs: number | undefined
  const killAfterMs = between(random, 0, 20)
  for (let turn = 0; killedAtMs === undefined; turn++) {
    if (turn === calls && !killed) break
    if (turn === calls)
      setTimeout(() => {
        killedAtMs = performance.now()
        process.kill(pid, 'SIGKILL')
      }, killAfterMs)
    const call = await callOnce(client, random).catch((error: unknown) => {
      if (turn < calls) throw error
    })
    if (call) seen.push(call)
    // A burst now and then, else a client that thinks between its calls.
    if (random() < 0.3) await new Promise((resolve) => setTimeout(resolve, between(random, 1, 60)))
  }
  await client.close()
  return { seen, killedAtMs }
}

/** Counts the calls of all clients: a name is drawn once. No random letters, since some look like what is masked. */
let drawn = 0

async function callOnce(client: Client, random: () => number): Promise<Seen> {
  const kind = oneOf(random, ['ok', 'ok', 'ok', 'fail', 'unknown', 'wait'])
  const name = `${kind}-${(++drawn).toString(36)}`
  const abort = new AbortController()
  const answer = client.callTool({ name, arguments: {} }, { signal: abort.signal, timeout: TIMEOUT_MS })
  const outcome = answer.then(
    ({ isError }) => (isError ? 'tool_error' : 'ok') as Seen['outcome'],
    (error: { code?: unknown }) => {
      if (abort.signal.aborted) return 'cancelled' as const
      if (error.code === -32602) return 'protocol_error' as const
      throw error
    },
  )
  if (kind === 'wait') setTimeout(() => abort.abort('enough'), between(random, 0, 10))
  return { name, outcome: await outcome, atMs: performance.now() }
}

/** Resolves when the condition holds; rejects after a minute. */
export function eventually(condition: () => boolean | Promise<boolean>, otherwise: () => string): Promise<void> {
  return until(condition, 60_000, otherwise)
}
