/**
 * The guides for operators of the five systems: every command of theirs is run in a shell, in the order of the page, with free
 * ports in the place of the usual ones. What the last of them exported is then given to Prometheus and Alertmanager, and days
 * get worse: every alert of the system reaches those who are to be told, and no panel of its dashboards is empty.
 */
import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { CLI } from '../fixtures/daemon.js'
import { freePort } from '../fixtures/databases.js'
import { until } from '../fixtures/until.js'
import { FILES, shellCommandsOf, textOf } from '../repo/files.js'
import { type Asked, askedOf, emptyOf, EVENTS as FILLING } from './panels.js'
import { callsEcho, EVERYTHING, post } from './presets-harness.js'
import { type Stack, stackOf } from './stack.js'
import { dayOf, TROUBLES, worse } from './worse-days.js'

const BOTFATHER = fileURLToPath(new URL('../fixtures/plugins/botfather', import.meta.url))

/** What a command prints; its exit status too, where it need not be 0. */
type Expected = RegExp | { readonly statuses: readonly number[]; readonly out: RegExp }
interface Guide {
  /** The port of the gateway, and that of the metrics where they have one of their own. */
  readonly ports: readonly [number, number?]
  /** Each command of the page but the first, which starts the daemon. */
  readonly commands: Readonly<Record<string, Expected>>
}

/** As the page has it, with quotes of both kinds. */
const POSTED =
  `curl -s http://localhost:9464/v1/events -H "Authorization: Bearer $(cat "$MCP_VITALS_DATA/token")" -H "Content-Type: application/json" ` +
  `-d '{"sender":{"kind":"app","name":"messaging","version":"1"},"events":[{"type":"message","server":"messaging","agent":"agent-001","channel":"sms","ok":true}]}'`
