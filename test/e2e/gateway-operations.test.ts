/** One operation is one operation, over all the requests that it takes: through the gateway, in front of both kinds of servers. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { fixture, type Harness, script, serve, startHttpServer, until, url } from './gateway-harness.js'

const VERSION = { legacy: '2025-11-25', modern: '2026-07-28' } as const
type Era = keyof typeof VERSION
/** A person takes that long at the least. */
const WAIT_MS = 100

let http: Awaited<ReturnType<typeof startHttpServer>>
let harness: Harness
beforeAll(async () => {
  const file = fixture('operations-server.mjs')
  http = await startHttpServer(() => [file, 'http'])
  harness = await serve({ stdio: script(file, 'stdio'), http: url(http.address) })
})
afterAll(async () => {
  await harness.stop()
  http.process.kill()
})
beforeEach(() => {
  harness.events.length = 0
})

/** Asks in a session of its own, or in none: `id` is the same for every client. */
async function client(server: string, era: Era) {
  let session: Record<string, string> = {}
  let id = 0
  const ask = async (method: string, params: Record<string, unknown> = {}) => {
    const named = { 'mcp-name': String(params.name ?? params.taskId) }
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': VERSION.modern,
      'io.modelcontextprotocol/clientCapabilities': {},
    }
    const response = await fetch(harness.address(server), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': VERSION[era],
        ...(era === 'modern' ? { 'mcp-method': method, ...named } : session),
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: ++id,
        method,
        params: era === 'modern' ? { ...params, _meta } : params,
      }),
    })
    const given = response.headers.get('mcp-session-id')
    if (given !== null) session = { 'mcp-session-id': given }
    const text = await response.text()
    return JSON.parse(/^data: (\{.*)$/m.exec(text)?.[1] ?? text).result
  }
  const clientInfo = { name: 'operations', version: '1' }
  if (era === 'legacy') await ask('initialize', { protocolVersion: VERSION.legacy, capabilities: {}, clientInfo })
  return ask
}

const ended = (name: string) => harness.ofType('request.ended').filter((event) => event.name === name)
const started = (name: string) => harness.ofType('request.started').filter((event) => event.name === name)
const told = (name: string, times: number) => until(() => ended(name).length >= times, `${name} ended ${times} times`)

describe.each(['stdio', 'http'])('rounds of input over %s', (server) => {
  test('are joined by their requestState, whoever asks beside them, and the person’s time is told apart', async () => {
    const [ada, bob] = await Promise.all([client(server, 'modern'), client(server, 'modern')])
    const [first, other] = await Promise.all([ada('tools/call', { name: 'ask' }), bob('tools/call', { name: 'ask' })])
    expect(first.resultType).toBe('input_required')
    expect(first.requestState).not.toBe(other.requestState)
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS))
    expect(ended('ask')).toEqual([])
    const go = (ask: typeof ada, { requestState }: { requestState: string }) =>
      ask('tools/call', { name: 'ask', requestState, inputResponses: { who: { action: 'decline' } } })
    expect(await go(bob, other)).toMatchObject({ resultType: 'complete' })
    await told('ask', 1)
    expect(await go(ada, first)).toMatchObject({ resultType: 'complete' })
    await told('ask', 2)
    expect(started('ask')).toHaveLength(2)
    expect(ended('ask')).toMatchObject([
      { outcome: 'ok', rounds: 2 },
      { outcome: 'ok', rounds: 2 },
    ])
    expect(new Set(ended('ask').map(({ operation }) => operation)).size).toBe(2)
    // A timer may be a millisecond early.
    for (const { waitMs } of ended('ask')) expect(waitMs).toBeGreaterThanOrEqual(WAIT_MS - 2)
  })
})

describe.each(['stdio', 'http'])('a question within a legacy call over %s', (server) => {
  test('is the person’s time, not the server’s', async () => {
    const address = harness.address(server)
    const accept = 'application/json, text/event-stream'
    const post = async (message: object, session?: string) =>
      fetch(address, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept,
          ...(session !== undefined && { 'mcp-session-id': session }),
        },
        body: JSON.stringify({ jsonrpc: '2.0', ...message }),
      })
    const clientInfo = { name: 'operations', version: '1' }
    const params = { protocolVersion: VERSION.legacy, capabilities: { elicitation: {} }, clientInfo }
    const begun = await post({ id: 1, method: 'initialize', params })
    const session = begun.headers.get('mcp-session-id')!
    await begun.text()
    const called = await post({ id: 2, method: 'tools/call', params: { name: 'ask', arguments: {} } }, session)
    let text = ''
    for await (const chunk of called.body!.pipeThrough(new TextDecoderStream())) {
      text += chunk
      const question = /"id":"(question-\d+)"/.exec(chunk)?.[1]
      if (question === undefined) continue
      await new Promise((resolve) => setTimeout(resolve, WAIT_MS))
      await post({ id: question, result: { action: 'decline' } }, session)
    }
    expect(text).toContain('done')
    await told('ask', 1)
    const [{ waitMs } = {}] = ended('ask')
    const [question] = harness.ofType('request.ended').filter(({ method }) => method === 'elicitation/create')
    expect(question).toMatchObject({ direction: 'server_to_client', outcome: 'ok' })
    expect(waitMs).toBeCloseTo(question!.durationMs, 3)
    expect(waitMs).toBeGreaterThanOrEqual(WAIT_MS - 2)
  })
})

const PLACES = [
  ['stdio', 'modern'],
  ['http', 'modern'],
  ['stdio', 'legacy'],
  ['http', 'legacy'],
] as const
describe.each(PLACES)('a task over %s, %s', (server, era) => {
  test.each([
    ['bake', 'ok'],
    ['burn', 'tool_error'],
  ])('is followed to its end (%s: %s)', async (name, outcome) => {
    const ask = await client(server, era)
    const begun = await ask('tools/call', { name, ...(era === 'legacy' && { task: { ttl: 60_000 } }) })
    const { taskId } = begun.task ?? begun
    expect((await ask('tasks/get', { taskId })).status).toBe('working')
    await until(
      () => harness.ofType('request.ended').some(({ method }) => method === 'tasks/get'),
      'it was asked about',
    )
    expect([started(name).length, ended(name)]).toEqual([1, []])
    await ask('tasks/get', { taskId })
    await told(name, 1)
    expect(ended(name)).toMatchObject([{ outcome, task: true, method: 'tools/call' }])
    expect(started(name)).toHaveLength(1)
    expect(JSON.stringify(harness.events)).not.toContain(taskId)
  })
})
