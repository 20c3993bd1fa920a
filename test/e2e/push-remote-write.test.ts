/** What is pushed by remote write, asked back of the real Prometheus and the real VictoriaMetrics, which go away meanwhile. */
import { fileURLToPath } from 'node:url'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { expect, onTestFinished, test } from 'vitest'
import { daemonOfTest, metric, type RunningDaemon } from '../fixtures/daemon.js'
import { startPrometheus } from '../fixtures/prometheus.js'
import { until } from '../fixtures/until.js'
import { startVictoria } from '../fixtures/victoria.js'
import { readExposition } from '../unit/metrics/read-exposition.js'

const EVERYTHING = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'))

/** A program that takes remote writes at an address that stays its own. */
interface Taker {
  readonly api: string
  leave(): Promise<void>
  comeBack(): Promise<void>
}

async function prometheus(): Promise<Taker> {
  const args = ['--web.enable-remote-write-receiver']
  let running = await startPrometheus({ args })
  const { folder, api } = running
  const port = Number(new URL(api).port)
  onTestFinished(() => running.stop())
  return {
    api,
    leave: () => running.kill(),
    async comeBack() {
      running = await startPrometheus({ args, folder, port })
    },
  }
}

/** It loses seconds of what it took when it is killed, and nothing when it is told to stop. */
async function victoriaMetrics(): Promise<Taker> {
  let running = await startVictoria({})
  onTestFinished(() => running.stop())
  return {
    api: running.api,
    leave: () => running.leave(),
    async comeBack() {
      running = await startVictoria({}, running)
    },
  }
}

interface Row {
  readonly metric: Readonly<Record<string, string>>
  readonly value?: readonly [number, string]
  readonly values?: readonly (readonly [number, string])[]
}

async function query(api: string, expression: string, timeSeconds?: number): Promise<readonly Row[]> {
  const parameters = new URLSearchParams({ query: expression })
  if (timeSeconds !== undefined) parameters.set('time', timeSeconds.toFixed(3))
  const answer = await fetch(`${api}/api/v1/query?${parameters}`)
  // It is not ready yet.
  if (answer.status === 503) return []
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${expression}: ${answer.status} ${text}`)
  return (JSON.parse(text) as { readonly data: { readonly result: readonly Row[] } }).data.result
}

async function calls(daemon: RunningDaemon, times: number): Promise<void> {
  const client = new Client({ name: 'somebody', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(new URL(`${daemon.url}/mcp/everything`)))
  for (let at = 0; at < times; at++) await client.callTool({ name: 'echo', arguments: { message: 'hi' } })
  await client.close()
}

const TOOL = 'mcp_tool_calls_total{tool="echo",status="success"}'
const sent = (daemon: RunningDaemon) => metric(daemon.url, 'mcp_vitals_push_items_sent_total')
const queued = (daemon: RunningDaemon) => metric(daemon.url, 'mcp_vitals_push_items_waiting')
const failed = (daemon: RunningDaemon) => metric(daemon.url, 'mcp_vitals_push_posts_failed_total')

test.each([
  ['Prometheus', prometheus],
  ['VictoriaMetrics', victoriaMetrics],
] as const)(
  '%s has what /metrics shows, and all that was counted while it was away',
  async (_, begin) => {
    const taker = await begin()
    const daemon = await daemonOfTest({
      config: {
        servers: { everything: { command: process.execPath, args: [EVERYTHING, 'stdio'] } },
        series: { instance: 'here', labels: { environment: 'test' } },
        push: { remoteWrite: { url: `${taker.api}/api/v1/write`, intervalMs: 1000 } },
      },
    })
    await calls(daemon, 3)
    const seen = async (count: string) => (await query(taker.api, TOOL))[0]?.value?.[1] === count
    await until(
      () => seen('3'),
      30_000,
      () => 'the calls did not arrive',
    )

    await taker.leave()
    const before = (await failed(daemon)) ?? 0
    await calls(daemon, 2)
    const queuedThen = (await queued(daemon)) ?? 0
    await until(
      // And samples of these calls were taken, before there are more of them.
      async () => ((await failed(daemon)) ?? 0) >= before + 3 && ((await queued(daemon)) ?? 0) > queuedThen,
      30_000,
      () => 'nothing failed, or nothing was kept',
    )
    await calls(daemon, 2)
    await taker.comeBack()
    await until(
      () => seen('7'),
      60_000,
      () => 'what was counted meanwhile did not arrive',
    )
    const sentAfter = (await sent(daemon)) ?? 0
    await until(
      async () => ((await sent(daemon)) ?? 0) > sentAfter,
      30_000,
      () => 'it does not go on',
    )

    // Every sample that was sent is there: the count that was pushed itself tells how many came before it.
    const labels = 'job="mcp-vitals",environment="test"'
    const waiting = (await query(taker.api, `mcp_vitals_push_items_waiting{${labels}}[10m]`))[0]!.values!
    const total = new Map((await query(taker.api, `mcp_vitals_push_items_sent_total{${labels}}[10m]`))[0]!.values!)
    const [at] = waiting.findLast(([, value]) => value === '0')!
    let samples = 0
    await until(
      async () => {
        const all = await query(taker.api, `{${labels}}[10m]`, at - 0.001)
        samples = all.reduce((sum, { values: found = [] }) => sum + found.length, 0)
        return samples === Number(total.get(at))
      },
      // VictoriaMetrics shows what it took after a second or two.
      10_000,
      () => `${samples} samples of ${total.get(at)}`,
    )
    expect((await query(taker.api, `sum(mcp_vitals_push_items_lost_total{${labels}})`))[0]!.value![1]).toBe('0')
    // And while it was away it was counted on.
    const values = (await query(taker.api, `${TOOL}[10m]`))[0]!.values!.map(([, value]) => Number(value))
    expect(values).toEqual([...values].sort((a, b) => a - b))
    expect(values).toContain(5)

    // The same series, with the same labels and values, as a scrape finds.
    const shown = readExposition(await (await fetch(`${daemon.url}/metrics`)).text()).filter(({ name }) =>
      /^mcp_(tool.*|requests_total|request_duration.*|server_up)$/.test(name),
    )
    const pushed = await query(
      taker.api,
      `{__name__=~"mcp_(tool.*|requests_total|request_duration.*|server_up)",${labels}}`,
    )
    const own = { job: 'mcp-vitals', instance: 'here', environment: 'test' }
    const keyOf = (name: string, found: Readonly<Record<string, string>>) => {
      const entries = Object.entries({ ...found, ...own, __name__: name }).filter(([, text]) => text !== '')
      return JSON.stringify(entries.map(([key, text]) => [key, key === 'le' ? Number(text) : text]).sort())
    }
    // VictoriaMetrics keeps decimals.
    const rounded = (value: number) => Number(value.toPrecision(10))
    const found = pushed.map(({ metric: labelled, value }) => [keyOf(labelled.__name__!, labelled), Number(value![1])])
    expect(new Map(found.map(([key, value]) => [key, rounded(value as number)]))).toEqual(
      new Map(shown.map(({ name, labels: labelled, value }) => [keyOf(name, labelled), rounded(value)])),
    )
  },
  150_000,
)
