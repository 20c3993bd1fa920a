/** `mcp-vitals check` as a person and as cron run it, with servers that are there, that are not, and that come back. */
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest'
import { CLI } from '../fixtures/daemon.js'
import { freePort } from '../fixtures/databases.js'
import { until } from '../fixtures/until.js'
import { promises } from '../requirements.js'

const SERVER = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-memory/dist/index.js'))
const EVERYTHING = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'))
const notes = { command: process.execPath, args: [SERVER] }

/** The API that the guide speaks of, and the webhook of Slack: what they get is kept. */
let web: Server
let url = ''
let apiStatus = 200
const seen: { readonly path: string; readonly authorization: string | undefined; readonly body: string }[] = []
const toldToSlack = () =>
  seen.filter(({ path }) => path === '/slack').map(({ body }) => JSON.parse(body) as { text: string })

let home = ''
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'mcp-vitals-check-'))
  web = createServer(async (request, response) => {
    const path = request.url ?? ''
    seen.push({ path, authorization: request.headers.authorization, body: await textOf(request) })
    response.writeHead(path === '/slack' ? 200 : apiStatus).end('ok')
  })
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(web.address() as AddressInfo).port}`
})
afterEach(() => {
  apiStatus = 200
  seen.length = 0
})
afterAll(async () => {
  await new Promise((resolve) => web.close(resolve))
  rmSync(home, { recursive: true })
})

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += chunk
  return text
}

/** How fast this machine is decides nothing here. */
const PATIENT = { healthy: { latencyMs: 60_000 }, degraded: { latencyMs: 60_000 }, timeoutMs: 30_000 }
let count = 0
/** A configuration in a directory of its own, with a state directory of its own. */
function place({ monitor = {}, ...config }: { readonly monitor?: object; readonly servers?: object }): {
  readonly dir: string
  readonly env: NodeJS.ProcessEnv
} {
  const dir = mkdtempSync(join(home, `${++count}-`))
  writeFileSync(join(dir, 'mcp-vitals.json'), JSON.stringify({ ...config, monitor: { ...PATIENT, ...monitor } }))
  return { dir, env: { ...process.env, MCP_VITALS_DATA: join(dir, 'state') } }
}

/** Our own server must answer meanwhile, so the command runs beside this process. */
async function run({ dir, env }: ReturnType<typeof place>, args: readonly string[], more: object = {}) {
  const child = spawn(process.execPath, [CLI, 'check', ...args], { cwd: dir, env: { ...env, ...more } })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    err += text
  })
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { status, out, err }
}

test(
  promises(
    'C8.check.once',
    'C8.check.heading',
    'C8.check.block',
    'C8.check.status-line',
    'C8.check.latency-line',
    'C8.check.exit-status',
    'C8.env.api-url',
    'C8.env.api-key',
  ),
  async () => {
    const at = place({ servers: { notes } })
    const { status, out } = await run(at, ['--once'], { DEVSKYY_API_URL: url, DEVSKYY_API_KEY: 'k-123' })
    expect(out).toMatch(/^=+\nMCP HEALTH CHECK RESULTS\n=+\n/)
    expect(out).toMatch(
      /\n✅ API\n {3}Status: healthy\n {3}Latency: [\d.]+m?s\n\n✅ NOTES\n {3}Status: healthy\n {3}Latency: [\d.]+m?s\n/,
    )
    expect(out).toMatch(/\nSystem: GREEN\n/)
    expect(status).toBe(0)
    expect(seen).toMatchObject([{ path: '/health', authorization: 'Bearer k-123' }])
    apiStatus = 503
    const ill = await run(at, ['--once'], { DEVSKYY_API_URL: url })
    expect(ill.out).toMatch(/\n❌ API\n {3}Status: unhealthy\n {3}Latency: [\d.]+m?s\n {3}Reason: HTTP status 503\n/)
    expect(ill).toMatchObject({ status: 1, out: expect.stringContaining('System: YELLOW') })
  },
)

test('a server whose tools were known and cannot be listed says that, and no number of them', async () => {
  const at = place({ servers: { notes } })
  expect((await run(at, ['--once'])).out).toMatch(/\n {3}Tools: 9 of 9\n/)
  const gone = { servers: { notes: { command: process.execPath, args: ['-e', 'process.exit(4)'] }, far: notes } }
  writeFileSync(join(at.dir, 'mcp-vitals.json'), JSON.stringify({ ...gone, monitor: PATIENT }))
  const { status, out } = await run(at, ['--once'])
  expect(out).toMatch(/\n {3}Tools: could not be listed, 9 known\n {3}Reason: ended with status 4\n/)
  expect(out).toMatch(/\nSystem: RED\n {2}- notes is unhealthy: ended with status 4\n {2}- 9 of 18 tools are there\n/)
  expect(status).toBe(2)
})

test(promises('C8.check.cron'), async () => {
  const { dir, env } = place({ servers: { notes } })
  const log = join(dir, 'mcp-health.log')
  const line = `cd ${dir} && ${process.execPath} ${CLI} check --once >> ${log} 2>&1`
  for (const _ of [1, 2])
    expect(
      spawnSync('sh', ['-c', line], { env: { PATH: env.PATH, MCP_VITALS_DATA: env.MCP_VITALS_DATA } }).status,
    ).toBe(0)
  expect(readFileSync(log, 'utf8').match(/MCP HEALTH CHECK RESULTS\n=+\n\d{4}-\d\d-\d\dT/g)).toHaveLength(2)
})

test(promises('C8.check.interval', 'C8.check.slack'), async () => {
  const port = await freePort()
  const at = place({ servers: { far: { url: `http://127.0.0.1:${port}/mcp` } } })
  const child = spawn(
    process.execPath,
    [CLI, 'check', '--interval', '0.1', '--json', '--slack-webhook', `${url}/slack`],
    {
      cwd: at.dir,
      env: at.env,
    },
  )
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines: { readonly colour: string; readonly components: readonly { readonly failures: number }[] }[] = []
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    for (const line of text.trim().split('\n')) lines.push(JSON.parse(line))
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  await until(
    () => toldToSlack().length > 0,
    30_000,
    () => `nobody was told: ${JSON.stringify(lines)}`,
  )
  expect(lines.findIndex(({ components }) => components[0]!.failures >= 3)).toBe(2)
  expect(lines.slice(0, 3).map(({ colour }) => colour)).toEqual(['RED', 'RED', 'RED'])
  const before = lines.length
  await until(
    () => lines.length > before + 2,
    30_000,
    () => 'it does not go on',
  )
  expect(toldToSlack()).toHaveLength(1)
  expect(JSON.stringify(toldToSlack())).toMatch(/far failed 3 checks: connection refused/)

  const server = spawn(process.execPath, [EVERYTHING, 'streamableHttp'], {
    env: { ...process.env, PORT: String(port) },
  })
  onTestFinished(() => void server.kill('SIGKILL'))
  server.stderr.resume()
  server.stdout.resume()
  await until(
    () => toldToSlack().length > 1,
    30_000,
    () => `nobody was told of the end: ${JSON.stringify(lines.slice(-3))}`,
  )
  expect(JSON.stringify(toldToSlack()[1])).toMatch(/far is well again/)
  child.kill('SIGTERM')
  expect(await ended).toBe(0)
})

