/** The doctor with servers that are started: each of these is one that somebody wrote wrongly, for real. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import type { Finding } from '../../../packages/server/src/doctor/index.js'
import { type Complaint, diagnosed, findings, patient } from '../../fixtures/patient.js'
import { promises } from '../../requirements.js'

const home = mkdtempSync(join(tmpdir(), 'mcp-vitals-doctor-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

const MEMORY = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-memory/dist/index.js'))
const MODERN = fileURLToPath(new URL('../../fixtures/modern-server.mjs', import.meta.url))
/** How fast this machine is decides nothing here. */
const PATIENT = { timeoutMs: 600_000 }
/** As a configuration names a variable of the environment. */
const reference = `"env": { "ACME_API_KEY": "\${ACME_API_KEY}" }`
/** A server written in a line. */
const script = (source: string, env: Readonly<Record<string, string>> = {}) => ({
  command: process.execPath,
  args: ['-e', source],
  env,
})
const answering = (before: string) =>
  script(`${before}; require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, method } = JSON.parse(line)
    if (id === undefined) return
    const result = method === 'initialize'
      ? { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } }
      : { tools: [{ name: 'search', inputSchema: { type: 'object', properties: { query: { type: 'string' } }, required: ['query'] } }] }
    console.log(JSON.stringify({ jsonrpc: '2.0', id, result }))
  })`)
type Server = Exclude<Complaint['servers'], undefined>[string]
const tried = (server: Server, more: Complaint = {}): Promise<readonly Finding[]> =>
  findings('servers', patient(home, { servers: { mine: server }, asked: PATIENT, ...more }))

test('a real server of each era is well, with its tools', async () => {
  const servers = {
    memory: { command: process.execPath, args: [MEMORY], env: {} },
    modern: { command: process.execPath, args: [MODERN], env: {} },
  }
  expect(await diagnosed('servers', patient(home, { servers, asked: PATIENT }))).toEqual({
    is: 'looked',
    seen: 'memory has 9 tools, modern has 12 tools',
    findings: [],
  })
})

describe('a command that cannot be started', () => {
  test.each([
    [
      'a name that is nowhere',
      { command: 'no-such-command-9' },
      /^There is no command no-such-command-9\.$/,
      /command -v no-such-command-9/,
    ],
    [
      'a path that is not there',
      { command: './nowhere/server' },
      /^There is no command \.\/nowhere\/server\.$/,
      /counts from `cwd`/,
    ],
    [
      'a directory that is not there',
      { command: 'node', cwd: '/no/such/place' },
      /^There is no directory \/no\/such\/place/,
      /mkdir -p/,
    ],
  ])('%s', async (_, server, problem, way) => {
    const [finding, ...more] = await tried({ args: [], env: {}, ...server })
    expect(more).toEqual([])
    expect(finding).toMatchObject({ severity: 'error', subject: 'mine', problem: expect.stringMatching(problem) })
    expect([finding!.next, ...finding!.fix].join('\n')).toMatch(way)
  })

  test('a file without the right to be executed', async () => {
    const file = join(home, 'server.sh')
    writeFileSync(file, '#!/bin/sh\n')
    chmodSync(file, 0o600)
    const [finding] = await tried({ command: file, args: [], env: {} })
    expect(finding).toMatchObject({ problem: `The command ${file} cannot be executed.` })
    expect(finding!.fix).toContain(`chmod +x ${file}`)
  })
})

