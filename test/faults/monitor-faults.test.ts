/**
 * Faults made for real at real servers: each is judged right within one threshold, alerts once and is told once as over,
 * and is one incident. The slice of every change has the faults of connections, processes and answers at one server; the
 * long run has more servers, over stdio, HTTP and HTTP+SSE.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { freePort } from '../fixtures/databases.js'
import { until } from '../fixtures/until.js'
import { type Fault, type Front, frontOf } from './faulty-front.js'
import { PROVE, record } from './prove.js'

const PROOF = 'monitor faults'
const PATIENCE_MS = PROVE ? 240_000 : 120_000
const FAILURES = 3
/** Checks from the fault to its judgement, at most: the threshold, one that was under way, and one that ended as we looked. */
const MOST_CHECKS = FAILURES + 2
const INTERVAL_MS = 1_000
/** A check takes so long before it failed: longer than the slowest answer here. */
const TIMEOUT_MS = 15_000
/** The same of one that hangs: longer than a server that is well takes while all others start again beside it. */
const HUNG_TIMEOUT_MS = 6_000

const moduleFile = (name: string) => fileURLToPath(import.meta.resolve(name))
const EVERYTHING = moduleFile('@modelcontextprotocol/server-everything/dist/index.js')
const FASTMCP = fileURLToPath(new URL('../fixtures/fastmcp-server.mjs', import.meta.url))
const GATE = fileURLToPath(new URL('./gated-stdio.mjs', import.meta.url))

/** One fault: how it is made and undone, and what it must be judged as. */
interface Trial {
  readonly name: string
  readonly component: object
  begin(): unknown
  end(): unknown
  readonly status: 'degraded' | 'unhealthy'
  readonly words: RegExp
  /** It answers no more, which raises an alert. */
  readonly isDown: boolean
}

const home = mkdtempSync(join(tmpdir(), 'mcp-vitals-faults-'))
const closers: (() => unknown)[] = []
const trials: Trial[] = []
let daemon: RunningDaemon

async function startServer(args: readonly string[], port: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, args, { env: { ...process.env, PORT: String(port) }, stdio: 'ignore' })
  closers.push(() => child.kill('SIGKILL'))
  await until(
    async () =>
      fetch(`http://127.0.0.1:${port}/`).then(
        () => true,
        () => false,
      ),
    PATIENCE_MS,
    () => `${args.join(' ')} does not listen`,
  )
  return child
}

/** A process of its own, to be killed and stopped. */
async function addProcess(name: string, args: readonly string[], path: string, transport: 'http' | 'sse') {
  const port = await freePort()
  let child = await startServer(args, port)
  const component = { type: 'mcp', url: `http://127.0.0.1:${port}${path}`, transport, listTools: true }
  if (name.endsWith('stopped'))
    trials.push({
      ...{
        name,
        component: { ...component, timeoutMs: HUNG_TIMEOUT_MS },
        status: 'unhealthy',
        words: /no answer in time/,
      },
      ...{ isDown: true, begin: () => child.kill('SIGSTOP'), end: () => child.kill('SIGCONT') },
    })
  else
    trials.push({
      ...{ name, component, status: 'unhealthy', words: /connection refused/, isDown: true },
      begin: () => child.kill('SIGKILL'),
      async end() {
        child = await startServer(args, port)
      },
    })
}

/** `tool`: one that the server has. */
const frontFaults = (tool: string): readonly (readonly [string, Fault, Trial['status'], RegExp, boolean])[] => [
  ['refused', 'refused', 'unhealthy', /connection refused/, true],
  ['reset', 'reset', 'unhealthy', /connection closed/, true],
  ['status', 'status500', 'unhealthy', /HTTP status 500/, true],
  ['garbage', 'garbage', 'unhealthy', /not understood/, true],
  ['slow', { slowMs: 1_500 }, 'degraded', /latency 1(\.\d)?s/, false],
  ['slower', { slowMs: 6_000 }, 'unhealthy', /latency \d+(\.\d)?s/, false],
  ['tool', { lacks: tool }, 'degraded', new RegExp(`tools missing: ${tool}`), false],
]

