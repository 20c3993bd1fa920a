/** A stdio session, direct and through `wrap`: whatever passes, both ends see the same bytes, status and errors. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Event } from '../../packages/instrument/src/event/index.js'
import { createStdioProxy } from '../../packages/server/src/sources/stdio-proxy/index.js'
import { fixture } from '../e2e/gateway-harness.js'
import { wrapped } from '../e2e/wrapped.js'
import { cutAt, cuts, ID_TOKENS, jsonText, runs, stringToken } from './differential/strange.js'

const PLAYER = fixture('player.mjs')
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'differential-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

interface Script {
  /** What the client writes, in which pieces; then it ends its side. */
  readonly input: Buffer
  readonly cuts: readonly number[]
  readonly steps: readonly { after: number; out?: Buffer; err?: Buffer }[]
  readonly exit: number | undefined
}

interface Seen {
  readonly received: Buffer
  readonly out: Buffer
  readonly err: string
  readonly code: number | null
}

const message = fc.oneof(
  fc
    .tuple(fc.constantFrom(...ID_TOKENS), stringToken, jsonText)
    .map(([id, method, params]) => `{"jsonrpc":"2.0","id":${id},"method":${method},"params":${params}}`),
  fc.tuple(jsonText, fc.constantFrom(...ID_TOKENS)).map(([result, id]) => `{"result":${result},"id":${id},"id":${id}}`),
  fc.array(jsonText, { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
  jsonText,
)
const junk = fc.oneof(
  fc.constantFrom('', ' ', 'not JSON', '{"jsonrpc":"2.0","id":', '\u001b[31mred\u001b[0m', '\ufeff{}', '"', '}'),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
)
const line = fc.tuple(
  fc.oneof({ weight: 3, arbitrary: message }, junk),
  fc.constantFrom('\n', '\n', '\n', '\r\n', '\n\n', ''),
)
/** Text that mostly ends its lines, in UTF-8 but for the junk. */
const bytes = fc
  .array(line, { maxLength: 6 })
  .map((lines) => Buffer.concat(lines.flatMap(([text, end]) => [Buffer.from(text), Buffer.from(end)])))

const script: fc.Arbitrary<Script> = fc
  .record({
    input: bytes,
    cuts,
    outputs: fc.array(fc.record({ at: fc.nat({ max: 1_000_000 }), out: bytes, err: fc.option(stringToken) }), {
      maxLength: 4,
    }),
    exit: fc.option(fc.integer({ min: 0, max: 255 }), { nil: undefined }),
  })
  .map(({ input, outputs, ...rest }) => ({
    ...rest,
    input,
    steps: outputs
      .map(({ at, out, err }) => ({
        after: at % (input.length + 1),
        out,
        ...(err !== null && { err: Buffer.from(err) }),
      }))
      .sort((a, b) => a.after - b.after),
  }))

let plans = 0
/** Lays a script down for the player. A player that ends of itself reads all of the input first: what it leaves is chance. */
function planOf({ input, steps, exit }: Script) {
  const plan = join(folder, `plan-${plans++}.json`)
  const received = `${plan}.received`
  const coded = steps.map(({ after, out, err }) => ({
    after,
    out: out?.toString('base64'),
    err: err?.toString('base64'),
  }))
  const last = exit === undefined ? [] : [{ after: input.length, exit }]
  writeFileSync(plan, JSON.stringify({ steps: [...coded, ...last], received }))
  return { plan, received: () => readFileSync(received) }
}

async function feed(into: NodeJS.WritableStream, { input, cuts: places }: Script) {
  for (const chunk of cutAt(input, places)) {
    into.write(chunk)
    await turn()
  }
  into.end()
}

/** Plays a script with a command of its own. */
async function play(told: Script, command: (args: string[]) => readonly string[]): Promise<Seen> {
  const { plan, received } = planOf(told)
  const [program, ...args] = command([process.execPath, PLAYER, plan])
  const child = spawn(program!, args, { env: { ...process.env, MCP_VITALS_DATA: folder } })
  const out: Buffer[] = []
  let err = ''
  child.stdout.on('data', (chunk) => out.push(chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    err += chunk
  })
  child.stdin.on('error', () => {})
  const closed = once(child, 'close')
  await feed(child.stdin, told)
  const [code] = await closed
  return { received: received(), out: Buffer.concat(out), err, code }
}

/** Plays a script through the proxy, in this process: quicker, and its events are at hand. */
async function playHere(told: Script): Promise<Omit<Seen, 'err'> & { events: readonly Event[] }> {
  const { plan, received } = planOf(told)
  const [stdin, stdout] = [new PassThrough(), new PassThrough()]
  const out: Buffer[] = []
  const events: Event[] = []
  stdout.on('data', (chunk) => out.push(chunk))
  const proxy = createStdioProxy({
    name: 'player',
    session: 'a-pseudonym',
    command: process.execPath,
    args: [PLAYER, plan],
    env: process.env,
    stdin,
    stdout,
    stderr: 'ignore',
    publish: (event) => events.push(event),
    now: Date.now,
    clock: () => performance.now(),
  })
  await proxy.start()
  await feed(stdin, told)
  const { code } = await proxy.exited
  expect(proxy.observerFaults).toBe(0)
  return { received: received(), out: Buffer.concat(out), code, events }
}

/** What both sides must see: the script says it. */
const expectation = ({ input, steps, exit }: Script) => ({
  received: input,
  out: Buffer.concat(steps.map(({ out = Buffer.alloc(0) }) => out)),
  code: exit ?? 0,
})

test('whatever passes, both ends get every byte, in order', async () => {
  await fc.assert(
    fc.asyncProperty(script, async (told) => {
      const { events: _, ...seen } = await playHere(told)
      expect(seen).toEqual(expectation(told))
    }),
    runs(40, 'scripts played through the wrap'),
  )
}, 600_000)

test('through the command: bytes, standard error and exit status are those of the server alone', async () => {
  await fc.assert(
    fc.asyncProperty(script, async (told) => {
      const direct = await play(told, (args) => args)
      const through = await play(told, ([command, ...args]) => wrapped([command!, ...args], 'player'))
      expect(through).toEqual(direct)
      expect(through).toMatchObject(expectation(told))
    }),
    runs(6, 'scripts played through its command'),
  )
}, 600_000)

const OUTCOMES = {
  ok: (id: string) => `{"jsonrpc":"2.0","id":${id},"result":{"content":[]}}`,
  tool_error: (id: string) => `{"id":${id},"result":{"isError":true,"content":[]},"jsonrpc":"2.0"}`,
  protocol_error: (id: string) => `{"jsonrpc":"2.0","error":{"code":-32602,"message":"no"},"id":${id}}`,
  // Its client ended the input, and so gave it up; the server ends without a word.
  cancelled: () => '',
} as const
type Outcome = keyof typeof OUTCOMES

const session = fc.record({
  calls: fc.uniqueArray(
    fc.record({
      id: fc.constantFrom(...ID_TOKENS),
      tool: fc.constantFrom('add', 'find', 'grüße'),
      outcome: fc.constantFrom(...(Object.keys(OUTCOMES) as Outcome[])),
      place: fc.nat(),
    }),
    // 1 and 1.0, "1" and "\u0031" are one id.
    { maxLength: 8, selector: ({ id }) => JSON.stringify(JSON.parse(id)) },
  ),
  cuts,
})

test('the observer counts what the script says: each call once, with its tool and outcome', async () => {
  await fc.assert(
    fc.asyncProperty(session, async ({ calls, cuts: places }) => {
      const asked = calls.map(
        ({ id, tool }) =>
          `{"jsonrpc":"2.0","method":"tools/call","id":${id},"params":{"name":${JSON.stringify(tool)},"arguments":{"id":1}}}\n`,
      )
      const input = Buffer.from(asked.join(''))
      const answered = [...calls].sort((a, b) => a.place - b.place).map(({ id, outcome }) => OUTCOMES[outcome](id))
      const out = Buffer.from(answered.map((text) => (text === '' ? '' : `${text}\n`)).join(''))
      const { events } = await playHere({ input, cuts: places, steps: [{ after: input.length, out }], exit: 0 })
      const ended = events.filter((event) => event.type === 'request.ended')
      const said = (tool: string | undefined, outcome: string) => `${tool} ${outcome}`
      expect(ended.map(({ name, outcome }) => said(name, outcome)).sort()).toEqual(
        calls.map(({ tool, outcome }) => said(tool, outcome)).sort(),
      )
      expect(events.filter((event) => event.type === 'request.started')).toHaveLength(calls.length)
      expect(events.filter((event) => event.type === 'unreadable')).toEqual([])
    }),
    runs(25, 'watched sessions through the wrap'),
  )
}, 600_000)