describe('a server that ends at once', () => {
  test.each([
    'Error: ACME_API_KEY environment variable is required',
    'Missing environment variable ACME_API_KEY',
    'ACME_API_KEY not set',
    'Please set ACME_API_KEY before starting the server',
    "KeyError: 'ACME_API_KEY'",
    'environment variable not found: ACME_API_KEY',
    '[{"code":"invalid_type","path":["ACME_API_KEY"],"message":"Required"}]',
    'fatal: you must provide ACME_API_KEY in the environment',
  ])('a variable that it needs is known by: %s', async (words) => {
    const [finding, ...more] = await tried(script(`console.error(${JSON.stringify(words)}); process.exit(1)`))
    expect(more).toEqual([])
    expect(finding).toMatchObject({
      severity: 'error',
      problem: 'It needs the environment variable ACME_API_KEY, which it was not given.',
    })
    expect(finding!.evidence).toContain('it ended with status 1 before it answered')
    expect(finding!.fix).toEqual([reference, 'export ACME_API_KEY=<its value>'])
  })

  test('a variable that this shell has, and the server’s entry does not name', async () => {
    const env = { ...process.env, ACME_API_KEY: 'x' }
    const [finding] = await tried(script('console.error("ACME_API_KEY is required"); process.exit(1)'), { env })
    expect(finding!.next).toMatch(/ACME_API_KEY is set in this shell, but a server gets/)
    expect(finding!.fix).toEqual([reference])
  })

  test.each([
    ['one that it was given', 'ACME_API_KEY is required', { ACME_API_KEY: 'wrong-one' }],
    ['codes of errors', 'Error: expected something [ERR_INVALID_ARG_TYPE] MODULE_NOT_FOUND', {}],
  ])('no variable is named for %s', async (_, words, env) => {
    const [finding] = await tried(script(`console.error(${JSON.stringify(words)}); process.exit(3)`, env))
    expect(finding!.problem).toBe('It ended with status 3 before it answered.')
  })

  test.each([
    ['npm error code E404', ['-y', '@acme/serverr'], /found no package @acme\/serverr \(E404\)/],
    [
      'npm error code ENOTFOUND',
      ['-y', '@acme/server'],
      /could not fetch the package @acme\/server: the registry is not reached \(ENOTFOUND\)/,
    ],
    ["Error: Cannot find module '/srv/notes/index.js'", [], /There is no file \/srv\/notes\/index\.js/],
    ["Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'zod' imported from /srv/a.js", [], /needs the package zod/],
    ["ModuleNotFoundError: No module named 'mcp'", [], /Python has no module mcp/],
    ['Cannot connect to the Docker daemon at unix:///var/run/docker.sock.', [], /Docker does not run/],
    ['Error: listen EADDRINUSE: address already in use :::3000', [], /a port that is in use, 3000/],
  ])('%s', async (words, args, problem) => {
    // As npx does: it prints, and ends. What follows its name are its arguments.
    const source = `console.error(${JSON.stringify(words)}); process.exit(1)`
    const file = join(home, 'npx')
    writeFileSync(file, `#!${process.execPath}\n${source}\n`)
    chmodSync(file, 0o700)
    const [finding] = await tried({ command: file, args, env: {} })
    expect(finding!.problem).toMatch(problem)
    expect(finding!.evidence.join('\n')).toContain('it ended with status 1 before it answered')
  })

  test('what it said last is shown, without secrets and without control characters', async () => {
    const words = '\u001b[31mfatal\u001b[0m: password=hunter2hunter2 own s3cr3t-value-of-mine from ada@example.org'
    const [finding] = await tried(
      script(`console.error(${JSON.stringify(words)}); process.exit(1)`, { TOKEN: 's3cr3t-value-of-mine' }),
    )
    const text = JSON.stringify(finding)
    expect(finding!.evidence.at(-1)).toBe('it said: fatal: [secret] own *** from [email]')
    expect(text).not.toMatch(/hunter2|s3cr3t|ada@/)
  })
})

describe('standard output', () => {
  test.each([
    [
      'a greeting',
      "console.log('Server started on stdio')",
      'warning',
      /what is no message of JSON-RPC/,
      'Server started on stdio',
    ],
    [
      'JSON that is no JSON-RPC',
      'console.log(\'{"level":30}\')',
      'warning',
      /`"jsonrpc": "2\.0"` is missing/,
      '{"level":30}',
    ],
  ])('%s before the messages: it answers, and is warned of', async (_, before, severity, problem, first) => {
    const [finding, ...more] = await tried(answering(before))
    expect(more).toEqual([])
    expect(finding).toMatchObject({ severity, problem: expect.stringMatching(problem) })
    expect(finding!.evidence).toEqual([`the first of 1 such line: ${first}`])
  })

  test('an HTTP server in the place of one that speaks over stdio', async () => {
    const found = await tried(
      script("console.log('Listening on http://localhost:3000/mcp'); setInterval(() => {}, 1e3)"),
      {
        asked: { timeoutMs: 1_000 },
      },
    )
    expect(found.map(({ problem }) => problem)).toEqual([
      'It listens on port 3000, and so speaks HTTP and not over its input and output.',
      'It prints to standard output what is no message of JSON-RPC.',
    ])
    expect(found[0]!.fix).toEqual(['{ "url": "http://127.0.0.1:3000/mcp" }'])
  })

  test('headers before messages, as language servers have them', async () => {
    const found = await tried(
      script("process.stdout.write('Content-Length: 2\\r\\n\\r\\n{}\\n'); setInterval(() => {}, 1e3)"),
      {
        asked: { timeoutMs: 1_000 },
      },
    )
    expect(found.map(({ problem }) => problem)).toContainEqual(
      expect.stringMatching(/^It puts headers before its messages/),
    )
  })
})

test('a first answer that takes long of what it may', async () => {
  const wait = 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_000)'
  const [finding, ...more] = await tried(answering(wait), { asked: { timeoutMs: 8_000 } })
  expect(more).toEqual([])
  expect(finding).toMatchObject({
    severity: 'warning',
    problem: expect.stringMatching(/^It takes [\d.]+ s until its first answer\.$/),
  })
})