const SENT = `curl -X POST http://localhost:8000/message -H "Content-Type: application/json" -d '{"jsonrpc":"2.0","id":"test","method":"tools/call","params":{"name":"botfather.send-message","arguments":{"message":"/help"}}}'`
const exported = /^deploy\/grafana\/dashboards\/overview\.json$/m
const taken = {
  'promtool check config deploy/prometheus/prometheus.yml': /SUCCESS: \d+ rules found/,
  'amtool check-config deploy/alertmanager/alertmanager.yml': /SUCCESS/,
}
const GUIDES: Readonly<Record<string, Guide>> = {
  messaging: {
    ports: [9464],
    commands: {
      'curl -s http://localhost:9464/health':
        /^\{"status":"ok","uptime":[\d.]+,"version":"[\d.]+","environment":"development","demoMode":false\}/,
      'curl -s http://localhost:9464/health/ready': /"status":"ok"/,
      [POSTED]: /"accepted":1,/,
      'curl -s http://localhost:9464/metrics | grep mcp_messages_sent_total':
        /^mcp_messages_sent_total\{channel="sms"\} 1$/m,
      'curl -s http://localhost:9464/metrics | grep mcp_tool_calls_total': /^mcp_tool_calls_total\{tool="echo"\} 1$/m,
      'curl -s http://localhost:9464/metrics | grep mcp_active_agents': /^mcp_active_agents 0$/m,
      "curl -s http://localhost:9464/admin/api/dashboard | jq '{colour: .health.colour, agents: .agents.active, providers, firing: .alerts.firing}'":
        /"colour": "(GREEN|YELLOW|RED)",\n {2}"agents": 0,\n {2}"providers": \[\],\n {2}"firing": \d+/,
      'mcp-vitals alerts list': /^Nothing fires\.$|^\S+ +\w+/m,
      'mcp-vitals audit tail': /^\d+ {2}20\d\d-\d\d-\d\dT\S+ {2}\w+ {2}/m,
      'mcp-vitals audit verify': /^holds: \d+ rows/m,
      'mcp-vitals export all --preset messaging --out deploy': exported,
      ...taken,
    },
  },
  letta: {
    ports: [8000],
    commands: {
      'curl -sN --max-time 2 -H "Accept: text/event-stream" http://localhost:8000/sse': {
        // Of curl: the time is over.
        statuses: [28],
        out: /^event: endpoint\ndata: \/message\?sessionId=\S+$/m,
      },
      [SENT]: /"structuredContent":\{"command":"send-message","message":"\/help"/,
      'curl http://localhost:8000/health': /\{"status":"ok","sessions":\d+\}/,
      'curl -s http://localhost:8000/metrics | grep mcp_tool_call_duration_seconds_count':
        /^mcp_tool_call_duration_seconds_count\{server="everything",tool="echo"\} 1$/m,
      'mcp-vitals doctor --config mcp.json': { statuses: [0, 1], out: /everything has \d+ tools/ },
      'mcp-vitals export all --preset letta --out deploy': exported,
      ...taken,
    },
  },
  commerce: {
    ports: [9464, 9090],
    commands: {
      'curl -s http://localhost:9090/health': /"status":"healthy"/,
      'curl -s http://localhost:9090/metrics | grep mcp_tool_calls_total':
        /^mcp_tool_calls_total\{tool="echo",status="success"\} 1$/m,
      'curl -s http://localhost:9090/metrics | grep mcp_tool_availability':
        /^mcp_tool_availability\{tool_name="echo"\} 1$/m,
      'curl -s http://localhost:9090/': /<title>/,
      'mcp-vitals check --once --config mcp.json':
        /MCP HEALTH CHECK RESULTS[\s\S]*EVERYTHING\n {3}Status: (healthy|degraded)\n {3}Latency: \d+ms/,
      'mcp-vitals export all --preset commerce --out deploy': exported,
      ...taken,
      "mcp-vitals query 'sum by (tool) (rate(mcp_tool_calls_total[5m]))'": /no series|tool=/,
    },
  },
  dust: {
    ports: [5001],
    commands: {
      'curl -s http://localhost:5001/health':
        /^\{"status":"ok","version":"1\.0\.0","timestamp":"[^"]+","checks":\{"dustApi":\{"status":"\w+"\},"database":\{"status":"\w+"\}\}\}/,
      'curl -s http://localhost:5001/ready': /"status":"ok"/,
      'curl -s http://localhost:5001/metrics | grep mcp_dust_server_http_requests_total':
        /^mcp_dust_server_http_requests_total\{method="POST",path="\/mcp\/everything",status="200"\} \d+$/m,
      'curl -s http://localhost:5001/metrics | grep mcp_dust_server_active_sessions':
        /^mcp_dust_server_active_sessions \d+$/m,
      'mcp-vitals export all --preset dust --out deploy': exported,
      ...taken,
    },
  },
  plugins: {
    ports: [5000],
    commands: {
      'grep "ERROR" mcp.log | tail -n 100': /"levelname":"ERROR".*"type":"error"/,
      'grep "plugin" mcp.log | jq \'select(.duration_ms > 1000)\'':
        /"command": "send",\n +"status": "success",\n +"duration_ms": 1500/,
      'curl -s localhost:5000/metrics | grep mcp_requests_total':
        /^mcp_requests_total\{method="tools\/call",endpoint="everything",status="200"\} 1$/m,
      'curl -s localhost:5000/metrics | grep mcp_queue_size': /^mcp_queue_size\{plugin="mail"\} 3$/m,
      'curl -s localhost:5000/health | jq': /"status": "healthy"/,
      'mcp-vitals export all --preset plugins --out deploy': exported,
      ...taken,
    },
  },
}

/** What the application of a guide does meanwhile. */
const EVENTS: readonly object[] = [
  { type: 'plugin', server: 'app', plugin: 'mail', command: 'send', outcome: 'ok', durationMs: 1500 },
  { type: 'queue', server: 'app', plugin: 'mail', action: 'entered', size: 3 },
  { type: 'error', server: 'app', errorType: 'SmtpError', reason: 'internal' },
]

test.each(Object.entries(GUIDES))(
  'the guide of %s holds, command by command',
  async (name, { ports, commands }) => {
    const [up = '', ...rest] = shellCommandsOf(textOf(`docs/guides/${name}.md`))
    expect(rest.sort()).toEqual(Object.keys(commands).sort())
    const home = mkdtempSync(join(tmpdir(), 'mcp-vitals-guide-'))
    const free = await Promise.all(ports.map(freePort))
    const [port] = free
    mkdirSync(join(home, 'bin'))
    const command = `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`
    writeFileSync(join(home, 'bin/mcp-vitals'), command, { mode: 0o755 })
    if (name === 'letta') cpSync(BOTFATHER, join(home, 'mcp/plugins/botfather'), { recursive: true })
    const servers = { everything: EVERYTHING }
    writeFileSync(join(home, 'mcp.json'), JSON.stringify({ mcpServers: servers }))
    // The daemon has a file of our own form, as a client's has room for servers alone.
    const budgets = { month: { limitUsd: 100, per: 'month' } }
    const troubles = await TROUBLES[name]?.(home)
    const config = { servers, budgets, alerts: { groupWaitMs: 0 }, ...troubles?.config }
    writeFileSync(join(home, 'own.json'), JSON.stringify(config))
    const env = {
      ...process.env,
      PATH: `${join(home, 'bin')}:${process.env.PATH}`,
      MCP_VITALS_PORT: String(port),
      ...(free[1] !== undefined && { METRICS_PORT: String(free[1]) }),
      MCP_VITALS_DATA: join(home, 'state'),
    }
    const moved = (text: string) =>
      ports.reduce<string>((all, usual, at) => all.replaceAll(`localhost:${usual}`, `localhost:${free[at]}`), text)
    const ran = (line: string, more: object = {}) => {
      const child = spawn('sh', ['-c', moved(line)], { cwd: home, env: { ...env, ...more } })
      let out = ''
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => {
          out += text
        })
      const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
      return { child, ended, out: () => out }
    }

    const daemon = ran(`exec ${up.replace('mcp.json', 'own.json')} ${troubles?.redirection ?? ''}`, troubles?.env)
    onTestFinished(async () => {
      if (daemon.child.exitCode === null) daemon.child.kill('SIGTERM')
      await daemon.ended
      rmSync(home, { recursive: true, force: true })
    })
    // Commands of plugins are tools when their help was read.
    const awaited = ['echo', ...(name === 'letta' ? ['botfather.send-message'] : [])]
    const metrics = async () => (await fetch(`http://127.0.0.1:${free.at(-1)}/metrics`)).text()
    await until(
      () =>
        metrics().then(
          (text) => awaited.every((tool) => text.includes(`="${tool}"`)),
          () => false,
        ),
      30_000,
      daemon.out,
    )
    const there = { url: `http://127.0.0.1:${port}`, dataDir: env.MCP_VITALS_DATA }
    await callsEcho(there)
    await post(there, EVENTS)
    if (name === 'plugins')
      await until(() => readFileSync(join(home, 'mcp.log'), 'utf8').includes('ERROR'), 10_000, daemon.out)

    for (const line of shellCommandsOf(textOf(`docs/guides/${name}.md`)).slice(1)) {
      const expected = commands[line]!
      const { statuses, out: pattern } = expected instanceof RegExp ? { statuses: [0], out: expected } : expected
      const run = ran(line)
      const ended = await run.ended
      expect(run.out(), line).toMatch(pattern)
      expect(statuses, `${line}\n${run.out()}`).toContain(ended)
    }

    const deploy = join(home, 'deploy')
    const stack = await stackOf(deploy, free.at(-1)!)
    // Read again by the daemon.
    writeFileSync(join(home, 'own.json'), JSON.stringify({ ...config, ...(await worse(servers)) }))
    troubles?.begin()
    const rules = rulesOf(name, deploy)
    const folder = join(deploy, 'grafana/dashboards')
    const panels = askedOf(
      readdirSync(folder).map((path) => ({ path, text: readFileSync(join(folder, path), 'utf8') })),
    )
    await seesEach(name, stack, rules, panels, async (round) => {
      await post(there, [...FILLING, ...dayOf(round)])
      await troubles?.round(there, stack.told('slack'))
    })
    const called = new Set(rules.filter(isCritical).map(({ alert }) => alert))
    const quiet = rules.map(({ alert }) => alert).filter((alert) => !called.has(alert))
    expect(quiet.filter((alert) => stack.told('pagerduty').has(alert))).toEqual([])
    daemon.child.kill('SIGTERM')
    await until(() => stack.told('slack').has(name === 'commerce' ? 'ServerDown' : 'MonitorDown'), 30_000, stack.said)
  },
  200_000,
)

