import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { FILES, ROOT, shellCommandsOf, textOf } from './files.js'

/** How a command of the README is run: here, as it stands, or by another file, which must then contain the words. */
type Runner = { readonly run: (command: string) => Promise<void> } | { readonly by: string; readonly words: string }

/** What asks the plugin of the README. */
const GREETS = `curl -X POST http://localhost:8000/message -H "Content-Type: application/json" -d '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"hello.greet","arguments":{"name":"Ada"}}}'`

const daemon = { run: answersHealth }
const scraped = { run: (command: string) => answersMetrics(command, /^mcp_active_agents 0$/m) }
const onDaemon = (expected: RegExp) => ({ run: (command: string) => beside(command, expected) })

/**
 * Every command of the README's `sh` blocks, with what runs it. A line of the README without an entry fails, and so
 * does an entry that the README no longer has.
 */
const README_COMMANDS: Readonly<Record<string, Runner>> = {
  'npm start': { run: watchesTheDemo },
  'npm test': { by: '.ci/run', words: ' npm test' },
  'mcp-vitals up --config mcp.json': daemon,
  'mcp-vitals wrap --name memory -- npx -y @modelcontextprotocol/server-memory': { run: speaksMcp },
  'mcp-vitals plugins': { by: 'test/repo/readme.test.ts', words: "'exec mcp-vitals plugins'" },
  [GREETS]: { run: greets },
  'mcp-vitals install --dry-run': { run: looksAtClients },
  'mcp-vitals config check --config mcp-vitals.yaml': { run: (command) => succeeds(command, /mcp-vitals\.yaml/) },
  'mcp-vitals up --config mcp-vitals.yaml': daemon,
  'mcp-vitals up --config mcp.json --preset messaging': scraped,
  'curl http://127.0.0.1:9464/health': onDaemon(/^\{"status":"ok"/m),
  'curl http://127.0.0.1:9464/health/ready': onDaemon(/"store":\{"status":"ok"\}/),
  'curl http://127.0.0.1:9464/metrics': onDaemon(
    /^mcp_tool_availability\{server="memory",tool_name="read_graph"\} 1$/m,
  ),
  // Of its two servers one is not there, with one tool of ten.
  'mcp-vitals check --once --config mcp-vitals.yaml': {
    run: (command) =>
      endsWith(1, command, /MEMORY\n {3}Status: (?:healthy|degraded)[\s\S]*SEARCH\n {3}Status: unhealthy/),
  },
  'mcp-vitals check http://127.0.0.1:3001/mcp': { run: (command) => endsWith(2, command, /connection refused/) },
  'mcp-vitals doctor --config mcp-vitals.yaml': {
    run: (command) => endsWith(2, command, /memory has 9 tools[\s\S]*search: Nothing listens on port 3001/),
  },
  'mcp-vitals top': onDaemon(/^SERVER +STATE/m),
  'mcp-vitals alerts list': onDaemon(/^Nothing fires\.$/m),
  'mcp-vitals backup mcp-vitals-copy': onDaemon(/mcp-vitals-copy: events\.db, alerts\.db, audit\.db/),
  'mcp-vitals export prometheus --out deploy': {
    run: (command) => succeeds(command, /^deploy\/prometheus\/prometheus\.yml$/m),
  },
  'mcp-vitals rules list': onDaemon(/^ {2}inactive {3}ServerUnreachable/m),
  "mcp-vitals query 'sum by (tool) (rate(mcp_tool_calls_total[5m]))'": onDaemon(/no series|tool=/),
}

const README = FILES.includes('README.md') ? textOf('README.md') : undefined

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

/** Polls until `probe` gives a value. */
async function eventually<T>(what: string, probe: () => Promise<T | undefined>): Promise<T> {
  for (const deadline = Date.now() + 45_000; Date.now() < deadline; await sleep(100)) {
    const value = await probe().catch(() => undefined)
    if (value !== undefined) return value
  }
  throw new Error(`${what}: not within 45 s`)
}

/**
 * Runs the command in a shell as a person does, sees the demo's calls counted, and ends the daemon with SIGTERM. npm and
 * its shell then end with the daemon's status.
 */
async function watchesTheDemo(command: string): Promise<void> {
  const [port, state] = [await freePort(), mkdtempSync(join(tmpdir(), 'mcp-vitals-readme-'))]
  const env = { ...process.env, MCP_VITALS_PORT: String(port), MCP_VITALS_DATA: state }
  const shell = spawn('sh', ['-c', command], { cwd: ROOT, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [shell.stdout, shell.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
  const ended = new Promise<number | null>((resolve) => shell.on('close', resolve))
  const get = async (path: string) => await (await fetch(`http://127.0.0.1:${port}${path}`)).text()
  try {
    const health = await eventually(`/health of ${command}`, async () => JSON.parse(await get('/health')) as object)
    expect(health).toMatchObject({ status: 'ok', demoMode: true })
    await eventually(
      'a counted tool call',
      async () => /^mcp_tool_calls_total\{.*\} [1-9]/m.exec(await get('/metrics')) ?? undefined,
    )
    expect(output).toContain(`http://127.0.0.1:${port}`)
    process.kill((JSON.parse(readFileSync(join(state, 'daemon.json'), 'utf8')) as { pid: number }).pid, 'SIGTERM')
    expect(await ended, output).toBe(0)
  } finally {
    if (shell.exitCode === null) process.kill(-shell.pid!, 'SIGKILL')
    rmSync(state, { recursive: true, force: true })
  }
}

/** Calls after a test, or after all: what was started ends, whatever was found. */
type Endings = (() => void)[]
const [ofTest, ofAll]: readonly [Endings, Endings] = [[], []]
const end = (endings: Endings) => () => {
  for (const one of endings.splice(0).reverse()) one()
}
afterEach(end(ofTest))
afterAll(end(ofAll))

/** A folder as a reader has it: the files that the README shows, `mcp-vitals` on the path, a state directory, a free port. */
async function readersPlace(endings = ofTest) {
  const [home, port] = [mkdtempSync(join(tmpdir(), 'mcp-vitals-reader-')), await freePort()]
  endings.push(() => rmSync(home, { recursive: true, force: true }))
  const notes = { command: 'npx', args: ['-y', '@modelcontextprotocol/server-memory'] }
  writeFileSync(join(home, 'mcp.json'), JSON.stringify({ mcpServers: { memory: notes } }))
  writeFileSync(join(home, 'mcp-vitals.yaml'), /^```yaml\n(listen:[\s\S]*?)^```/m.exec(README ?? '')?.[1] ?? '')
  // npx finds the server among these, and asks no registry.
  symlinkSync(join(ROOT, 'node_modules'), join(home, 'node_modules'))
  mkdirSync(join(home, 'bin'))
  const command = `#!/bin/sh\nexec '${process.execPath}' '${join(ROOT, 'packages/server/packed/cli/main.js')}' "$@"\n`
  writeFileSync(join(home, 'bin/mcp-vitals'), command, { mode: 0o755 })
  const env = {
    ...process.env,
    PATH: `${join(home, 'bin')}:${process.env.PATH}`,
    MCP_VITALS_PORT: String(port),
    MCP_VITALS_DATA: join(home, 'state'),
  }
  return { home, port, env, endings }
}

type Place = Awaited<ReturnType<typeof readersPlace>>

/** Runs a command in a shell, the README's port exchanged for the free one. */
function shell(command: string, { home, port, env, endings }: Place) {
  const child = spawn('sh', ['-c', command.replace(':9464', `:${port}`)], { cwd: home, env, detached: true })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  endings.push(() => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, 'SIGKILL')
  })
  return { child, ended, output: () => output }
}

async function startsDaemon(command: string, place: Place) {
  const running = shell(`exec ${command}`, place)
  await eventually(
    `the tools of memory, by ${command}`,
    async () =>
      /"memory":\{"status":"up","tools":9\}/.exec(
        await (await fetch(`http://127.0.0.1:${place.port}/health`)).text(),
      ) ?? undefined,
  )
  return running
}

async function answersHealth(command: string): Promise<void> {
  const { child, ended, output } = await startsDaemon(command, await readersPlace())
  child.kill('SIGTERM')
  expect(await ended, output()).toBe(0)
}

async function answersMetrics(command: string, expected: RegExp): Promise<void> {
  const place = await readersPlace()
  const { output } = shell(`exec ${command}`, place)
  const text = async () => await (await fetch(`http://127.0.0.1:${place.port}/metrics`)).text()
  await eventually(`${expected} by ${command}: ${output()}`, async () => expected.exec(await text()) ?? undefined)
}

let watched: Promise<Place> | undefined

/** Where a daemon runs, for all commands that want one beside them. */
async function watchedPlace(): Promise<Place> {
  const place = await readersPlace(ofAll)
  await startsDaemon('mcp-vitals up --config mcp.json', place)
  return place
}

/** Runs a command while a daemon runs beside it: again, where what it tells of was not sampled yet. */
async function beside(command: string, expected: RegExp): Promise<void> {
  watched ??= watchedPlace()
  const place = { ...(await watched), endings: ofTest }
  await eventually(`${expected} by ${command}`, async () => {
    const { ended, output } = shell(command, place)
    return (await ended) === 0 ? (expected.exec(output()) ?? undefined) : undefined
  })
}

/** Asks the plugin that the README shows. */
async function greets(command: string): Promise<void> {
  const place = await readersPlace()
  const folder = join(place.home, 'mcp/plugins/hello')
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, 'cli.py'),
    /^```python\n# mcp\/plugins[\s\S]*?^```/m.exec(README ?? '')![0].replace(/^```.*$/gm, ''),
  )
  const { output } = shell('exec mcp-vitals plugins', place)
  await eventually('the plugin', async () => /Plugin found: hello, 1 command: greet/.exec(output()) ?? undefined)
  const asked = shell(command.replace(':8000', `:${place.port}`), place)
  expect(await asked.ended, asked.output()).toBe(0)
  expect(asked.output()).toContain('"content":[{"type":"text","text":"Hello Ada"}]')
}

const succeeds = (command: string, expected: RegExp) => endsWith(0, command, expected)

async function endsWith(status: number, command: string, expected: RegExp): Promise<void> {
  const { ended, output } = shell(command, await readersPlace())
  expect(await ended, output()).toBe(status)
  expect(output()).toMatch(expected)
}

/** In a home of its own: nothing is read of whoever runs the tests. */
async function looksAtClients(command: string): Promise<void> {
  const client = 'export HOME="$PWD" && mkdir .cursor && cp mcp.json .cursor'
  await succeeds(`${client} && ${command}`, /^ {4}\+ .* wrap --name memory .*-- npx -y @modelcontextprotocol/m)
}

async function speaksMcp(command: string): Promise<void> {
  const place = await readersPlace()
  const [first = '', ...rest] = command.split(' ')
  const client = new Client({ name: 'reader', version: '1.0.0' })
  const env = Object.fromEntries(Object.entries(place.env).filter((entry): entry is [string, string] => !!entry[1]))
  await client.connect(new StdioClientTransport({ command: first, args: rest, env, cwd: place.home, stderr: 'ignore' }))
  expect((await client.listTools()).tools).toHaveLength(9)
  await client.close()
}

describe('the README', () => {
  test('has no command that is not run, and none is run that it has not', () => {
    if (README !== undefined)
      expect([...new Set(shellCommandsOf(README))].sort()).toEqual(Object.keys(README_COMMANDS).sort())
  })

  test.each(Object.entries(README_COMMANDS))('%s', async (command, runner) => {
    if ('run' in runner) await runner.run(command)
    else expect(textOf(runner.by)).toContain(runner.words)
  })

  test('commands are read from sh blocks alone, without comments', () => {
    expect(
      shellCommandsOf('```sh\n# a comment\nnpm start  # the demo\n\ncurl \\\n  x#y\n```\n```ts\ncode()\n```\n'),
    ).toEqual(['npm start', 'curl x#y'])
  })
})