test('no answer in time, and nothing is left of the process', async () => {
  const [finding] = await tried(script("process.on('SIGTERM', () => {}); setInterval(() => {}, 1e3)"), {
    asked: { timeoutMs: 500 },
  })
  expect(finding).toMatchObject({ severity: 'error', problem: 'It gave no answer within 500 ms.' })
  expect(finding!.fix.join('\n')).toContain('"startTimeoutMs"')
})

describe('a call that is asked for', () => {
  const file = join(home, 'calls.mjs')
  writeFileSync(
    file,
    `import { createInterface } from 'node:readline'
const send = (message) => console.log(JSON.stringify(message))
const inputSchema = { type: 'object', properties: { query: { type: 'string' } }, required: ['query'] }
createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params } = JSON.parse(line)
  if (id === undefined) return
  const answer = (body) => send({ jsonrpc: '2.0', id, ...body })
  if (method === 'initialize') answer({ result: { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } } })
  else if (method === 'tools/list') answer({ result: { tools: ['fine', 'own', 'help', 'strict', 'unknown', 'bare'].map((name) => ({ name, inputSchema })) } })
  else if (params.name === 'fine') answer({ result: { content: [{ type: 'text', text: 'the secret result' }] } })
  else if (params.name === 'own') answer({ result: { isError: true, content: [{ type: 'text', text: 'no such chat, token=abcd1234efgh' }] } })
  else if (params.name === 'help') answer({ result: { isError: true, content: [{ type: 'text', text: 'usage: cli.py [-h] {send}\\ncli.py: error: unrecognized arguments: --query' }] } })
  else if (params.name === 'strict') answer({ error: { code: -32602, message: 'query must be a string' } })
  else if (params.name === 'unknown') answer({ error: { code: -32601, message: 'Method not found' } })
  else send({ id, result: { content: [] } })
})`,
  )
  const called = async (tool: string, args: Record<string, unknown> = {}) => {
    const server = { command: process.execPath, args: [file], env: {} }
    const asked = { call: { tool, arguments: args }, timeoutMs: tool === 'bare' ? 4_000 : 600_000 }
    return diagnosed('servers', patient(home, { servers: { mine: server }, asked }))
  }
  const onlyOf = (outcome: Awaited<ReturnType<typeof called>>) => {
    if (outcome.is === 'left out') throw new Error(outcome.why)
    return outcome.findings
  }

  test('is well: its time is told, and not its result', async () => {
    const outcome = await called('fine')
    expect(outcome).toMatchObject({
      findings: [],
      seen: expect.stringMatching(/^mine has 6 tools, called in [\d.]+ ms$/),
    })
    expect(JSON.stringify(outcome)).not.toContain('secret result')
  })

  test(promises('B6.trouble.tool-plugin-error'), async () => {
    const [finding] = onlyOf(await called('own'))
    expect(finding).toMatchObject({ severity: 'error', problem: 'The tool own answered with an error of its own.' })
    expect(finding!.evidence).toContainEqual(expect.stringMatching(/^the tool said: no such chat/))
    expect(JSON.stringify(finding)).not.toContain('abcd1234efgh')
  })

  test(promises('B6.trouble.tool-help-format'), async () => {
    const [finding] = onlyOf(await called('help'))
    expect(finding!.problem).toBe('The plugin behind the tool help printed its help and did no work.')
    expect(finding!.next).toContain('each option of a command must stand in the help as --name')
  })

  test(promises('B6.trouble.tool-json-rpc'), async () => {
    const [strict] = onlyOf(await called('strict', { query: 7 }))
    expect(strict!.problem).toBe('The arguments for the tool strict are not what it takes.')
    expect(strict!.evidence).toContain('it takes: query (string, required)')
    expect(strict!.fix).toContain(`mcp-vitals doctor --call strict --args '{"query":"…"}'`)
    const [unknown] = onlyOf(await called('unknown'))
    expect(unknown!.evidence).toContainEqual('JSON-RPC error -32601: Method not found')
    const bare = onlyOf(await called('bare'))
    expect(bare.map(({ problem }) => problem)).toContainEqual(expect.stringMatching(/`"jsonrpc": "2\.0"` is missing/))
    expect(bare.flatMap(({ fix }) => fix)).toContainEqual(expect.stringMatching(/^\{"jsonrpc":"2\.0","id":1,"result"/))
  })

  test('no server has the tool: those that are like it are named', async () => {
    const [finding] = onlyOf(await called('stric'))
    expect(finding).toMatchObject({
      problem: 'No server that answers has a tool stric.',
      evidence: ['there are: strict'],
    })
  })
})