/** Those who have no rules of their own get the product's, which others have too. */
const setOf = (name: string) => (name === 'letta' ? 'own' : name)

interface WrittenRule {
  readonly alert: string
  readonly labels: { readonly ruleset?: string; readonly severity?: string }
}

/** The alerts of the system that fire while the daemon runs. */
function rulesOf(name: string, deploy: string): readonly WrittenRule[] {
  const { groups } = parse(readFileSync(join(deploy, 'prometheus/alerts.yml'), 'utf8')) as {
    readonly groups: readonly { readonly rules: readonly Partial<WrittenRule>[] }[]
  }
  const rules = groups
    .flatMap((group) => group.rules as readonly WrittenRule[])
    .filter(({ alert, labels }) => alert !== undefined && labels.ruleset === setOf(name))
    // Fires when the daemon is gone.
    .filter(({ alert }) => alert !== 'ServerDown')
  expect(rules.length).toBeGreaterThan(2)
  return rules
}

const isCritical = ({ labels }: WrittenRule) => labels.severity === 'critical'

/** Makes traffic until each of the alerts has come to everybody whom the exported routes name, and no panel is empty. */
async function seesEach(
  name: string,
  stack: Stack,
  rules: readonly WrittenRule[],
  asked: readonly Asked[],
  traffic: (round: number) => Promise<void>,
): Promise<void> {
  const missing = (receiver: 'slack' | 'pagerduty' | 'email', of = rules) =>
    of.map(({ alert }) => alert).filter((alert) => !stack.told(receiver).has(alert))
  let panels = asked
  const left = () => [
    ...missing('slack'),
    ...(name === 'dust' ? [] : [...missing('email'), ...missing('pagerduty', rules.filter(isCritical))]),
    ...panels.map(({ panel, expr }) => `${panel}: ${expr}`),
  ]
  let round = 0
  await until(
    async () => {
      await traffic(round++)
      panels = await emptyOf(stack, panels)
      return left().length === 0
    },
    90_000,
    () => `after ${round} rounds not seen:\n${left().join('\n')}\n${stack.said()}`,
    300,
  )
}

test('there is a guide for each of them', () => {
  const pages = FILES.filter((file) => /^docs\/guides\/.*\.md$/.test(file)).map((file) =>
    file.slice('docs/guides/'.length, -3),
  )
  expect(pages.sort()).toEqual(Object.keys(GUIDES).sort())
})