test('failures count from run to run, as cron starts it: told once at the third, and once of the end', async () => {
  const at = place({ monitor: { components: { site: { type: 'http', url: `${url}/site` } } } })
  apiStatus = 500
  const slack = { SLACK_WEBHOOK_URL: `${url}/slack` }
  for (const told of [0, 0, 1, 1]) {
    expect((await run(at, ['--once'], slack)).status).toBe(2)
    expect(toldToSlack()).toHaveLength(told)
  }
  apiStatus = 200
  expect((await run(at, ['--once'], slack)).status).toBe(0)
  expect((await run(at, [], slack)).status).toBe(0)
  expect(toldToSlack().map(({ text }) => text)).toEqual(['[1 firing] HealthCheck', '[1 resolved] HealthCheck'])
})

test('a tool that was there and is not any more is missed', async () => {
  const fixture = { command: process.execPath, args: [SERVER] }
  const at = place({
    servers: { notes: fixture },
    monitor: { servers: { notes: { expectTools: ['read_graph', 'teleport'] } } },
  })
  const { status, out } = await run(at, [])
  expect(out).toMatch(
    /NOTES\n {3}Status: unhealthy\n {3}Latency: [\d.]+m?s\n {3}Tools: 9 of 9\n {3}Reason: expected tools missing: teleport\n/,
  )
  expect(status).toBe(2)
})

test('one server, by its command or its address, and a client’s file, without any configuration', async () => {
  const at = place({})
  const byCommand = await run(at, ['--junit', '--', process.execPath, SERVER])
  expect(byCommand).toMatchObject({ status: 0, err: '' })
  expect(byCommand.out).toMatch(
    /<testsuite name="mcp-vitals check" tests="1" failures="0"[^>]*>\n {2}<testcase classname="mcp" name="server-memory" time="\d+\.\d{3}"><\/testcase>/,
  )
  const nobody = `http://127.0.0.1:${await freePort()}/mcp`
  const gone = await run(at, [nobody, '--json'])
  expect(gone.status).toBe(2)
  expect(JSON.parse(gone.out)).toMatchObject({
    colour: 'RED',
    components: [
      { name: '127.0.0.1', type: 'mcp', status: 'unhealthy', reasons: ['connection refused (ECONNREFUSED)'] },
    ],
  })
  // What was is remembered of it by itself: another one at the same host counts anew.
  const failures = async (target: string) => {
    const [{ failures }] = JSON.parse((await run(at, [target, '--json'])).out).components
    return failures
  }
  expect(await failures(nobody)).toBe(2)
  expect(await failures(`http://127.0.0.1:${await freePort()}/mcp`)).toBe(1)
  writeFileSync(join(at.dir, 'mcp.json'), JSON.stringify({ mcpServers: { mine: notes } }))
  const client = await run(at, ['mcp.json'])
  expect(client.out).toContain('✅ MINE\n')
  expect(client.status).toBe(0)
})
