/** The doctor beside a daemon whose traffic is ill: calls that fail and are late, a queue that grows, clients that are refused. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Finding, meetDaemon } from '../../packages/server/src/doctor/index.js'
import { daemonOfTest, type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { ask, call, HELLO } from '../fixtures/door-clients.js'
import { findings, patient } from '../fixtures/patient.js'
import { until } from '../fixtures/until.js'
import { promises } from '../requirements.js'

const AGENCY = fileURLToPath(new URL('../fixtures/agency-server.mjs', import.meta.url))
const WAIT_MS = 40_000
const log = { file: 'mcp.log' }
let daemon: RunningDaemon

beforeAll(async () => {
  daemon = await startDaemon({
    config: { servers: { desk: { command: process.execPath, args: [AGENCY] } }, log, series: { intervalMs: 1000 } },
  })
})
afterAll(async () => void (await daemon.stop()))

async function found(name: string, { dataDir, home } = daemon): Promise<readonly Finding[]> {
  const seen = await meetDaemon(dataDir, new AbortController().signal)
  const load = { env: {}, file: `${home}/config.json` }
  return findings(name, patient(home, { dataDir, daemon: seen, load }))
}

/** Does it again and again, since a rate needs samples, until the doctor finds something of this. */
async function finding(
  name: string,
  subject: string,
  make: () => Promise<unknown>,
  isOne: (finding: Finding) => boolean = () => true,
): Promise<Finding> {
  let last: readonly Finding[] = []
  const one = () => last.find((candidate) => candidate.subject === subject && isOne(candidate))
  await until(
    async () => {
      await make()
      last = await found(name)
      return one() !== undefined
    },
    WAIT_MS,
    () => `the doctor finds no ${name} of ${subject}: ${JSON.stringify(last)}`,
  )
  return one()!
}

