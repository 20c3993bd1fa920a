/**
 * Recorded sessions with servers that people use, directly and through the gateway: the same answers, byte for byte, to
 * the same requests. (Through `wrap`: wrap-real.test.ts.)
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type Posted, post } from '../property/differential/post.js'
import { fixture, REAL, script, serve, startHttpServer, until, url } from './gateway-harness.js'

type Request = readonly [method: string, params: object]
type Entry = ReturnType<typeof script>

const call = (name: string, args: object): Request => ['tools/call', { name, arguments: args }]
const WRONG: readonly Request[] = [['tools/list', {}], call('no-such-tool', {}), ['no/such', {}], ['ping', {}]]
const SESSIONS: Record<keyof typeof REAL, readonly Request[]> = {
  everything: [
    call('echo', { message: 'grüße "\\ \u2028 😀' }),
    call('echo', {}),
    call('get-sum', { a: 2, b: 40 }),
    call('get-structured-content', { location: 'Chicago' }),
    call('get-tiny-image', {}),
    ['prompts/list', {}],
    ['prompts/get', { name: 'simple-prompt' }],
    ['resources/list', {}],
    ['resources/templates/list', {}],
    ['resources/read', { uri: 'no://such' }],
  ],
  memory: [
    call('create_entities', { entities: [{ name: 'Ada', entityType: 'person', observations: ['ü'] }] }),
    call('search_nodes', { query: 'Ada' }),
    call('add_observations', { observations: [{ entityName: 'nobody', contents: ['x'] }] }),
    call('read_graph', {}),
  ],
  filesystem: [
    call('read_text_file', { path: 'no-such-file' }),
    call('read_text_file', { path: '/etc/hostname' }),
    call('list_allowed_directories', {}),
  ],
  sequentialThinking: [
    call('sequentialthinking', { thought: 'first', nextThoughtNeeded: false, thoughtNumber: 1, totalThoughts: 1 }),
    call('sequentialthinking', { thought: 1 }),
  ],
  calc: [
    call('math', { action: 'eval', expression: '6*7' }),
    call('hash', { input: 'x', algorithm: 'sha256' }),
    call('base64', { input: '%%%', action: 'decode' }),
    call('count', { text: 'a\nü' }),
  ],
}

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'differential-'))
  writeFileSync(join(folder, 'note.txt'), 'hello')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Every pass begins with the same, so that the answers can be. */
let passes = 0
function entryOf(name: keyof typeof REAL): Entry {
  const args = name === 'filesystem' ? [folder] : []
  const memory = { MEMORY_FILE_PATH: join(folder, `memory-${passes++}.jsonl`) }
  return { ...script(REAL[name], ...args), env: name === 'memory' ? memory : {} }
}

const HELLO: Request = [
  'initialize',
  { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'recorded', version: '1' } },
]
const bodyOf = (id: number, [method, params]: Request) => JSON.stringify({ jsonrpc: '2.0', id, method, params })
const INITIALIZED = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })

/** The answers that a server gives over stdio, in the order of the requests. */
async function overStdio(entry: Entry, requests: readonly Request[]): Promise<string[]> {
  const child = spawn(entry.command, entry.args, { env: { ...process.env, ...entry.env } })
  onTestFinished(() => void child.kill('SIGKILL'))
  child.stderr.resume()
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    out += chunk
  })
  const answers: string[] = []
  for (const [id, request] of [HELLO, ...requests].entries()) {
    child.stdin.write(`${bodyOf(id, request)}\n`)
    const answer = () =>
      out
        .split('\n')
        .slice(0, -1)
        .find((line) => isAnswer(line, id))
    await until(() => answer() !== undefined, `an answer to ${request[0]}`)
    answers.push(answer()!)
    if (id === 0) child.stdin.write(`${INITIALIZED}\n`)
  }
  child.kill()
  return answers
}

function isAnswer(line: string, id: number): boolean {
  const message = JSON.parse(line)
  return message.id === id && message.method === undefined
}

/** The same over Streamable HTTP. */
async function overHttp(address: URL, requests: readonly Request[]): Promise<string[]> {
  const answers: string[] = []
  let session: Record<string, string> = {}
  for (const [id, request] of [HELLO, ...requests].entries()) {
    const posted: Posted = await post(address, bodyOf(id, request), session)
    await posted.over
    answers.push(posted.messages.find((line) => isAnswer(line, id))!)
    if (id > 0) continue
    session = { 'mcp-protocol-version': '2025-06-18', ...(posted.session && { 'mcp-session-id': posted.session }) }
    await (await post(address, INITIALIZED, session)).over
  }
  await fetch(address, { method: 'DELETE', headers: session })
  return answers
}

describe('a stdio server, directly and through the gateway', () => {
  test.each(Object.keys(SESSIONS) as (keyof typeof REAL)[])('%s', async (name) => {
    const requests = [...WRONG, ...SESSIONS[name]]
    const direct = await overStdio(entryOf(name), requests)
    const harness = await serve({ real: entryOf(name) })
    onTestFinished(() => harness.stop())
    expect(await overHttp(harness.address('real'), requests)).toEqual(direct)
    expect(direct).toHaveLength(requests.length + 1)
    // The server may write notifications besides; each request ended once.
    const ended = harness.ofType('request.ended').filter(({ direction }) => direction === 'client_to_server')
    expect(ended.map(({ method }) => method).sort()).toEqual([HELLO, ...requests].map(([method]) => method).sort())
    const told = direct.map((text) => JSON.parse(text)).map(({ error, result }) => outcomeOf(error, result))
    expect(ended.map(({ outcome }) => outcome).sort()).toEqual(told.sort())
  })
})

function outcomeOf(error: unknown, result: { isError?: boolean } | undefined): string {
  if (error !== undefined) return 'protocol_error'
  return result?.isError === true ? 'tool_error' : 'ok'
}

describe('an HTTP server, directly and through the gateway', () => {
  test.each([
    ['everything', (port: number) => [REAL.everything, 'streamableHttp', String(port)], SESSIONS.everything],
    [
      'fastmcp',
      (port: number) => [fixture('fastmcp-server.mjs'), String(port)],
      [call('add', { a: 2, b: 40 }), call('add', { a: 'x' })],
    ],
  ] as const)('%s', async (_, args, own) => {
    const requests = [...WRONG, ...own]
    const started = await startHttpServer(args, (port) => ({ PORT: String(port) }))
    onTestFinished(() => void started.process.kill())
    const harness = await serve({ real: url(started.address) })
    onTestFinished(() => harness.stop())
    const direct = await overHttp(new URL(started.address), requests)
    expect(await overHttp(harness.address('real'), requests)).toEqual(direct)
    expect(direct.every((text) => typeof text === 'string')).toBe(true)
    const ended = harness.ofType('request.ended').filter(({ direction }) => direction === 'client_to_server')
    expect(ended.map(({ method }) => method).sort()).toEqual([HELLO, ...requests].map(([method]) => method).sort())
  })
})
