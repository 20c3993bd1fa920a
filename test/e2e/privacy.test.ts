import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { ENVELOPE, EVENTS, type Field } from '@mcp-vitals/instrument/event'
import { expect, test } from 'vitest'
import { CLI, metric, startDaemon } from '../fixtures/daemon.js'
import { keys, random } from '../fixtures/keys.js'
import { until } from '../fixtures/until.js'
import { promises } from '../requirements.js'

const SERVER = fileURLToPath(new URL('../fixtures/telltale-server.mjs', import.meta.url))
const DOCUMENTS = fileURLToPath(new URL('../../../shared/data/pii/documents.json', import.meta.url))
const SEED = Number(process.env.MCP_VITALS_SEED ?? 7)
/** Documents in the quick run; all of them where everything is proven. */
const SAMPLE = 40
const SURE_KINDS = new Set(['EMAIL_ADDRESS', 'CREDIT_CARD', 'IBAN_CODE', 'US_SSN', 'IP_ADDRESS'])

/** One thing that must not be kept, and what must not be found of it. */
interface Datum {
  readonly text: string
  readonly traces: readonly string[]
}

interface Document {
  readonly text: string
  readonly spans: readonly { readonly type: string; readonly value: string }[]
}

function data(): readonly Datum[] {
  const secrets = Object.values(keys(SEED)).map((text) => ({ text, traces: [text] }))
  if (!existsSync(DOCUMENTS)) {
    console.log(`${DOCUMENTS} is not here: personal data are tried with the generated ones alone`)
    return secrets
  }
  const all = (JSON.parse(readFileSync(DOCUMENTS, 'utf8')) as Document[]).filter(({ spans }) => spans.length > 0)
  const next = random(SEED)
  const chosen = process.env.MCP_VITALS_PROVE ? all : all.sort(() => next() - 0.5).slice(0, SAMPLE)
  const told = chosen.map(({ text, spans }) => ({
    text,
    // A short word or number stands in many places by chance; a whole name, address or number does not.
    traces: [
      text,
      ...spans.filter(({ type, value }) => SURE_KINDS.has(type) || value.length >= 12).map(({ value }) => value),
    ],
  }))
  return [...secrets, ...told]
}

/** The bytes that would give a trace away, in each of the forms in which it could have been written. */
function formsOf(trace: string): readonly string[] {
  const bytes = Buffer.from(trace)
  // Three ways in which base64 begins within a longer text; its last group depends on what follows.
  const base64 = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .slice(shift === 0 ? 0 : 4, -4),
  )
  const forms = [trace, JSON.stringify(trace).slice(1, -1), encodeURIComponent(trace), bytes.toString('hex'), ...base64]
  return [...new Set(forms)].filter((form) => form.length >= 7)
}

type Message = Readonly<Record<string, unknown>>

/** Everything that a client can say with the datum in it. */
function messagesWith(text: string): readonly Message[] {
  const call = (name: string, fail?: string) => ({
    method: 'tools/call',
    id: `${fail}-${name}-${text}`,
    params: { name, arguments: { text, [text]: text, fail }, _meta: { progressToken: text, [text]: text } },
  })
  return [
    { method: 'tools/list', id: 'list', params: { cursor: text } },
    call('plain'),
    call('plain', 'error'),
    call('plain', 'result'),
    call(text),
    call(text, 'error'),
    call(text, 'result'),
    { method: 'prompts/get', id: `p${text}`, params: { name: text, arguments: { [text]: text } } },
    { method: 'resources/read', id: `r${text}`, params: { uri: `file:///${text}?${text}` } },
    { method: 'completion/complete', id: `c${text}`, params: { ref: { uri: text }, argument: { value: text } } },
    { method: text, id: `m${text}`, params: { [text]: text } },
    { method: 'notifications/cancelled', params: { requestId: text, reason: text } },
    { method: text, params: { text } },
  ].map((message) => ({ jsonrpc: '2.0', ...message }))
}