async function addFronts(prefix: string, target: string, tool: string): Promise<void> {
  for (const [kind, fault, status, words, isDown] of frontFaults(tool)) {
    const front: Front = await frontOf(target)
    closers.push(() => front.close())
    const component = { type: 'mcp', url: front.url, listTools: true }
    const [begin, end] = [() => front.set(fault), () => front.set('well')]
    trials.push({ name: `${prefix}_${kind}`, component, begin, end, status, words, isDown })
  }
}

/** A server over stdio that ends as soon as it is started, while a file is there. */
function addStdio(name: string, args: readonly string[]): void {
  const flag = join(home, `${name}-ends`)
  trials.push({
    name,
    component: {
      type: 'mcp',
      command: process.execPath,
      args: [GATE, flag, ...args],
      listTools: true,
      intervalMs: 4_000,
    },
    ...{ status: 'unhealthy', words: /ended with status 3/, isDown: true },
    begin: () => writeFileSync(flag, ''),
    end: () => rmSync(flag),
  })
}

function certificate(days: number): { readonly key: Buffer; readonly cert: Buffer } {
  const [key, cert] = [join(home, `key-${days}.pem`), join(home, `cert-${days}.pem`)]
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const named = ['-days', String(days), '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
  execFileSync('openssl', [...made, ...named, '-keyout', key, '-out', cert], { stdio: 'ignore' })
  return { key: readFileSync(key), cert: readFileSync(cert) }
}

/** A site whose certificate is about to end. Both are of authorities that the daemon is told to trust. */
async function addCertificate(): Promise<void> {
  const [good, ending] = [certificate(60), certificate(3)]
  const site: SecureServer = createSecureServer(good, (_, response) => response.end())
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  closers.push(() => site.close())
  writeFileSync(join(home, 'trusted.pem'), Buffer.concat([good.cert, ending.cert]))
  const url = `https://127.0.0.1:${(site.address() as AddressInfo).port}/`
  trials.push({
    ...{ name: 'certificate', component: { type: 'http', url, minTlsDays: 14 }, status: 'degraded' },
    ...{ words: /days left of the certificate: [23]/, isDown: false },
    begin: () => site.setSecureContext(ending),
    end: () => site.setSecureContext(good),
  })
}

beforeAll(async () => {
  mkdirSync(join(home, 'files'))
  await addProcess('killed', [EVERYTHING, 'streamableHttp'], '/mcp', 'http')
  await addProcess('stopped', [EVERYTHING, 'streamableHttp'], '/mcp', 'http')
  const port = await freePort()
  await startServer([EVERYTHING, 'streamableHttp'], port)
  await addFronts('http', `http://127.0.0.1:${port}/mcp`, 'echo')
  addStdio('memory', [moduleFile('@modelcontextprotocol/server-memory/dist/index.js')])
  await addCertificate()
  if (PROVE) {
    await addProcess('sse_killed', [EVERYTHING, 'sse'], '/sse', 'sse')
    await addProcess('sse_stopped', [EVERYTHING, 'sse'], '/sse', 'sse')
    const fastmcp = await freePort()
    await startServer([FASTMCP, String(fastmcp)], fastmcp)
    await addFronts('fastmcp', `http://127.0.0.1:${fastmcp}/mcp`, 'add')
    addStdio('everything', [EVERYTHING, 'stdio'])
    addStdio('filesystem', [moduleFile('@modelcontextprotocol/server-filesystem/dist/index.js'), join(home, 'files')])
    addStdio('thinking', [moduleFile('@modelcontextprotocol/server-sequential-thinking/dist/index.js')])
    addStdio('calc', [moduleFile('@coo-quack/calc-mcp/dist/index.js')])
  }
  daemon = await startDaemon({
    env: { NODE_EXTRA_CA_CERTS: join(home, 'trusted.pem') },
    config: {
      series: { intervalMs: 1_000 },
      rules: { intervalMs: 1_000 },
      alerts: { groupWaitMs: 0, groupIntervalMs: 1_000 },
      monitor: {
        ...{ intervalMs: INTERVAL_MS, failureThreshold: FAILURES, concurrency: 64 },
        components: Object.fromEntries(
          trials.map(({ name, component }) => [name, { timeoutMs: TIMEOUT_MS, ...component }]),
        ),
      },
    },
  })
}, PATIENCE_MS)
afterAll(async () => {
  await daemon?.stop()
  for (const close of closers.reverse()) await close()
  rmSync(home, { recursive: true, force: true })
})

interface Entry {
  readonly what: string
  readonly labels: Readonly<Record<string, string>>
}
const get = async <T>(path: string, headers = {}) =>
  (await (await fetch(`${daemon.url}${path}`, { headers })).json()) as T
async function statuses(): Promise<
  ReadonlyMap<string, { readonly status: string; readonly reasons?: readonly string[] }>
> {
  const { components } = await get<{ components: Record<string, { status: string; reasons?: string[] }> }>('/health')
  return new Map(Object.entries(components))
}
/** Checks so far, by component. */
async function checks(): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>()
  const text = await (await fetch(`${daemon.url}/metrics`)).text()
  for (const [, name = '', count] of text.matchAll(
    /^mcp_probe_checks_total\{server="mcp-vitals",check="(\w+)",.*\} (\d+)$/gm,
  ))
    found.set(name, (found.get(name) ?? 0) + Number(count))
  return found
}

