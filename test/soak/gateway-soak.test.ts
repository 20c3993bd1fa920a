import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import {
  askStore,
  childrenOf,
  type DaemonProcess,
  processesOf,
  startDaemonProcess,
  temporaryDir,
} from '../faults/daemon-process.js'
import { between, oneOf, PROVE, record, seeded } from '../faults/prove.js'
import { metric } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'
import { Ledger, liveOnce, type Outcome, type Tool } from './soak-client.js'

const PROOF = 'gateway soak'
const LENGTH_MS = PROVE ? 600_000 : 6_000
/** Sessions that the long run must abandon at the least: shorter runs abandon what they can. */
const ABANDONED = PROVE ? 500 : 1
/** Clients at a time, for each of the servers. */
const WIDTH = 4
const SERVERS = ['local', 'forking', 'remote'] as const
const SERVER = fileURLToPath(new URL('./soak-server.mjs', import.meta.url))
const IDLE_MS = 4_000
/** Of the books alone: a pause of a loaded machine in a session that goes on must not close them, as they would begin anew. */
const HTTP_IDLE_MS = PROVE ? 15_000 : IDLE_MS
/** Without a bound the collector lets garbage pile up for hours, and a leak could not be told from it. Mebibytes. */
const SMALL_HEAP = ['--max-old-space-size=64', '--max-semi-space-size=2']
/**
 * How far the daemon's resident memory may rise: from the median of the second quarter of the run (the first is warm-up)
 * to the median of the last. Judged in the long run alone; a heap beyond its bound would end the daemon in any.
 */
const MAX_GROWTH_BYTES = 32 * 2 ** 20

interface Soak {
  readonly dataDir: string
  readonly daemon: DaemonProcess
  readonly url: string
  /** Changes the configuration of the running daemon. */
  change(round: number): void
}

/** An HTTP server, and a daemon with a gateway in front of it and of two stdio servers; all were looked at. */
async function begin(): Promise<Soak> {
  const dataDir = temporaryDir()
  const remote = spawn(process.execPath, [SERVER, 'http'], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void remote.kill('SIGKILL'))
  const [address] = await once(remote.stdout, 'data')
  const started = (kind: string) => ({
    command: process.execPath,
    args: [SERVER, kind],
    env: { MCP_VITALS_DATA: dataDir },
  })
  const configOf = (round: number) => ({
    servers: {
      local: started('stdio'),
      forking: started('forking'),
      remote: { url: String(address).trim() },
      ...(round % 2 === 1 && { spare: { ...started('stdio'), env: { ROUND: String(round) } } }),
    },
    gateway: {
      sessionIdleMs: IDLE_MS + round,
      httpSessionIdleMs: HTTP_IDLE_MS,
      childGraceMs: 500,
      restartMaxDelayMs: 2_000,
    },
  })
  const file = join(dataDir, 'config.json')
  writeFileSync(file, JSON.stringify(configOf(0)))
  const daemon = startDaemonProcess(dataDir, ['--config', file], SMALL_HEAP)
  const url = (await daemon.listening)!
  const looks = () => daemon.output().match(/"server_found"/g)?.length
  await until(
    () => looks() === SERVERS.length,
    30_000,
    () => daemon.output(),
  )
  return { dataDir, daemon, url, change: (round) => writeFileSync(file, JSON.stringify(configOf(round))) }
}

/** Kills a server process of the daemon now and then. Resolves to the kills. */
async function killer(pid: number, over: () => boolean): Promise<number> {
  const random = seeded(PROOF)
  let kills = 0
  while (!over()) {
    await delay(between(random, 50, 1000))
    const [first, ...more] = childrenOf(pid)
    if (first === undefined) continue
    try {
      process.kill(oneOf(random, [first, ...more]), 'SIGKILL')
      kills++
    } catch {
      // It ended by itself meanwhile.
    }
  }
  return kills
}