const hello = (text: string): Message => ({
  jsonrpc: '2.0',
  id: `hello-${text}`,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: text, version: text, title: text } },
})

const INITIALIZED: Message = { jsonrpc: '2.0', method: 'notifications/initialized' }

/** One session through the gateway, with the datum in headers, addresses and ids as well. */
async function throughGateway(url: string, { text }: Datum): Promise<void> {
  const header = encodeURIComponent(text)
  const told = {
    authorization: `Bearer ${header}`,
    cookie: `s=${header}`,
    'x-key': header,
    traceparent: header,
    'user-agent': header,
  }
  const post = (message: Message, session: Record<string, string> = {}, path = '') =>
    fetch(`${url}/mcp/telltale${path}`, {
      method: 'POST',
      headers: {
        ...told,
        ...session,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify(message),
    })
  const opened = await post(hello(text), {}, `?${header}`)
  await opened.text()
  const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' }
  await (await post(INITIALIZED, session)).text()
  for (const message of messagesWith(text)) await (await post(message, session, `?q=${header}`)).text()
  await (await post(messagesWith(text)[1]!, { 'mcp-session-id': header })).text()
  await (await fetch(`${url}/mcp/${header}`, { method: 'POST', body: text })).text()
  await (await fetch(`${url}/${header}?${header}`)).text()
  await (await fetch(`${url}/mcp/telltale`, { method: 'DELETE', headers: session })).text()
}

/** One wrap for all: first the client’s name, then every message. */
async function throughWrap(dataDir: string, all: readonly Datum[]): Promise<void> {
  const wrap = spawn(process.execPath, [CLI, 'wrap', '--name', 'wrapped', '--', process.execPath, SERVER], {
    env: { ...process.env, MCP_VITALS_DATA: dataDir, SECRET: all[0]!.text },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const messages = [hello(all.at(-1)!.text), INITIALIZED, ...all.flatMap(({ text }) => messagesWith(text))]
  let answers = 0
  createInterface({ input: wrap.stdout }).on('line', (line) => {
    if ('id' in JSON.parse(line)) answers++
  })
  for (const message of messages) wrap.stdin.write(`${JSON.stringify(message)}\n`)
  const wanted = messages.filter(({ id }) => id !== undefined).length
  await until(
    () => answers >= wanted,
    60_000,
    () => `${answers} of ${wanted} answers`,
  )
  wrap.stdin.end()
  await once(wrap, 'close')
}

/** Numbers of persons, and addresses as those write them who do not want them found. */
const NUMBERS = [
  '4111111111111111',
  '41111111111111114111111111111111',
  '123-45-6789',
  '123456789',
  '5551234567',
  '555 123 4567',
  '４１１１１１１１１１１１１１１１',
  'jane.doe＠example.com',
  'jane.doe(at)example.com',
].map((text) => ({ text, traces: [text] }))

/** What else a field wants, where the datum is no such value. */
function otherwise({ kind, choices, form }: Field<unknown>, text: string): unknown {
  if (kind === 'texts') return form ? [] : [text]
  return { text, number: 1, flag: true, choice: choices?.[0] }[kind]
}

/** One event of each type, with the datum in every text, and one for each field that takes texts of one form alone. */
function eventsWith(text: string): readonly { readonly event: object; readonly refused: string | undefined }[] {
  return Object.entries(EVENTS).flatMap(([type, { fields }]) => {
    const all = Object.entries<Field<unknown>>({ ...ENVELOPE, ...fields }).filter(([name]) => name !== 'at')
    const cut = (length = 60) => text.slice(0, Math.min(60, length))
    const free = all.filter(([, { kind, form }]) => kind !== 'text' || !form)
    const event = {
      type,
      note: text,
      ...Object.fromEntries(free.map(([name, field]) => [name, otherwise(field, cut(field.maxLength))])),
    }
    const formed = all.filter(([, { form }]) => form)
    return [
      { event, refused: undefined },
      ...formed.map(([name, { kind, form, maxLength }]) => {
        const told = cut(maxLength)
        const refused = new RegExp(form!.pattern).test(told) ? undefined : name
        return { event: { ...event, [name]: kind === 'texts' ? [told] : told }, refused }
      }),
    ]
  })
}

/** Applications’ own posts, with a stream and without. */
async function throughIngest(url: string, dataDir: string, all: readonly Datum[]): Promise<void> {
  const token = readFileSync(join(dataDir, 'token'), 'utf8').trim()
  const post = async (body: object) => {
    const answer = await fetch(`${url}/v1/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    expect(answer.status).toBe(200)
    return (await answer.json()) as { readonly rejected: readonly { readonly field: string }[] }
  }
  for (const { text } of all) {
    const events = eventsWith(text)
    const wanted = events.flatMap(({ refused }) => refused ?? [])
    const sender = { kind: 'app', name: text.slice(0, 60), version: '1' }
    const { rejected } = await post({ sender, events: events.map(({ event }) => event) })
    expect(rejected.map(({ field }) => field)).toEqual(wanted)
    if (!/^[\w-]{1,64}$/.test(text)) continue
    const numbered = events.map(({ event }, index) => ({ seq: index + 1, event: { v: 1, at: Date.now(), ...event } }))
    expect((await post({ stream: text, sender, events: numbered })).rejected).toHaveLength(wanted.length)
  }
}

function filesIn(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile())
}

/** Where a trace stands, of the given places: `place: trace`. */
function found(places: Readonly<Record<string, string>>, all: readonly Datum[]): readonly string[] {
  return all.flatMap(({ traces }) =>
    traces
      .flatMap(formsOf)
      .flatMap((form) =>
        Object.keys(places).flatMap((place) => (places[place]!.includes(form) ? [`${place}: ${form}`] : [])),
      ),
  )
}

const contentOf = (paths: readonly string[]) =>
  Object.fromEntries(paths.map((path) => [path, readFileSync(path).toString('utf8')]))

test(promises('A5.log.nothing-personal', 'E1.log.audit-sanitised'), {
  timeout: 600_000,
}, async () => {
  const all = data()
  const home = mkdtempSync(join(tmpdir(), 'mcp-vitals-privacy-'))
  const dataDir = join(home, 'state')
  const logs = join(home, 'logs')
  try {
    await throughWrap(dataDir, all)
    const spooled = filesIn(dataDir)
    expect(spooled.some((path) => statSync(path).size > 10_000)).toBe(true)
    expect(found(contentOf(spooled), all)).toEqual([])

    const config = {
      servers: { telltale: { command: process.execPath, args: [SERVER] } },
      // What a script may send in a second is no matter here.
      ingest: { eventsPerSecond: 100_000, postsPerSecond: 10_000 },
      log: { level: 'debug', file: join(logs, 'mcp.log'), maxSizeBytes: '1m', maxFiles: 100 },
    }
    const daemon = await startDaemon({ config, dataDir })
    let out = ''
    daemon.process.stdout?.on('data', (chunk) => {
      out += chunk
    })
    const waiting = [...all]
    const work = async () => {
      for (let datum = waiting.pop(); datum; datum = waiting.pop()) await throughGateway(daemon.url, datum)
    }
    await Promise.all([work(), work(), work(), work()])
    const told = [...all, ...NUMBERS]
    await throughIngest(daemon.url, dataDir, told)
    expect(await metric(daemon.url, 'mcp_tool_calls_total', { server: 'telltale', tool: 'plain' })).toBeDefined()
    const pages = ['/metrics', '/', '/health', '/health/ready', '/ready']
    const places: Record<string, string> = {}
    for (const page of pages) places[page] = await (await fetch(daemon.url + page)).text()
    expect(places['/metrics']).toContain('tool="[key]"')
    await daemon.stop()
    Object.assign(places, contentOf(filesIn(home)), { stdout: out, stderr: daemon.stderr() })
    expect(Object.keys(places).some((place) => place.endsWith('mcp.log'))).toBe(true)
    expect(out).toContain('[email]')
    expect(found(places, told)).toEqual([])
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
})
