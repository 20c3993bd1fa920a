/**
 * Servers that people use, in processes of their own, with the library in them and without: the same lines. (calc-mcp is
 * not among them: it is one file with its SDK in it, where nobody reaches its server from outside.)
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { Heard, RawClient, type Wire } from '../fixtures/sdk/client.js'
import { Changes } from '../fixtures/sdk/waiting.js'
import { fixture, REAL } from './gateway-harness.js'

const PRELOAD = new URL('../fixtures/sdk/preload.mjs', import.meta.url).href

type Request = readonly [method: string, params?: object]
const call = (name: string, args: object): Request => ['tools/call', { name, arguments: args }]
const LISTS: readonly Request[] = [['tools/list'], ['prompts/list'], ['resources/list'], ['resources/templates/list']]
const WRONG: readonly Request[] = [call('no-such-tool', {}), ['no/such'], ['ping']]

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'library-real-'))
  writeFileSync(join(folder, 'note.txt'), 'Grüße\n'.repeat(2000))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Real {
  readonly args: () => readonly string[]
  readonly requests: () => readonly Request[]
}

const SERVERS: Record<string, Real> = {
  everything: {
    args: () => [REAL.everything],
    requests: () => [
      call('echo', { message: 'grüße "\\ \u2028 😀' }),
      call('echo', {}),
      call('get-sum', { a: 2, b: 40 }),
      call('get-structured-content', { location: 'Chicago' }),
      call('get-tiny-image', {}),
      ['prompts/get', { name: 'simple-prompt' }],
      ['prompts/get', { name: 'args-prompt', arguments: { city: 'Ulm' } }],
      ['resources/read', { uri: 'no://such' }],
    ],
  },
  filesystem: {
    args: () => [REAL.filesystem, folder],
    requests: () => [
      call('read_text_file', { path: join(folder, 'note.txt') }),
      call('read_text_file', { path: join(folder, 'none.txt') }),
      call('read_text_file', { path: '/etc/hostname' }),
      call('list_directory', { path: folder }),
    ],
  },
  memory: {
    args: () => [REAL.memory],
    requests: () => [
      call('create_entities', { entities: [{ name: 'Ada', entityType: 'person', observations: ['ü'] }] }),
      call('search_nodes', { query: 'Ada' }),
      call('add_observations', { observations: [{ entityName: 'nobody', contents: ['x'] }] }),
      call('read_graph', {}),
    ],
  },
  sequentialThinking: {
    args: () => [REAL.sequentialThinking],
    requests: () => [
      call('sequentialthinking', { thought: 'one', nextThoughtNeeded: false, thoughtNumber: 1, totalThoughts: 1 }),
      call('sequentialthinking', { thought: 1 }),
    ],
  },
  'our own, of SDK 2': {
    args: () => [fixture('modern-server.mjs'), 'stdio'],
    requests: () => [call('echo', { text: 'ü' }), call('fail', {}), call('echo', {})],
  },
}

interface Account {
  /** Lines that answer, in their order. */
  readonly answers: readonly string[]
  /** All other lines, whenever they came. */
  readonly others: readonly string[]
  readonly errors: string
  /** The methods that the library heard. */
  readonly heard: readonly string[]
}

async function account({ args, requests }: Real, flags: readonly string[], pass: string): Promise<Account> {
  const env = { ...process.env, MEMORY_FILE_PATH: join(folder, `memory-${pass}.jsonl`) }
  const child = spawn(process.execPath, [...flags, ...args()], { env, stdio: ['pipe', 'pipe', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [input, output, errors, told] = child.stdio as [NodeJS.WritableStream, ...NodeJS.ReadableStream[]]
  const changes = new Changes()
  const heard = new Heard(changes)
  const lines: string[] = []
  let rest = ''
  output!.setEncoding('utf8').on('data', (chunk) => {
    const parts = (rest + chunk).split('\n')
    rest = parts.pop()!
    for (const line of parts) {
      lines.push(line)
      heard.message(JSON.parse(line))
    }
  })
  const texts = { errors: '', told: '' }
  errors!.setEncoding('utf8').on('data', (chunk) => {
    texts.errors += chunk
  })
  told!.setEncoding('utf8').on('data', (chunk) => {
    texts.told += chunk
  })
  const wire: Wire = {
    send: async (text) => void input.write(`${text}\n`),
    settle: async () => {},
    close: async () => {},
  }
  const client = new RawClient(wire, heard, changes)
  await client.open({})
  for (const [method, params] of [...LISTS, ...requests(), ...WRONG]) await client.call(method, params)
  child.kill()
  await once(child, 'close')
  const isAnswer = (line: string) => JSON.parse(line).method === undefined
  return {
    answers: lines.filter(isAnswer),
    others: lines.filter((line) => !isAnswer(line)).sort(),
    errors: texts.errors,
    heard: texts.told.trim().split('\n'),
  }
}

describe('a real server with the library in it', () => {
  it.each(Object.keys(SERVERS))('says what it says without it: %s', async (name) => {
    const real = SERVERS[name]!
    const [bare, ours] = await Promise.all([account(real, [], 'bare'), account(real, ['--import', PRELOAD], 'ours')])
    expect({ ...ours, heard: bare.heard }).toEqual(bare)
    const asked = ['initialize', ...[...LISTS, ...real.requests(), ...WRONG].map(([method]) => method)]
    expect(bare.answers).toHaveLength(asked.length)
    expect(bare.heard).toEqual([''])
    expect(ours.heard).toEqual(asked)
  })
})