/** Changes the configuration now and then: a server comes and goes, and a limit is another. Resolves to the changes. */
async function changer({ change, daemon }: Soak, over: () => boolean): Promise<number> {
  const taken = () => daemon.output().match(/"config_reloaded"/g)?.length ?? 0
  let round = 0
  while (!over()) {
    change(++round)
    await until(
      () => taken() >= round,
      30_000,
      () => `change ${round} was not taken:\n${daemon.output().slice(-2000)}`,
    )
    await delay(PROVE ? 5_000 : 1_000)
  }
  return round
}

/** The most orphans that were counted at a time. */
async function orphans(url: string, over: () => boolean): Promise<number> {
  let most = 0
  while (!over()) {
    most = Math.max(most, (await metric(url, 'mcp_gateway_orphans', { server: 'forking' })) ?? 0)
    await delay(250)
  }
  return most
}

async function residentBytes(pid: number, over: () => boolean): Promise<readonly number[]> {
  const samples: number[] = []
  while (!over()) {
    await delay(250)
    samples.push(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024)
  }
  return samples
}

/** Sessions of one server, one after another. */
async function client(url: string, share: number, ledger: Ledger, over: () => boolean): Promise<void> {
  const random = seeded(PROOF, share)
  const server = SERVERS[share % SERVERS.length]!
  while (!over()) await liveOnce(url, server, random, ledger)
}

test('after many of the worst clients nothing is open, all is counted, and memory is what it was', {
  timeout: LENGTH_MS + 120_000,
}, async () => {
  const soak = await begin()
  const { dataDir, daemon, url } = soak
  const pid = daemon.process.pid!
  const ledger = new Ledger()
  const end = performance.now() + LENGTH_MS
  const over = () => performance.now() > end
  const [kills, samples, changes, mostOrphans] = await Promise.all([
    killer(pid, over),
    residentBytes(pid, over),
    changer(soak, over),
    orphans(url, over),
    ...Array.from({ length: WIDTH * SERVERS.length }, (_, index) => client(url, 1 + index, ledger, over)),
  ])
  await expectQuiet(soak)
  await expectCounted(url, ledger)
  await daemon.end('SIGTERM')
  expect(processesOf(dataDir)).toEqual([])
  expectKept(dataDir, ledger)
  expect(kills).toBeGreaterThan(0)
  expect(mostOrphans).toBeGreaterThan(0)
  expect(ledger.abandoned).toBeGreaterThanOrEqual(ABANDONED)
  record(PROOF, 'sessions', ledger.sessions)
  record(PROOF, 'sessions abandoned without DELETE', ledger.abandoned)
  record(PROOF, 'calls', ledger.count())
  for (const outcome of ['ok', 'tool_error', 'protocol_error', 'cancelled', 'process_exit', 'left'] satisfies Outcome[])
    record(PROOF, `calls that ended ${outcome}`, ledger.count(outcome))
  record(PROOF, 'server processes killed', kills)
  record(PROOF, 'orphans of killed servers, most at a time', mostOrphans)
  record(PROOF, 'changes of the configuration', changes)
  record(PROOF, 'requests turned away (no session any more, or no room)', ledger.refused)
  judgeMemory(samples)
})

/** Nothing is in flight, no session is open and no process left, once the idle limits have passed. */
async function expectQuiet({ url, daemon, dataDir }: Soak): Promise<void> {
  const gauges = ['mcp_active_sessions', 'mcp_gateway_sessions', 'mcp_gateway_children', 'mcp_gateway_orphans']
  const open = async () => ({
    inFlight: await Promise.all(SERVERS.map((server) => metric(url, 'mcp_requests_in_flight', { server }))),
    gauges: await Promise.all(
      gauges.flatMap((name) => SERVERS.map((server) => metric(url, name, { server }).then((value) => value ?? 0))),
    ),
    processes: processesOf(dataDir).filter((found) => found !== daemon.process.pid),
  })
  let last = await open()
  await until(
    async () => {
      last = await open()
      return [...last.inFlight, ...last.gauges].every((value) => value === 0) && last.processes.length === 0
    },
    60_000,
    () => `still open: ${JSON.stringify(last)}`,
  )
  expect(await (await fetch(`${url}/health`)).json()).toMatchObject({
    sessions: 0,
    store: { status: 'ok' },
  })
}

