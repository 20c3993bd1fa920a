/**
 * Rules of a daemon, from the file to whom they wake: beside Debian's Prometheus, which scrapes the same daemon and evaluates
 * the same file, through faults and their ends; over a change of the file; and over kill -9.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ruleSetFile } from '../../packages/server/src/rules/index.js'
import { CLI, metric, type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { type RunningPrometheus, startPrometheus } from '../fixtures/prometheus.js'
import { until } from '../fixtures/until.js'
import { promises } from '../requirements.js'
import { between, PROVE, record, seeded } from './prove.js'

/** For one wait. */
const DEADLINE_MS = 60_000
/** For a test of several waits, some evaluations each. */
const TEST_MS = 5 * DEADLINE_MS
const PROOF = 'rules beside Prometheus'
/** How often both evaluate; both sample every second. */
const EVERY_SECONDS = PROVE ? 5 : 1
const ROUNDS = PROVE ? 8 : 1
/**
 * How far apart both may be: an evaluation, a sample, and a second by which times are told. In the short slice as much as a
 * machine may need that does much else.
 */
const APART_SECONDS = PROVE ? EVERY_SECONDS + 2 : 15
const dir = mkdtempSync(join(tmpdir(), 'mcp-vitals-rules-'))
const rulesFile = join(dir, 'rules.yml')
/** The rules that come along for every daemon, in a folder of their own: they are there from the start and do not change. */
const ownFile = join(dir, 'own', 'own.yml')
const SHOP = new URL('../fixtures/tools-server.mjs', import.meta.url).pathname
const config = {
  series: { intervalMs: 1000, instance: 'here' },
  rules: { intervalMs: EVERY_SECONDS * 1000, sets: [], files: [join(dir, '*.yml'), ownFile] },
  alerts: { groupWaitMs: 0, groupIntervalMs: 1000, groupBy: ['...'] },
}

/** The rules of the plugins, made fast, and some of ours beside them: `more` is a group of its own. */
function writeRules(more = ''): void {
  const shipped = fast('plugins')
  writeFileSync(
    rulesFile,
    `${shipped}
  - name: queues
    rules:
      - record: queue:size:sum
        expr: sum by (plugin) (mcp_queue_size)
        labels: { of: 'queues' }
      - alert: QueueSlow
        expr: queue:size:sum > 100
        for: ${4 * EVERY_SECONDS}s
        keep_firing_for: ${EVERY_SECONDS}s
        labels: { severity: critical, plugin: '{{ $labels.plugin | toUpper }}' }
        annotations: { summary: '{{ $value | humanize }} jobs' }
${more}`,
  )
}

function fast(set: 'own' | 'plugins'): string {
  return readFileSync(ruleSetFile(set), 'utf8').replace(/(for|interval): \d+[mh]\b/g, `$1: ${EVERY_SECONDS}s`)
}

let daemon: RunningDaemon
let prometheus: RunningPrometheus
let shop: ChildProcess
let shopUrl: URL

/** A server over HTTP, at a port that the system chooses, or at that of before. */
async function openShop(port = '0'): Promise<void> {
  shop = spawn(process.execPath, [SHOP, port], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(shop.stdout!, 'data')) as [Buffer]
  shopUrl = new URL(`${String(line).trim()}/json`)
}
/** A client asks something of it, by which the daemon learns at once whether it answers. */
async function askShop(): Promise<void> {
  await fetch(`${daemon.url}/mcp/shop`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
  })
}

