/** What the library does to the objects that it is given: nothing that lasts, and nothing that throws. */
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { afterEach, describe, expect, it } from 'vitest'
import {
  instrument,
  instrumentClient,
  uninstrument,
  type Vitals,
  vitals,
} from '../../../packages/instrument/src/index.js'
import { createMetricsFold, createRegistry } from '../../../packages/instrument/src/metrics/index.js'
import { FIXTURES, type WatchedServer } from '../../fixtures/sdk/fixtures.mjs'
import { SDKS, type Sdk, type SdkVersion, type Transport } from '../../fixtures/sdk/sdks.mjs'
import { session } from '../../fixtures/sdk/session.js'
import { Changes, Diary } from '../../fixtures/sdk/waiting.js'
import { Site } from '../../fixtures/sdk/wires.js'
import { listen } from './servers.js'

const undo: (() => void)[] = []
afterEach(() => {
  for (const each of undo.splice(0)) each()
})

const VERSIONS = Object.keys(SDKS) as SdkVersion[]
const diary = () => new Diary(new Changes())
const inner = (server: WatchedServer) => (server as { server?: object }).server ?? server

/** A transport that keeps what is sent. */
function quiet(extra: object = {}) {
  const sent: unknown[] = []
  const transport: Transport = {
    start: async () => {},
    close: async () => {},
    send: async (message) => void sent.push(message),
    ...extra,
  }
  return { transport, sent }
}

/** What an object's own properties are, and of functions that are new in each object what they look like. */
function lookOf(object: object): unknown {
  const properties = Object.entries(Object.getOwnPropertyDescriptors(object)).map(([key, { value, ...rest }]) => [
    key,
    { ...rest, value: typeof value === 'function' ? String(value) : typeof value },
  ])
  return Object.fromEntries(properties)
}

describe.each(VERSIONS)('SDK %s', (version) => {
  const connected = async (sdk: Sdk, transport: Transport, prepare: (server: WatchedServer) => void) => {
    const server = FIXTURES.tools.serve(sdk, diary())
    prepare(server)
    await server.connect(transport)
    return server
  }

  it('gets its server back as it was, connected or not', async () => {
    const sdk = await SDKS[version]()
    const server = FIXTURES.tools.serve(sdk, diary())
    const before = Object.getOwnPropertyDescriptors(inner(server))
    expect(uninstrument(instrument(server))).toBe(server)
    expect(Object.getOwnPropertyDescriptors(inner(server))).toEqual(before)
    await server.connect(quiet().transport)
    const atWork = Object.getOwnPropertyDescriptors(inner(server))
    uninstrument(instrument(server))
    const after = Object.getOwnPropertyDescriptors(inner(server))
    expect(Reflect.ownKeys(after)).toEqual(Reflect.ownKeys(atWork))
    for (const key of Object.keys(atWork)) expect(after[key]?.value, key).toBe(atWork[key]?.value)
  })

  it.each(['memory', 'stdio', 'http'] as const)(
    'gets its transport back as it would be without us: %s',
    async (kind) => {
      const sdk = await SDKS[version]()
      const make = () => {
        if (kind === 'memory') return sdk.pair()[1]
        if (kind === 'http' && sdk.http) return sdk.http({ sessionIdGenerator: () => 'x' })
        return sdk.stdio(process.stdin as never, process.stdout as never)
      }
      const [bare, ours] = [make(), make()]
      const twin = await connected(sdk, bare, () => {})
      const handlers = new Map<string, unknown>()
      const server = await connected(sdk, ours, instrument)
      for (const key of ['send', 'onmessage', 'onclose'] as const) handlers.set(key, ours[key])
      expect(Object.keys(ours).sort()).toEqual(Object.keys(bare).sort())
      uninstrument(server)
      expect(lookOf(ours)).toEqual(lookOf(bare))
      for (const [key, ofOurs] of handlers) expect(ours[key as 'send'], key).not.toBe(ofOurs)
      await Promise.all([twin.close(), server.close()])
    },
  )
})