async function post(events: readonly object[]): Promise<void> {
  const token = readFileSync(`${daemon.dataDir}/token`, 'utf8').trim()
  const answer = await fetch(`${daemon.url}/v1/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ sender: { kind: 'script', name: 'host', version: '1' }, events }),
  })
  expect(await answer.json()).toMatchObject({ rejected: [] })
}
let count = 0
/** A call of a tool that another program tells of, as it ended. */
const ended = (server: string, name: string, outcome: string, durationMs: number) => ({
  ...{ type: 'request.ended', server, direction: 'client_to_server', method: 'tools/call', name, outcome },
  operation: `o${++count}`,
  ...{ status: outcome === 'ok' ? 200 : 500, durationMs, requestBytes: 10, responseBytes: 10 },
})
const ran = (plugin: string, outcome: string, durationMs: number) => ({
  ...{ type: 'plugin', server: 'host', plugin, command: 'run', outcome, durationMs },
})

test('a daemon that is well has nothing of all this', async () => {
  for (const name of ['error-rate', 'slow-answers', 'queue-backlog', 'refused-clients', 'losses'])
    expect(await found(name), name).toEqual([])
})

test(promises('E8.trouble.high-error-rate'), async () => {
  const url = `${daemon.url}/mcp/desk`
  const hello = await ask(url, { body: HELLO })
  const headers = { 'mcp-session-id': String(hello.headers['mcp-session-id']) }
  const make = async () => {
    for (const fail of [true, true, true, false])
      await ask(url, { headers, body: call(++count, 'send_message', { fail }) })
    await post([ran('mailer', 'tool_error', 5)])
  }
  const one = await finding('error-rate', 'desk/send_message', make, ({ evidence }) =>
    /plugins that fail: host\/mailer\/run \(\d+\)/.test(evidence.join()),
  )
  expect(one).toMatchObject({
    severity: 'error',
    problem: expect.stringMatching(/^\d+ % of its calls failed in the last 15 minutes\.$/),
  })
  expect(one.evidence[0]).toMatch(/^\d+ of \d+ calls; reasons: tool_error \(\d+\)$/)
  expect(one.evidence[1]).toMatch(/^since \d{4}-\d\d-\d\dT/)
  expect(one.evidence.at(-1)).toMatch(/^resources: CPU of the machine \d+ %, its memory \d+ %/)
  expect(one.next).toContain('look into the server’s own log')
  expect(one.fix.slice(0, 3)).toEqual([
    'grep "ERROR" mcp.log | tail -n 100',
    `grep "plugin" mcp.log | jq 'select(.duration_ms > 1000)'`,
    'mcp-vitals config check',
  ])
})

test(promises('E8.trouble.slow-answers'), async () => {
  const one = await finding('slow-answers', 'host/think', () =>
    post([...[1, 2, 3].map(() => ended('host', 'think', 'ok', 6_500)), ran('render', 'ok', 6_000)]),
  )
  expect(one).toMatchObject({
    severity: 'error',
    problem: expect.stringMatching(/^95 % of its calls take up to [\d.]+ s\.$/),
  })
  expect(one.evidence).toEqual([
    expect.stringMatching(/^\d+ calls in 15 minutes$/),
    expect.stringMatching(/^queue: \d+ calls passed on and not answered, \d+ jobs waiting, 95 % wait up to /),
    expect.stringMatching(/^execution times of plugins \(95 %\): host\/render\/run [\d.]+ s/),
    expect.stringMatching(/^resources: CPU of the machine/),
  ])
})

describe(promises('E8.trouble.queue-backlog'), () => {
  const job = (plugin: string, action: string, size: number) => ({
    type: 'queue',
    server: 'host',
    plugin,
    action,
    size,
  })

  test('a plugin that takes long: how many are to run side by side', async () => {
    let size = 100
    const entered = () => Array.from({ length: 20 }, () => job('video', 'entered', ++size))
    const idle = await finding('queue-backlog', 'host/video', () => post(entered()))
    expect(idle.next).toMatch(/^How long executions take is not known|machine’s (?:processor|memory) is used up/)
    const one = await finding(
      'queue-backlog',
      'host/video',
      () => post([...entered(), ran('video', 'ok', 3_000)]),
      ({ next }) => !next.startsWith('How long executions take is not known'),
    )
    expect(one).toMatchObject({ severity: 'error', problem: expect.stringMatching(/^\d+ jobs wait in its queue/) })
    expect(one.evidence[0]).toMatch(/come and 0 are begun each minute/)
    expect(one.next).toMatch(/let \d+ or more (?:of them )?run side by side|machine’s (?:processor|memory) is used up/)
  })

  test('a plugin that fails: its health comes first', async () => {
    let size = 200
    const make = () =>
      post([job('broken', 'entered', ++size), ran('broken', 'tool_error', 10), ran('broken', 'tool_error', 10)])
    const one = await finding('queue-backlog', 'host/broken', make, ({ next }) =>
      next.startsWith('The plugin is not well'),
    )
    expect(one.evidence[1]).toMatch(/100 % of them fail/)
  })
})

test('clients that the gateway refuses are told of by what they lack', async () => {
  const url = `${daemon.url}/mcp/desk`
  const one = await finding('refused-clients', 'desk', () =>
    ask(url, { headers: { accept: 'text/plain' }, body: HELLO }),
  )
  expect(one.evidence[0]).toMatch(/^\d+ times POST with HTTP 406 in the last hour$/)
  expect(one.problem).toBe('Clients lack the Accept header that MCP asks for.')
  expect(one.fix[0]).toContain("-H 'Accept: application/json, text/event-stream'")
})

test('what the daemon counts of its own losses', async () => {
  const token = readFileSync(`${daemon.dataDir}/token`, 'utf8').trim()
  await fetch(`${daemon.url}/v1/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ sender: { kind: 'script', name: 'host', version: '1' }, events: [{ type: 'nonsense' }] }),
  })
  const [one] = await found('losses')
  expect(one).toMatchObject({ severity: 'warning', problem: '1 event of other programs not valid, and not taken.' })
  expect(one!.evidence[0]).toMatch(/^mcp_vitals_ingest_events_rejected_total\{reason="\w+"\} 1$/)
})

test('of a receiver of pushes that is away the log tells why, by the command that the doctor gives', async () => {
  const push = { loki: { url: 'http://127.0.0.1:1/loki/api/v1/push' } }
  const pushing = await daemonOfTest({ config: { log, push } })
  let one: Finding | undefined
  await until(
    async () => {
      one = (await found('losses', pushing)).find(({ problem }) => problem.startsWith('A receiver takes nothing'))
      return one !== undefined
    },
    WAIT_MS,
    () => 'the doctor finds no receiver that takes nothing',
  )
  expect(one!.evidence).toEqual(['mcp_vitals_push_receiver_up{receiver="loki"} 0'])
  const lines = execFileSync('sh', ['-c', one!.fix.at(-1)!], { cwd: pushing.home, encoding: 'utf8' })
  expect(lines).toContain('What is pushed to loki waits: the receiver could not be reached')
})
