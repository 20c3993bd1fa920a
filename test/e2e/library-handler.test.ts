/** `createMcpHandler` of SDK 2 makes a server for each request: with the library in each, and without. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { instrument, vitals } from '../../packages/instrument/src/index.js'
import { createMetricsFold, createRegistry, expose } from '../../packages/instrument/src/metrics/index.js'
import { FIXTURES, type FixtureName } from '../fixtures/sdk/fixtures.mjs'
import { type Era, handled, requestOf } from '../fixtures/sdk/handled.js'
import { SDKS } from '../fixtures/sdk/sdks.mjs'
import { Changes, Diary } from '../fixtures/sdk/waiting.js'
import { until } from '../fixtures/until.js'
import { listen } from '../unit/sdk/servers.js'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const ERAS: readonly Era[] = ['legacy', 'modern']
/** Those that need nothing of a session. */
const NAMES: readonly FixtureName[] = ['tools', 'given', 'hostile', 'strange']
const REQUESTS = 400
const MOST_ALIVE = 20

describe.each(ERAS)('a handler of the %s era, with the library in each of its servers', (era) => {
  it.each(NAMES)('answers as one without it, and has no session: %s', async (name) => {
    const sdk = await SDKS['2.4.0']()
    const bare = await handled(FIXTURES[name], sdk, era, () => {})
    const heard = listen()
    const ours = await handled(FIXTURES[name], sdk, era, (server) => void instrument(instrument(server)))
    heard.stop()
    expect(ours).toEqual(bare)
    expect(bare.made).toBeGreaterThan(bare.methods.length / 2)
    expect(heard.events.filter(({ session }) => session !== undefined)).toEqual([])
    expect([...heard.of('session.opened'), ...heard.of('session.closed')]).toEqual([])
    const started = heard.of('request.started')
    const ended = heard.of('request.ended').map(({ operation }) => operation)
    expect(ended.sort()).toEqual(started.map(({ operation }) => operation).sort())
    // What the handler refuses by itself no server hears of.
    const served = era === 'legacy' && name !== 'strange' ? bare.methods : started.map(({ method }) => method)
    expect(started.map(({ method }) => method)).toEqual(served)
    expect(started.length).toBeGreaterThan(2)
  })

  it('counts every request of every server once, as a page shows it, and keeps none of the servers', async () => {
    const sdk = await SDKS['2.4.0']()
    const registry = createRegistry()
    const { fold } = createMetricsFold(registry)
    const detach = vitals().attach((event) => fold(event, 'local'))
    const gone: WeakRef<object>[] = []
    const handler = sdk.handler!(() => {
      const server = instrument(FIXTURES.tools.serve(sdk, new Diary(new Changes())), { server: `handled-${era}` })
      gone.push(new WeakRef(server))
      return server
    })
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: { text: 'a' } } }
    for (let round = 0; round < REQUESTS; round++)
      expect(await (await handler.fetch(requestOf(JSON.stringify(call), era))).text()).toContain('"text":"a"')
    const page = expose(registry)
    expect(page).toMatch(
      new RegExp(`^mcp_tool_calls_total{server="handled-${era}",tool="echo",status="success"} ${REQUESTS}$`, 'm'),
    )
    for (const gauge of ['mcp_active_sessions', 'mcp_active_connections', 'mcp_queue_depth'])
      expect(page).not.toMatch(new RegExp(`^${gauge}{server="handled-${era}"[^}]*} [1-9]`, 'm'))
    const alive = () => gone.filter((each) => each.deref() !== undefined).length
    const settled = async () => {
      await new Promise(setImmediate)
      collect()
      return alive() < MOST_ALIVE
    }
    await until(settled, 20_000, () => `${alive()} of ${gone.length} servers are alive`)
    expect(gone).toHaveLength(REQUESTS)
    await handler.close()
    detach()
  })
})
