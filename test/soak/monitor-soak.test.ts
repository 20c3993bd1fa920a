/** Healthy servers that have a lot to do are checked over and over: nobody is told that anything is wrong. */
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, expect, test } from 'vitest'
import { PROVE, record } from '../faults/prove.js'
import { type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { freePort } from '../fixtures/databases.js'
import { until } from '../fixtures/until.js'

const PROOF = 'monitor soak'
const CHECKS = PROVE ? 10_000 : 200
/** Components at each of the servers. */
const COMPONENTS = PROVE ? 30 : 10
const CLIENTS = 4
const PATIENCE_MS = PROVE ? 1_800_000 : 120_000
const EVERYTHING = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'))
const FASTMCP = fileURLToPath(new URL('../fixtures/fastmcp-server.mjs', import.meta.url))

const children: ChildProcess[] = []
let daemon: RunningDaemon | undefined
afterAll(async () => {
  await daemon?.stop()
  for (const child of children) child.kill('SIGKILL')
})

async function startServer(args: readonly string[], port: number): Promise<string> {
  const env = { ...process.env, PORT: String(port) }
  children.push(spawn(process.execPath, [...args], { env, stdio: 'ignore' }))
  const url = `http://127.0.0.1:${port}/mcp`
  await until(
    async () =>
      fetch(url).then(
        () => true,
        () => false,
      ),
    PATIENCE_MS,
    () => `${args.join(' ')} does not listen`,
  )
  return url
}

/** Calls a tool again and again through the gateway, in one session after another. */
async function load(url: string, over: () => boolean): Promise<number> {
  let calls = 0
  while (!over()) {
    const client = new Client({ name: 'load', version: '1.0.0' })
    await client.connect(new StreamableHTTPClientTransport(new URL(url)))
    for (let n = 0; n < 50 && !over(); n++, calls++)
      await client.callTool({ name: 'echo', arguments: { message: 'x'.repeat(1_000) } })
    await client.close()
  }
  return calls
}

test(
  'no alarm in thousands of checks of healthy servers under load',
  async () => {
    const [one, two] = [await freePort(), await freePort()]
    const urls = {
      everything: await startServer([EVERYTHING, 'streamableHttp'], one),
      fastmcp: await startServer([FASTMCP, String(two)], two),
    }
    const components = Object.entries(urls).flatMap(([name, url]) =>
      Array.from({ length: COMPONENTS }, (_, n) => [`${name}_${n}`, { type: 'mcp', url, listTools: true }] as const),
    )
    daemon = await startDaemon({
      config: {
        servers: { everything: { url: urls.everything } },
        ...{ series: { intervalMs: 1_000 }, rules: { intervalMs: 1_000 }, alerts: { groupWaitMs: 0 } },
        // How fast our own clients call is the machine's affair.
        anomalies: { enabled: false },
        monitor: { intervalMs: 1_000, timeoutMs: 30_000, components: Object.fromEntries(components) },
      },
    })
    const { url, dataDir } = daemon
    const checks = async () => {
      const text = await (await fetch(`${url}/metrics`)).text()
      const counts = { success: 0, error: 0 }
      for (const [, status, count] of text.matchAll(/^mcp_probe_checks_total\{.*status="(success|error)"\} (\d+)$/gm))
        counts[status as keyof typeof counts] += Number(count)
      return counts
    }
    let isOver = false
    const loads = Array.from({ length: CLIENTS }, () => load(`${url}/mcp/everything`, () => isOver))
    try {
      await until(
        async () => (await checks()).success >= CHECKS,
        PATIENCE_MS,
        () => 'the checks are too few',
      )
    } finally {
      isOver = true
    }
    const calls = (await Promise.all(loads)).reduce((sum, one) => sum + one, 0)
    const { success, error } = await checks()
    expect(error).toBe(0)
    expect(daemon.lines().filter(({ event }) => event === 'component_down')).toEqual([])
    const authorization = `Bearer ${readFileSync(join(dataDir, 'owner-token'), 'utf8').trim()}`
    const history = await fetch(`${url}/admin/api/alerts/history?limit=1000`, { headers: { authorization } })
    const { entries } = (await history.json()) as { readonly entries: readonly { readonly what: string }[] }
    expect(entries.filter(({ what }) => what === 'firing')).toEqual([])
    expect(await (await fetch(`${url}/api/health/incidents`)).json()).toMatchObject({ total: 0 })
    record(PROOF, 'checks', success)
    record(PROOF, 'calls beside them', calls)
    record(PROOF, 'alarms', 0)
  },
  PATIENCE_MS + 120_000,
)