const TOOLS = ['echo', 'fail', 'slow', 'wait', 'hang', 'no-such-tool'] as const satisfies Tool[]
const FAILURES = ['tool_error', 'protocol_error', 'process_exit'] as const satisfies Outcome[]

/** `/metrics` says what the clients say. Of calls that a client left, only that they ended. */
async function expectCounted(url: string, ledger: Ledger): Promise<void> {
  for (const server of SERVERS)
    for (const tool of TOOLS) {
      const label = tool === 'no-such-tool' ? 'unknown' : tool
      const [success, error, cancelled] = await Promise.all(
        ['success', 'error', 'cancelled'].map((status) =>
          metric(url, 'mcp_tool_calls_total', { server, tool: label, status }).then((value) => value ?? 0),
        ),
      )
      const counted = { server, tool, success, failed: error! + cancelled! }
      const failed = ledger.count(server, tool) - ledger.count(server, tool, 'ok')
      expect(counted).toEqual({ server, tool, success: ledger.count(server, tool, 'ok'), failed })
      if (tool === 'hang') continue
      const failures = FAILURES.reduce((sum, outcome) => sum + ledger.count(server, tool, outcome), 0)
      expect({ server, tool, error }).toEqual({ server, tool, error: failures })
    }
}

/** The store holds an end for each start that it holds, none twice, and the outcomes that the clients saw. */
function expectKept(dataDir: string, ledger: Ledger): void {
  const [odd, sessions, calls] = askStore<Record<string, unknown>>(
    dataDir,
    `SELECT body ->> 'operation' AS operation, sum(type = 'request.started') AS started,
       sum(type = 'request.ended') AS ended
     FROM events WHERE type IN ('request.started', 'request.ended') GROUP BY 1 HAVING started > 1 OR ended <> 1`,
    `SELECT session, sum(type = 'session.opened') AS opened, sum(type = 'session.closed') AS closed FROM events
     WHERE type IN ('session.opened', 'session.closed') GROUP BY 1 HAVING opened <> 1 OR closed <> 1`,
    `SELECT server, body ->> 'name' AS tool, body ->> 'outcome' AS outcome, count(*) AS count FROM events
     WHERE type = 'request.ended' AND body ->> 'method' = 'tools/call' AND tool <> 'hang' GROUP BY 1, 2, 3`,
  )
  expect(odd).toEqual([])
  expect(sessions).toEqual([])
  const kept = new Map(calls!.map(({ server, tool, outcome, count }) => [`${server} ${tool} ${outcome}`, count]))
  const seen = new Map([...ledger.calls].filter(([key]) => !key.includes(' hang ')))
  expect(Object.fromEntries([...kept].sort())).toEqual(Object.fromEntries([...seen].sort()))
}

function judgeMemory(samples: readonly number[]): void {
  const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
  const quarter = Math.floor(samples.length / 4)
  const early = median(samples.slice(quarter, 2 * quarter))
  const late = median(samples.slice(-quarter))
  const inMebibytes = (bytes: number) => Math.round((bytes / 2 ** 20) * 10) / 10
  record(PROOF, 'resident memory, median of the second quarter', inMebibytes(early), 'MiB')
  record(PROOF, 'resident memory, median of the last quarter', inMebibytes(late), 'MiB')
  record(PROOF, 'resident memory, most', inMebibytes(Math.max(...samples)), 'MiB')
  record(PROOF, 'rise from the one to the other that would have failed', inMebibytes(MAX_GROWTH_BYTES), 'MiB')
  if (PROVE) expect(late - early).toBeLessThan(MAX_GROWTH_BYTES)
}