async function tell(size: number, plugin = 'q'): Promise<void> {
  const token = readFileSync(join(daemon.dataDir, 'token'), 'utf8').trim()
  const { status } = await fetch(`${daemon.url}/v1/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      sender: { kind: 'script', name: 'app', version: '1' },
      events: [{ type: 'queue', server: 'jobs', plugin, action: 'entered', size }],
    }),
  })
  expect(status).toBe(200)
}

interface Group {
  readonly name: string
  readonly file: string
  readonly rules: readonly { readonly name: string; readonly state?: string; readonly alerts?: readonly Alert[] }[]
}
interface Alert {
  readonly labels: Readonly<Record<string, string>>
  readonly state: string
  readonly activeAt: string
  readonly value: string
}

async function api<D>(base: string, path: string): Promise<D> {
  return ((await (await fetch(`${base}/api/v1/${path}`)).json()) as { readonly data: D }).data
}
/** By name: Prometheus has them in no order. */
const alertsOf = async (base: string) =>
  [...(await api<{ alerts: readonly Alert[] }>(base, 'alerts')).alerts].sort((one, other) =>
    one.labels.alertname! < other.labels.alertname! ? -1 : 1,
  )
const groupsOf = async (base: string, query = '') =>
  (await api<{ groups: readonly Group[] }>(base, `rules${query}`)).groups
const firing = async (base: string) =>
  (await alertsOf(base))
    .filter(({ state }) => state === 'firing')
    .map(({ labels }) => labels.alertname)
    .sort()
const soon = (condition: () => boolean | Promise<boolean>) => until(condition, DEADLINE_MS, () => daemon.stdout())
const said = (event: string) => daemon.lines().filter((line) => line.event === event)

const openDaemon = () =>
  startDaemon({ config: { ...config, servers: { shop: { url: shopUrl.href } } }, dataDir: join(dir, 'state') })

beforeAll(async () => {
  mkdirSync(dirname(ownFile))
  writeFileSync(ownFile, fast('own'))
  writeRules()
  await openShop()
  daemon = await openDaemon()
  prometheus = await startPrometheus({
    config: {
      global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: `${EVERY_SECONDS}s` },
      rule_files: [rulesFile, ownFile],
      scrape_configs: [
        {
          job_name: 'mcp-vitals',
          static_configs: [{ targets: [new URL(daemon.url).host], labels: { instance: 'here' } }],
        },
      ],
    },
  })
  await tell(1)
}, DEADLINE_MS)

afterAll(async () => {
  await prometheus?.stop()
  await daemon?.stop()
  shop?.kill()
  rmSync(dir, { recursive: true, force: true })
})

/** When each alert first and last fired between two times, by the series that each of the two wrote. */
async function history(
  base: string,
  start: number,
  end: number,
): Promise<readonly { readonly alert: string; readonly from: number; readonly to: number }[]> {
  const range = new URLSearchParams({
    query: 'ALERTS{alertstate="firing"}',
    start: String(start),
    end: String(end),
    step: '1',
  })
  const { result } = await api<{
    result: readonly { metric: Record<string, string>; values: readonly [number, string][] }[]
  }>(base, `query_range?${range}`)
  return result
    .map(({ metric, values }) => ({
      alert: JSON.stringify(Object.entries(metric).sort()),
      from: values[0]![0],
      to: values.at(-1)![0],
    }))
    .sort((a, b) => a.from - b.from)
}

const RUN: Readonly<Record<string, unknown>> = {
  evaluationTime: expect.any(Number),
  lastEvaluation: expect.stringMatching(/^\d{4}-.*T.*(Z|[+-]\d\d:\d\d)$/),
}

/** What differs between two that look at the same at times of their own. */
function withoutTimes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTimes)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, part]) => [
    key,
    key in RUN ? typeof part : key === 'activeAt' ? 'a time' : withoutTimes(part),
  ])
  return Object.fromEntries(entries)
}

test(
  'the same alerts as in a real Prometheus, in the same order, with the same words, by the same API',
  async () => {
    for (const base of [daemon.url, prometheus.api])
      await soon(async () => (await groupsOf(base)).every(({ rules }) => rules.length > 0))
    const random = seeded(PROOF)
    let most = 0
    for (let round = 0; round < ROUNDS; round++) {
      if (PROVE) await new Promise((resolve) => setTimeout(resolve, between(random, 0, 2000 * EVERY_SECONDS)))
      most = Math.max(most, await fault())
    }
    record(PROOF, 'faults, the same alerts in the same order by both', ROUNDS)
    record(PROOF, `most time between both, who evaluate every ${EVERY_SECONDS} s`, most, 's')
  },
  ROUNDS * TEST_MS,
)

/** A group without times. Prometheus prints expressions anew, where ours stand as they were written: `7d` is `1w` there. */
function compared(group: Group): unknown {
  const rules = group.file === ownFile ? group.rules.map((rule) => ({ ...rule, query: 'an expression' })) : group.rules
  return withoutTimes({ ...group, rules })
}

/**
 * One fault and its end: a queue that is too long, and a server that is killed. Returns how many seconds lay between both at
 * most.
 */
async function fault(): Promise<number> {
  const start = Math.floor(Date.now() / 1000)
  await tell(150)
  // One after the other: what begins at once has no order that both must come to.
  for (const base of [daemon.url, prometheus.api])
    await soon(async () => (await firing(base)).join() === 'QueueBacklog,QueueSlow')
  shop.kill('SIGKILL')
  await once(shop, 'exit')
  await askShop()
  for (const base of [daemon.url, prometheus.api])
    await soon(async () => (await firing(base)).join() === 'QueueBacklog,QueueSlow,ServerUnreachable')
  let [ours, theirs]: (readonly Group[])[] = [[], []]
  // Each evaluates at times of its own: at one moment the one may know what the other comes to know.
  const areSame = async () => {
    ;[ours, theirs] = [await groupsOf(daemon.url), await groupsOf(prometheus.api)]
    return isDeepStrictEqual(ours.map(compared), theirs.map(compared))
  }
  await soon(areSame).catch(() => expect(ours?.map(compared)).toEqual(theirs?.map(compared)))
  expect(withoutTimes(await alertsOf(daemon.url))).toEqual(withoutTimes(await alertsOf(prometheus.api)))
  for (const { rules } of ours ?? []) for (const rule of rules) expect(rule).toMatchObject(RUN)
  await tell(1)
  await openShop(shopUrl.port)
  await askShop()
  for (const base of [daemon.url, prometheus.api]) await soon(async () => (await firing(base)).length === 0)
  const end = Math.ceil(Date.now() / 1000)
  const [here, there] = [await history(daemon.url, start, end), await history(prometheus.api, start, end)]
  expect(here.map(({ alert }) => alert)).toEqual(there.map(({ alert }) => alert))
  expect(here).toHaveLength(3)
  const apart = here.flatMap(({ from, to }, index) => [
    Math.abs(from - there[index]!.from),
    Math.abs(to - there[index]!.to),
  ])
  expect(Math.max(...apart)).toBeLessThanOrEqual(APART_SECONDS)
  return Math.max(...apart)
}

test(`what fired was told as grave as its rule says. ${promises('F7.severity.critical', 'F7.severity.warning')}`, async () => {
  await soon(() => said('alert_resolved').length >= 3)
  const told = said('alert_firing').map(({ alertname, severity }) => `${severity} ${alertname}`)
  expect([...new Set(told)].sort()).toEqual(['CRITICAL QueueSlow', 'CRITICAL ServerUnreachable', 'MEDIUM QueueBacklog'])
})

test('the filters of the API leave what was asked for', async () => {
  const names = async (query: string) =>
    (await groupsOf(daemon.url, `${query}&file[]=${rulesFile}`)).map(
      ({ name, rules }) => `${name}: ${rules.map((rule) => rule.name).join()}`,
    )
  expect(await names('?type=record')).toEqual(['queues: queue:size:sum'])
  expect(await names('?type=alert&rule_group[]=queues')).toEqual(['queues: QueueSlow'])
  expect(await names('?rule_name[]=QueueBacklog&rule_name[]=QueueSlow')).toEqual([
    'mcp-plugins: QueueBacklog',
    'queues: QueueSlow',
  ])
  expect(await groupsOf(daemon.url, '?file[]=/nowhere.yml')).toEqual([])
  // By the labels that a rule is written with: those of its alerts come of a template.
  expect(await names('?match[]={severity="warning"}&type=alert')).toEqual(['mcp-plugins: QueueBacklog,SlowResponses'])
  expect(await names('?match[]={of=~"q.*"}&match[]={severity="critical",ruleset=""}')).toEqual([
    'queues: queue:size:sum,QueueSlow',
  ])
  expect(await names('?match[]={plugin="Q"}')).toEqual([])
})

test('rules come a page at a time where that is asked for', async () => {
  type Page = { readonly groups: readonly Group[]; readonly groupNextToken?: string }
  const page = (query: string) => api<Page>(daemon.url, `rules?file[]=${rulesFile}&${query}`)
  const first = await page('group_limit=1')
  expect(first.groups.map(({ name }) => name)).toEqual(['mcp-plugins'])
  const second = await page(`group_limit=1&group_next_token=${first.groupNextToken}`)
  expect(second.groups.map(({ name }) => name)).toEqual(['queues'])
  expect(second.groupNextToken).toBeUndefined()
  // A group of which nothing is left takes no place of a page.
  expect(await page('group_limit=1&type=record')).toEqual({ groups: [expect.objectContaining({ name: 'queues' })] })
})

test.each([
  'type=both',
  'match[]=up%2B',
  'exclude_alerts=maybe',
  'group_limit=0',
  'group_limit=1&group_next_token=none',
  'group_next_token=none',
])('rules?%s is refused as Prometheus does', async (query) => {
  const answer = await fetch(`${daemon.url}/api/v1/rules?${query}`)
  expect([answer.status, ((await answer.json()) as { errorType: string }).errorType]).toEqual([400, 'bad_data'])
})

test('rules list shows them', () => {
  const env = { ...process.env, MCP_VITALS_DATA: daemon.dataDir }
  const { stdout } = spawnSync(process.execPath, [CLI, 'rules', 'list'], { encoding: 'utf8', env })
  expect(stdout).toMatch(/^.*rules\.yml, mcp-plugins: every \d s, last at 20/m)
  expect(stdout).toMatch(/^ {2}inactive {3}QueueBacklog$/m)
  expect(stdout).toMatch(/^ {2}recording {2}queue:size:sum$/m)
})

test(
  'a file that changes is read again, and what fires goes on; one that is not valid changes nothing',
  async () => {
    await tell(150)
    await soon(async () => (await firing(daemon.url)).length === 2)
    const since = (await alertsOf(daemon.url)).map(({ activeAt }) => activeAt)
    writeRules(`
  - name: more
    rules: [{ alert: Always, expr: vector(1) }]
`)
    await soon(async () => (await firing(daemon.url)).includes('Always'))
    expect((await alertsOf(daemon.url)).map(({ activeAt }) => activeAt)).toEqual(expect.arrayContaining(since))
    writeFileSync(rulesFile, 'groups: [{ name: mine, rules: [{ alert: Broken, expr: "up{" }] }]')
    await soon(() => said('config_rejected').some(({ message }) => String(message).includes('line 1, column')))
    expect(await firing(daemon.url)).toHaveLength(3)
    writeRules()
    await soon(async () => (await firing(daemon.url)).length === 2)
    const group = `${rulesFile};queues`
    expect(await metric(daemon.url, 'mcp_vitals_rule_evaluations_total', { rule_group: group })).toBeGreaterThan(5)
    expect(await metric(daemon.url, 'mcp_vitals_rule_evaluation_failures_total', { rule_group: group })).toBe(0)
    expect(await metric(daemon.url, 'mcp_vitals_rule_group_rules', { rule_group: `${rulesFile};more` })).toBeUndefined()
  },
  TEST_MS,
)

test(
  'after kill -9 what fired fires still, since when it did, and nobody is told that it began',
  async () => {
    const before = await alertsOf(daemon.url)
    await daemon.stop('SIGKILL')
    daemon = await openDaemon()
    await soon(async () =>
      (await groupsOf(daemon.url)).every(({ rules }) =>
        rules.every(({ name, state }) => state !== undefined || name.includes(':')),
      ),
    )
    await soon(
      async () =>
        ((await metric(daemon.url, 'mcp_vitals_rule_evaluations_total', { rule_group: `${rulesFile};queues` })) ?? 0) >
        3,
    )
    const times = (alerts: readonly Alert[]) =>
      alerts.map(({ labels, state, activeAt }) => [labels.alertname, state, activeAt]).sort()
    expect(times(await alertsOf(daemon.url))).toEqual(times(before))
    await tell(160)
    await soon(async () => (await alertsOf(daemon.url)).every(({ value }) => value === '1.6e+02'))
    await tell(1)
    await soon(async () => (await alertsOf(daemon.url)).length === 0)
    // What was about to be told when it was killed is told now, too.
    const queues = new Set(['QueueBacklog', 'QueueSlow'])
    await soon(() => said('alert_resolved').filter(({ alertname }) => queues.has(String(alertname))).length === 2)
    expect(said('alert_firing')).toEqual([])
  },
  TEST_MS,
)