/** Waits until each is as wanted; resolves to how many checks each had by then. */
async function come(wanted: (trial: Trial) => string): Promise<ReadonlyMap<string, number>> {
  const at = new Map<string, number>()
  let seen = await statuses()
  await until(
    async () => {
      seen = await statuses()
      const fresh = trials.filter((trial) => !at.has(trial.name) && seen.get(trial.name)?.status === wanted(trial))
      const counted = fresh.length > 0 ? await checks() : undefined
      for (const trial of fresh) {
        at.set(trial.name, counted?.get(trial.name) ?? 0)
        if (wanted(trial) !== 'healthy') expect(seen.get(trial.name)?.reasons?.join()).toMatch(trial.words)
      }
      return at.size === trials.length
    },
    PATIENCE_MS,
    () =>
      `not as wanted: ${JSON.stringify(trials.filter(({ name }) => !at.has(name)).map(({ name }) => [name, seen.get(name)]))}`,
  )
  return at
}

test(
  'each fault is judged right within one threshold, alerts once, is over once, and is one incident',
  async () => {
    await come(() => 'healthy')
    const before = await checks()
    await Promise.all(trials.map((trial) => trial.begin()))
    const judged = await come(({ status }) => status)
    const needed = trials.map(({ name }) => [name, judged.get(name)! - before.get(name)!] as const)
    expect(needed.filter(([, count]) => count > MOST_CHECKS)).toEqual([])
    const token = readFileSync(join(daemon.dataDir, 'owner-token'), 'utf8').trim()
    const alerts = async () =>
      (
        await get<{ readonly entries: readonly Entry[] }>('/admin/api/alerts/history?limit=1000', {
          authorization: `Bearer ${token}`,
        })
      ).entries.filter(({ labels }) => labels.alertname === 'ComponentDown')
    const down = trials.filter(({ isDown }) => isDown).map(({ name }) => name)
    const told = async (what: string) =>
      (await alerts())
        .filter((entry) => entry.what === what)
        .map(({ labels }) => labels.check)
        .sort()
    await until(
      async () => (await told('firing')).length >= down.length,
      PATIENCE_MS,
      () => 'an alert is missing',
    )
    await Promise.all(trials.map((trial) => trial.end()))
    await come(() => 'healthy')
    await until(
      async () => (await told('resolved')).length >= down.length,
      PATIENCE_MS,
      () => 'an end is missing',
    )
    expect(await told('firing')).toEqual([...down].sort())
    expect(await told('resolved')).toEqual([...down].sort())
    const { incidents } = await get<{
      readonly incidents: readonly { readonly component: string; readonly ended: unknown }[]
    }>('/api/health/incidents')
    const ill = trials.filter(({ status }) => status === 'unhealthy').map(({ name }) => name)
    const of = (name: string) => incidents.filter(({ component }) => component === name)
    // One that comes twice shows with its times and its cause.
    expect(incidents.filter(({ component }) => of(component).length > 1)).toEqual([])
    expect(incidents.map(({ component }) => component).sort()).toEqual([...ill].sort())
    expect(incidents.filter(({ ended }) => ended === null)).toEqual([])
    record(PROOF, 'faults', trials.length)
    record(PROOF, 'most checks from a fault to its judgement', Math.max(...needed.map(([, count]) => count)))
    record(PROOF, 'alerts, and ends of alerts', `${down.length}, ${down.length}`)
  },
  4 * PATIENCE_MS,
)
