/** What the machine and the process do is seen in the metrics: each is made to move. Health and log files, from a daemon. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { daemonOfTest, metric, type RunningDaemon } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'
import { promises } from '../requirements.js'

const WAIT_MS = 20_000
const MIB = 1024 * 1024

async function post(daemon: RunningDaemon, events: readonly object[]): Promise<void> {
  const token = readFileSync(join(daemon.dataDir, 'token'), 'utf8').trim()
  const answer = await fetch(`${daemon.url}/v1/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ sender: { kind: 'script', name: 'plugins', version: '1' }, events }),
  })
  expect(await answer.json()).toMatchObject({ rejected: [] })
}

test(promises('E3.health.plugin', 'E3.health.queue', 'E3.health.server'), async () => {
  const daemon = await daemonOfTest({ env: { MCP_VITALS_PRESET: 'plugins' } })
  const ran = (outcome: string) => ({
    type: 'plugin',
    server: 'host',
    plugin: 'echo',
    command: 'say',
    outcome,
    durationMs: 2,
  })
  const queued = (action: string, more = {}) => ({
    type: 'queue',
    server: 'host',
    plugin: 'echo',
    action,
    size: 3,
    ...more,
  })
  await post(daemon, [
    ...['ok', 'ok', 'ok', 'tool_error'].map(ran),
    queued('entered'),
    queued('started', { waitMs: 1_500 }),
  ])
  const body = await (await fetch(`${daemon.url}/health`)).json()
  expect(body).toMatchObject({
    queue_size: 3,
    plugins: { echo: { available: true, error_rate: 0.25, executions: 4 } },
    queues: { echo: { size: 3, processing_rate: expect.any(Number), wait_seconds: { p50: 1.5, p95: 1.5 } } },
    server: { process: { pid: daemon.process.pid } },
  })
  const { plugins, server } = body as {
    plugins: { echo: { last_execution: string } }
    server: { memory: { rss_bytes: number }; cpu: { usage_percent: number } }
  }
  expect(Math.abs(Date.now() - Date.parse(plugins.echo.last_execution))).toBeLessThan(60_000)
  expect(server.memory.rss_bytes).toBeGreaterThan(10 * MIB)
  // Its share of a core since it was asked last: so it has to work, and to be asked again.
  let { usage_percent } = server.cpu
  await until(
    async () => {
      for (let i = 0; i < 50; i++) await (await fetch(`${daemon.url}/metrics`)).text()
      const asked = (await (await fetch(`${daemon.url}/health`)).json()) as { server: typeof server }
      usage_percent = asked.server.cpu.usage_percent
      return usage_percent > 0
    },
    WAIT_MS,
    () => `its CPU use is ${usage_percent} %`,
  )
})

test(promises('D8.env.log-file', 'D8.env.log-max-size', 'D8.env.log-max-files'), async () => {
  const directory = mkdtempSync('/tmp/mcp-vitals-log-')
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const file = join(directory, 'server.log')
  const daemon = await daemonOfTest({
    env: { LOG_FILE: file, LOG_MAX_SIZE: '4k', LOG_MAX_FILES: '3', LOG_LEVEL: 'debug' },
  })
  const hook = (i: number) => ({ type: 'webhook', server: 'letters', kind: `kind-${i}` })
  // More than four files of lines, so that the first ones must be gone.
  for (let from = 0; from < 300; from += 50)
    await post(
      daemon,
      Array.from({ length: 50 }, (_, i) => hook(from + i)),
    )
  await until(
    () => existsSync(file) && readFileSync(file, 'utf8').includes('kind-299'),
    WAIT_MS,
    () => `${file} has no last line: ${readdirSync(directory)}`,
  )
  await daemon.stop()
  const files = readdirSync(directory)
  expect(files.length).toBe(3)
  for (const name of files) expect(statSync(join(directory, name)).size).toBeLessThanOrEqual(4096)
  const text = files.map((name) => readFileSync(join(directory, name), 'utf8')).join('')
  expect(text).not.toContain('"kind-0"')
})

const reads = (daemon: RunningDaemon, name: string, labels: Record<string, string> = {}) =>
  metric(daemon.url, name, labels)

/** Does the work again until the metric has risen by so much. */
async function rises(
  daemon: RunningDaemon,
  name: string,
  labels: Record<string, string>,
  by: number,
  work: () => unknown,
) {
  const before = (await reads(daemon, name, labels)) ?? 0
  let now = before
  await until(
    async () => {
      await work()
      now = (await reads(daemon, name, labels)) ?? 0
      return now - before >= by
    },
    WAIT_MS,
    () => `${name} was ${before} and is ${now}`,
  )
}