describe('what takes no change', () => {
  it('is left alone: a frozen server, and one whose methods are fixed', async () => {
    const before = vitals().stats.faults
    const frozen = Object.freeze(new Server({ name: 'a', version: '1' }, { capabilities: {} }))
    expect(instrument(frozen)).toBe(frozen)
    const half = new Server({ name: 'a', version: '1' }, { capabilities: {} })
    Object.defineProperty(half, 'close', { value: half.close, configurable: false, writable: false })
    expect(instrument(half)).toBe(half)
    expect(Object.hasOwn(half, 'connect')).toBe(false)
    expect(vitals().stats.faults).toBe(before + 2)
    await half.connect(quiet().transport)
    expect(() => uninstrument(frozen)).not.toThrow()
  })

  it('is left alone: a transport with a fixed handler, of which nothing is heard then', async () => {
    const heard = listen()
    const { transport, sent } = quiet()
    Object.defineProperty(transport, 'onclose', { value: undefined, writable: true, configurable: false })
    const before = Object.getOwnPropertyDescriptor(transport, 'send')
    const server = instrument(new Server({ name: 'a', version: '1' }, { capabilities: {} }))
    await server.connect(transport as never)
    expect(Object.getOwnPropertyDescriptor(transport, 'send')).toEqual(before)
    transport.onmessage?.({ jsonrpc: '2.0', id: 1, method: 'ping' })
    await new Promise(setImmediate)
    expect(sent).toEqual([{ jsonrpc: '2.0', id: 1, result: {} }])
    expect(heard.events).toEqual([])
    heard.stop()
  })

  it('is said to be none, without being looked into: what throws when it is looked at', () => {
    const none = [Object.create(null), 7, null, undefined, () => {}, Symbol('s')]
    for (const target of none) expect(() => instrument(target as never)).toThrow('takes what has a connect()')
    for (const target of none) expect(() => instrumentClient(target as never)).toThrow('takes what has a connect()')
    for (const target of none) expect(uninstrument(target as never)).toBe(target)
  })
})

it('hears a server over each of several transports, and gives all of them back', async () => {
  const heard = listen()
  const sdk = await SDKS['1.12.3']()
  const server = instrument(FIXTURES.tools.serve(sdk, diary()))
  const pairs = [1, 2, 3].map(() => sdk.pair())
  for (const [near, far] of pairs) {
    await near.start()
    await server.connect(far)
  }
  // Once more to the first: it is listened at already.
  await server.connect(pairs[0]![1])
  for (const [near] of pairs) await near.send({ jsonrpc: '2.0', id: 1, method: 'ping' })
  expect(heard.of('request.started')).toHaveLength(3)
  await pairs[1]![0].close()
  uninstrument(server)
  for (const [, far] of pairs) {
    expect(Object.hasOwn(far, 'send')).toBe(false)
    expect(Object.getOwnPropertyDescriptor(far, 'onmessage')).toHaveProperty('value')
  }
  heard.stop()
})

it('hears a transport that was closed and is connected again, each message once, and gives it back', async () => {
  const heard = listen()
  const { transport } = quiet()
  const before = Object.getOwnPropertyDescriptor(transport, 'send')
  const server = instrument(new Server({ name: 'a', version: '1' }, { capabilities: {} }))
  for (const round of [1, 2]) {
    await server.connect(transport as never)
    transport.onmessage?.({ jsonrpc: '2.0', id: round, method: 'ping' })
    await new Promise(setImmediate)
    transport.onclose?.()
    transport.onmessage?.({ jsonrpc: '2.0', id: 9, method: 'ping' })
  }
  expect(heard.of('request.ended')).toHaveLength(2)
  expect(heard.of('session.closed')).toHaveLength(2)
  uninstrument(server)
  expect(Object.getOwnPropertyDescriptor(transport, 'send')).toEqual(before)
  expect(Object.getOwnPropertyDescriptor(transport, 'onmessage')).toHaveProperty('value')
  heard.stop()
})

