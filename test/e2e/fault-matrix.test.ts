/** Each kind of failure × each pairing: what the client sees, and that `/metrics` tells of it, once, by its kind. */
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { processesOf } from '../faults/daemon-process.js'
import { CLI, type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'
import { type FaultClient, httpClient, sseClient, stdioClient } from './fault-matrix/clients.js'
import { type FaultyServers, serveFaults } from './fault-matrix/peers.js'
import { type Cell, FAULTS, type Fault, type FaultName, PAIRINGS, type Pairing } from './fault-matrix/table.js'

const FAULTY = fileURLToPath(new URL('../fixtures/faulty-stdio.mjs', import.meta.url))
/** Of the answers that never come. What goes well under a limit must go faster than this on any machine. */
const LIMIT_MS = 3_000

const NAMES = Object.keys(FAULTS) as FaultName[]
const faulty = (era: 'legacy' | 'modern') => [process.execPath, FAULTY, era, ...NAMES] as const

let servers: FaultyServers
/** By whether it limits how long an answer may take. */
let daemons: Record<'free' | 'limited', RunningDaemon>

beforeAll(async () => {
  servers = await serveFaults()
  const stdio = (era: 'legacy' | 'modern') => ({ command: process.execPath, args: faulty(era).slice(1) })
  const entries: Record<Exclude<Pairing, 'stdio wrap'>, object> = {
    'http to stdio, legacy': stdio('legacy'),
    'http to stdio, modern': stdio('modern'),
    'http to http, legacy': { url: servers.http },
    'http to http, modern': { url: servers.http },
    'sse to sse': { url: servers.sse, transport: 'sse' },
    'sse to stdio': stdio('legacy'),
  }
  const start = (limits: object) =>
    startDaemon({
      config: {
        gateway: { ...limits, maxBodyBytes: 4096, childGraceMs: 500 },
        servers: Object.fromEntries(Object.entries(entries).map(([pairing, entry]) => [labelOf(pairing), entry])),
      },
    })
  const [free, limited] = await Promise.all([
    start({}),
    start({ responseTimeoutMs: LIMIT_MS, streamIdleTimeoutMs: LIMIT_MS }),
  ])
  daemons = { free, limited }
})
afterAll(async () => {
  for (const daemon of Object.values(daemons)) {
    await daemon.stop()
    expect(processesOf(daemon.dataDir)).toEqual([])
  }
  servers.close()
})

/** What a server of this pairing is called. */
function labelOf(pairing: string): string {
  return pairing.replaceAll(/\W+/g, '-')
}

/** A client of this pairing that has begun: through us, or of the server itself. */
async function open(pairing: Pairing, daemon: RunningDaemon | undefined): Promise<FaultClient> {
  const { client, era } = PAIRINGS[pairing]
  const address = (direct: string) => (daemon ? `${daemon.url}/mcp/${labelOf(pairing)}` : direct)
  if (client === 'http') return httpClient(address(servers.http), era)
  if (client === 'sse') return sseClient(address(servers.sse))
  const wrap = [process.execPath, CLI, 'wrap', '--name', labelOf(pairing), '--'] as const
  return stdioClient(daemon ? [...wrap, ...faulty(era)] : faulty(era), daemon?.dataDir ?? '')
}

/** The series of a metric that have these labels, by another label. */
async function series(
  daemon: RunningDaemon,
  name: string,
  labels: Record<string, string>,
  by: string,
): Promise<Record<string, number>> {
  const text = await (await fetch(`${daemon.url}/metrics`)).text()
  const found: Record<string, number> = {}
  for (const line of text.split('\n')) {
    if (!line.startsWith(`${name}{`)) continue
    if (!Object.entries(labels).every(([label, value]) => line.includes(`${label}="${value}"`))) continue
    const value = Number(line.slice(line.lastIndexOf(' ') + 1))
    const key = new RegExp(`${by}="([^"]*)"`).exec(line)?.[1] ?? ''
    if (value > 0) found[key] = (found[key] ?? 0) + value
  }
  return found
}

const cells = NAMES.flatMap((fault) =>
  (Object.keys(PAIRINGS) as Pairing[]).flatMap((pairing) => {
    const cell: Cell | string = FAULTS[fault].cells[pairing]
    return typeof cell === 'string' ? [] : [{ pairing, fault, cell }]
  }),
)

test.each(cells)('$pairing: $fault', async ({ pairing, fault, cell: { seen, counted, asDirect } }) => {
  const { does, limited, large }: Fault = FAULTS[fault]
  const daemon = daemons[limited ? 'limited' : 'free']
  const server = labelOf(pairing)
  const client = await open(pairing, daemon)
  const asked = client.call(fault, large === true)
  if (does !== undefined) {
    await until(
      async () => (await series(daemon, 'mcp_queue_depth', { server }, 'server'))[server] === 1,
      20_000,
      () => 'no call',
    )
    if (does === 'cancel') await client.cancel()
    client.leave()
  }
  const saw = await asked
  expect(saw).toMatch(seen)
  client.leave()
  if (asDirect) {
    const direct = await open(pairing, undefined)
    expect(saw).toBe(await direct.call(fault, large === true))
    direct.leave()
  }
  const labels = { server, tool: fault }
  const status = ['success', 'cancelled'].includes(counted) ? counted : 'error'
  let calls: Record<string, number> = {}
  await until(
    async () => {
      calls = await series(daemon, 'mcp_tool_calls_total', labels, 'status')
      return Object.keys(calls).length > 0
    },
    20_000,
    () => 'the call never ended',
  )
  expect(calls).toEqual({ [status]: 1 })
  expect(await series(daemon, 'mcp_errors_total', labels, 'type')).toEqual(status === 'error' ? { [counted]: 1 } : {})
  expect(await series(daemon, 'mcp_timeouts_total', labels, 'tool')).toEqual(
    counted === 'timeout' ? { [fault]: 1 } : {},
  )
  expect(await series(daemon, 'mcp_queue_depth', { server }, 'server')).toEqual({})
})