test(promises('E2.metric.cpu', 'D1.metric.cpu-usage'), async () => {
  const daemon = await daemonOfTest({ config: { servers: {} } })
  const burn = () => {
    const until = Date.now() + 300
    while (Date.now() < until);
  }
  let most = 0
  await until(
    async () => {
      burn()
      most = (await reads(daemon, 'mcp_host_cpu_usage_percent'))!
      return most > 20
    },
    WAIT_MS,
    () => `a burnt core is ${most} % of the machine`,
  )
  const pages = async () => {
    for (let i = 0; i < 50; i++) await (await fetch(`${daemon.url}/metrics`)).text()
  }
  await rises(daemon, 'process_cpu_seconds_total', {}, 0.2, pages)
  await pages()
  expect(await reads(daemon, 'mcp_cpu_usage_percent')).toBeGreaterThan(1)
})

/** Sum of one column of a file of the kernel, as the test itself reads them, of the lines that are meant. */
function kernelSum(file: string, meant: RegExp, column: number): number {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => meant.test(line))
  return lines.reduce((sum, line) => sum + Number(line.trim().split(/[\s:]+/)[column]), 0)
}

/** Loopback is left out, and a test has no other network: so it is held against the kernel's own count. */
test(promises('E2.metric.network'), async () => {
  if (!existsSync('/proc/net/dev')) return console.log('this system does not tell of its network')
  const daemon = await daemonOfTest({ config: { servers: {} } })
  for (const [direction, column] of [
    ['receive', 1],
    ['transmit', 9],
  ] as const) {
    const kernel = () => kernelSum('/proc/net/dev', /^\s*(?!lo:)\S+:/, column)
    const before = kernel()
    const told = await reads(daemon, 'mcp_network_io_bytes_total', { direction })
    expect(told).toBeGreaterThanOrEqual(before)
    expect(told).toBeLessThanOrEqual(kernel())
  }
})

/** Writes through to the disk. */
function writeThrough(directory: string): void {
  const file = openSync(join(directory, 'written'), 'w')
  writeSync(file, Buffer.alloc(4 * MIB, 'x'))
  fsyncSync(file)
  closeSync(file)
}
const SECTORS = /^\s*\d+\s+\d+\s+(?:[shv]d[a-z]+|xvd[a-z]+|nvme\d+n\d+|mmcblk\d+)\s/
const writtenSectors = () => kernelSum('/proc/diskstats', SECTORS, 9)

/** Whether the kernel tells of the disk that holds temporary files. */
function diskIsTold(): boolean {
  if (!existsSync('/proc/diskstats')) return false
  const directory = mkdtempSync('/tmp/mcp-vitals-disk-')
  const before = writtenSectors()
  writeThrough(directory)
  rmSync(directory, { recursive: true })
  return writtenSectors() > before
}

test(promises('E2.metric.disk'), async () => {
  if (!diskIsTold()) return console.log('this system does not tell of the disk of temporary files')
  const daemon = await daemonOfTest({ config: { servers: {} } })
  const directory = mkdtempSync('/tmp/mcp-vitals-disk-')
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const direction = { direction: 'write' }
  await rises(daemon, 'mcp_disk_io_bytes_total', direction, 4 * MIB, () => writeThrough(directory))
  let rate = 0
  await until(
    async () => {
      writeThrough(directory)
      rate = (await reads(daemon, 'mcp_disk_io_bytes_per_second', direction))!
      return rate > 0
    },
    WAIT_MS,
    () => `the rate is ${rate}`,
  )
})