describe('what fails inside us', () => {
  /** Each breaks something that hears of messages. */
  const BREAKS: Record<string, () => void> = {
    'a listener': () => void undo.push(vitals().attach(fail)),
    'the metrics': () => {
      const { fold } = createMetricsFold(createRegistry(), { now: fail, isOwned: fail })
      undo.push(vitals().attach((event) => fold(event, 'local')))
    },
    'the hub': () => {
      const hub = vitals()
      const { publish } = hub
      undo.push(() => Object.assign(hub, { publish }))
      hub.publish = fail
    },
    'the clock': () => {
      const { performance } = globalThis
      undo.push(() => Object.assign(globalThis, { performance }))
      Object.assign(globalThis, { performance: { now: fail } })
    },
    'what stands around messages': () => around({ passing: fail, closed: fail }),
    'what runs around them, before': () => around({ passing: () => ({ run: fail }), closed: fail }),
    'what runs around them, after': () =>
      around({ passing: () => ({ run: (deliver) => fail(deliver()) }), closed: fail }),
    'what runs them never': () => around({ passing: () => ({ run: () => undefined as never }), closed: () => {} }),
    'what runs them twice': () => around({ passing: () => ({ run: twice }), closed: () => {} }),
  }

  function twice<T>(deliver: () => T): T {
    deliver()
    return deliver()
  }

  function around(surround: NonNullable<Vitals['surround']>): void {
    const before = vitals().surround
    undo.push(() => Object.assign(vitals(), { surround: before }))
    vitals().surround = surround
  }

  function fail(..._args: unknown[]): never {
    throw new Error('ours')
  }

  it.each(Object.keys(BREAKS))('stays there: %s', async (what) => {
    const site = await Site.open()
    undo.push(() => site.close())
    for (const version of ['1.32.2', '2.4.0'] as const) {
      const sdk = await SDKS[version]()
      for (const name of ['tools', 'abort', 'hostile'] as const) {
        const bare = await session(FIXTURES[name], sdk, 'memory', site)
        BREAKS[what]!()
        const before = vitals().stats.faults
        const broken = await session(FIXTURES[name], sdk, 'memory', site, { before: instrument })
        for (const each of undo.splice(1)) each()
        expect(broken, `${version} ${name}`).toEqual(bare)
        if (!what.startsWith('what runs')) expect(vitals().stats.faults, what).toBeGreaterThan(before)
      }
    }
  })
})

describe('objects that are hard to look at', () => {
  const fail = () => {
    throw new Error('do not look')
  }
  const circular: Record<string, unknown> = { content: [] }
  circular.again = circular
  const closed = new Proxy({}, { get: fail, has: fail, ownKeys: fail, getOwnPropertyDescriptor: fail })
  const params = (value: unknown) => ({ jsonrpc: '2.0', method: 'notifications/message', params: value })
  const result = (value: unknown) => ({ jsonrpc: '2.0', id: 1, result: value })
  const HARD: Record<string, unknown> = {
    'a closed proxy': closed,
    'a closed proxy as result': result(closed),
    'a closed proxy as params': params(closed),
    'a revoked proxy': revoked(),
    'a getter': {
      jsonrpc: '2.0',
      id: 1,
      get result() {
        return fail()
      },
    },
    'a getter in the content': result({
      content: [
        {
          type: 'text',
          get text() {
            return fail()
          },
        },
      ],
    }),
    'a method that is no text': { jsonrpc: '2.0', id: 1, method: Symbol('m') },
    'an id that is no id': { jsonrpc: '2.0', id: closed, method: 'ping' },
    'something circular': result(circular),
    'something frozen': Object.freeze(result(Object.freeze({ content: Object.freeze([]) }))),
    'something that is not JSON': result({ content: [{ text: 1n }], toJSON: fail }),
    'an array with a hole and a length of its own': result({ content: Object.assign(new Array(3), { length: 1e6 }) }),
    nothing: undefined,
    null: null,
    text: 'text',
    'a function': fail,
  }

  function revoked() {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    return proxy
  }

  it.each(Object.keys(HARD))('pass as they are: %s', async (name) => {
    const message = HARD[name]
    const got: unknown[] = []
    const sending = Promise.resolve()
    const { transport, sent } = quiet({
      send(given: unknown, ...rest: unknown[]) {
        sent.push(given, rest)
        return sending
      },
    })
    const server = instrument(new Server({ name: 'a', version: '1' }, { capabilities: {} }))
    await server.connect(transport as never)
    expect((transport.send as (...args: unknown[]) => unknown)(message, 'option')).toBe(sending)
    expect(sent[0]).toBe(message)
    expect(sent[1]).toEqual(['option'])
    transport.onmessage = (...args: unknown[]) => got.push(args)
    ;(transport.onmessage as (...args: unknown[]) => void)(message, { extra: true })
    expect(got).toHaveLength(1)
    expect((got[0] as unknown[])[0]).toBe(message)
    expect((got[0] as unknown[])[1]).toEqual({ extra: true })
  })
})
