import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Event } from '../../packages/instrument/src/event/index.js'
import { createDoors, makeKey, type Refusal } from '../../packages/server/src/doors/index.js'
import { doorsOptions, serverDoorsOptions } from '../../packages/server/src/doors/options.js'

const LIMITS = {
  agent: { calls: 4, windowMs: 1000 },
  tool: { calls: 3, windowMs: 700 },
  server: { calls: 9, windowMs: 3000 },
  address: { calls: 6, windowMs: 500 },
}
const LOCKOUT = { failures: 3, windowMs: 2000, lockMs: 5000 }
const PLACES = ['192.0.2.1', '192.0.2.2', '2001:db8::1', '2001:db8::ffff', '2001:db8:0:1::1']
/** The last but one IPv6 address lies in the /64 of the first. */
const NEIGHBOURS = [0, 1, 2, 2, 4]
const about = { servers: ['*'], tools: ['*'], createdAt: 0 }
const ANNA = makeKey({ agent: 'anna', ...about })
const BERT = makeKey({ agent: 'bert', ...about })

function world(extra: object = {}, servers: object = {}) {
  let now = 0
  const pass = (ms: number) => {
    now += ms
  }
  const events: Event[] = []
  const settingOf = (options: object, own: object) => ({
    options: doorsOptions.parse({ keys: true, limits: LIMITS, lockout: LOCKOUT, ...options }),
    servers: Object.fromEntries(Object.entries(own).map(([name, set]) => [name, serverDoorsOptions.parse(set)])),
  })
  const doors = createDoors({
    setting: settingOf(extra, servers),
    publish: (event) => void events.push(event),
    now: () => now,
    clock: () => now,
    patterns: () => undefined,
  })
  doors.setKeys([ANNA.record, BERT.record])
  const change = (options: object, own: object = {}) => doors.change(settingOf(options, own), () => undefined)
  const ask = (remote: string, keys: readonly string[], tool: string, server = 'notes'): Refusal => {
    const arrival = { remote, forwardedFor: undefined, keys, url: `/mcp/${server}`, headers: [] }
    const pass = doors.of(server)!.admit(arrival)
    if ('status' in pass) return pass
    const refusal = pass.admit({ kind: 'request', method: 'tools/call', name: tool, arguments: {} })
    const answer = refusal ?? { status: 200, code: 0, message: '' }
    return { ...answer, headers: { ...pass.headers(), ...answer.headers } }
  }
  return { doors, events, ask, pass, change }
}

/** A bucket of tokens, in the words of a textbook. */
function bucket({ calls, windowMs }: { calls: number; windowMs: number }) {
  let tokens = calls
  let last = 0
  const refill = (now: number) => {
    tokens = Math.min(calls, tokens + ((now - last) * calls) / windowMs)
    last = now
  }
  return {
    has(now: number) {
      refill(now)
      return tokens >= 1 - 1e-6
    },
    take: () => void tokens--,
  }
}

type Step = { wait: number; place: number; who: 'anna' | 'bert' | 'wrong' | 'none'; tool: number }
const step: fc.Arbitrary<Step> = fc.record({
  wait: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 6000 })),
  place: fc.nat(PLACES.length - 1),
  who: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('anna', 'bert') },
    { weight: 2, arbitrary: fc.constant('wrong') },
    fc.constant('none'),
  ) as fc.Arbitrary<Step['who']>,
  tool: fc.nat(1),
})

test('any sequence of requests gets what a plain model of the limits and the lockout gives', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 150 }), (steps) => {
      const { ask, pass } = world()
      const buckets = new Map<string, ReturnType<typeof bucket>>()
      const of = (limit: keyof typeof LIMITS, id: string) => {
        const key = `${limit} ${id}`
        if (!buckets.has(key)) buckets.set(key, bucket(LIMITS[limit]))
        return buckets.get(key)!
      }
      const failures: number[][] = PLACES.map(() => [])
      const lockedUntil = PLACES.map(() => 0)
      const homes = new Map<string, number>()
      let now = 0
      const expected = ({ place, who, tool }: Step): number => {
        const where = NEIGHBOURS[place]!
        if (lockedUntil[where]! > now && homes.get(who) !== where) return 429
        if (who === 'none') return 401
        if (who === 'wrong') {
          failures[where] = [...failures[where]!.filter((at) => now - at < LOCKOUT.windowMs), now]
          if (failures[where]!.length < LOCKOUT.failures) return 401
          lockedUntil[where] = now + LOCKOUT.lockMs
          failures[where] = []
          return 401
        }
        homes.set(who, where)
        if (!of('address', String(where)).has(now)) return 429
        of('address', String(where)).take()
        const counted = [of('agent', who), of('server', ''), of('tool', String(tool))]
        if (!counted.every((one) => one.has(now))) return 429
        for (const one of counted) one.take()
        return 200
      }
      for (const one of steps) {
        now += one.wait
        pass(one.wait)
        const keys = { anna: [ANNA.key], bert: [BERT.key], wrong: ['guess'], none: [] }[one.who]
        expect(ask(PLACES[one.place]!, keys, `tool-${one.tool}`).status).toBe(expected(one))
      }
    }),
    { seed: 4, numRuns: 300 },
  )
})

describe('what is told of a refusal', () => {
  test('a limit names itself, when to come back, and is an event', () => {
    const { ask, events, pass } = world({ limits: { agent: LIMITS.agent } })
    for (let i = 0; i < 4; i++) expect(ask(PLACES[0]!, [ANNA.key], 't').status).toBe(200)
    expect(ask(PLACES[0]!, [ANNA.key], 't')).toMatchObject({
      status: 429,
      headers: { 'retry-after': '1' },
      data: { limitType: 'agent' },
    })
    expect(events).toMatchObject([{ type: 'limit', limitType: 'agent', layer: 'mcp', agent: 'anna', server: 'notes' }])
    expect(ask(PLACES[0]!, [BERT.key], 't').status).toBe(200)
    pass(250)
    expect(ask(PLACES[0]!, [ANNA.key], 't').status).toBe(200)
  })

  test('wrong keys lock their address, and nobody elsewhere; a good key gets past the lock when it is over', () => {
    const { ask, events, pass } = world({ limits: {} })
    for (let i = 0; i < 3; i++) expect(ask(PLACES[0]!, ['guess'], 't').status).toBe(401)
    expect(events.slice(-2)).toMatchObject([
      { type: 'auth', action: 'locked_out' },
      { type: 'security', kind: 'AUTH_LOCKOUT', severity: 'HIGH', server: 'notes' },
    ])
    expect(ask(PLACES[0]!, [ANNA.key], 't')).toMatchObject({ status: 429, headers: { 'retry-after': '5' } })
    expect(ask(PLACES[1]!, [ANNA.key], 't').status).toBe(200)
    pass(5000)
    expect(ask(PLACES[0]!, [ANNA.key], 't').status).toBe(200)
  })

  test('a guesser behind the address of a good agent locks itself out, and who comes anew, but not that agent', () => {
    const { ask, doors } = world({ limits: {} })
    expect(ask(PLACES[0]!, [ANNA.key], 't').status).toBe(200)
    for (let i = 0; i < 9; i++) ask(PLACES[0]!, ['guess'], 't')
    expect(ask(PLACES[0]!, [ANNA.key], 't').status).toBe(200)
    expect(ask(PLACES[0]!, [BERT.key], 't').status).toBe(429)
    expect(ask(PLACES[0]!, ['guess'], 't').status).toBe(429)
    doors.setKeys([{ ...ANNA.record, revokedAt: 0 }, BERT.record])
    expect(ask(PLACES[0]!, [ANNA.key], 't').status).toBe(429)
  })

  test('a key in an address or another header is refused, however it is escaped, and goes no further', () => {
    const { doors } = world({ limits: {} })
    const admit = (url: string, headers: readonly string[]) =>
      doors.of('notes')!.admit({ remote: PLACES[0], forwardedFor: undefined, keys: [ANNA.key], url, headers })
    const escaped = ANNA.key.replaceAll('_', '%5F').replace('mcpv', 'm%63pv')
    expect(admit(`/mcp/notes?k=${escaped}`, [])).toMatchObject({ status: 400, data: { reason: 'in_address' } })
    const reason = { status: 400, data: { reason: 'in_header' } }
    expect(admit('/mcp/notes', ['Authorization', `Bearer ${ANNA.key}`])).toMatchObject(reason)
    expect(admit('/mcp/notes', ['X_MCP_Vitals_Key', ANNA.key])).toMatchObject(reason)
    expect(admit('/mcp/notes?k=mcpv_%zz', ['Authorization', 'Bearer mcpv_other'])).not.toHaveProperty('status')
  })

  test('a pass holds until its key expires, is revoked or is taken away', () => {
    const { doors, pass } = world({ limits: {} })
    const until = { ...ANNA.record, expiresAt: 1000 }
    doors.setKeys([until, BERT.record])
    const passed = [ANNA, BERT].map(({ key }) =>
      doors.of('notes')!.admit({ remote: '', forwardedFor: '', keys: [key], url: '', headers: [] }),
    )
    const held = () => passed.map((one) => 'holds' in one && one.holds())
    expect(held()).toEqual([true, true])
    pass(1000)
    expect(held()).toEqual([false, true])
    doors.setKeys([{ ...BERT.record, revokedAt: 0 }])
    expect(held()).toEqual([false, false])
    doors.setKeys([ANNA.record])
    expect(held()).toEqual([true, false])
  })

  test('keys that were known once, or none at all, are no guesses', () => {
    const { doors, ask } = world({ limits: {} })
    doors.setKeys([{ ...ANNA.record, revokedAt: 0 }, BERT.record])
    for (let i = 0; i < 20; i++) {
      expect(ask(PLACES[0]!, [ANNA.key], 't').status).toBe(401)
      expect(ask(PLACES[0]!, [], 't').status).toBe(401)
    }
    expect(ask(PLACES[0]!, [BERT.key], 't').status).toBe(200)
  })
})

test('inventing names and addresses fills no memory, takes nothing from those who are known, and is counted', () => {
  const { ask, doors } = world({
    maxTracked: 10,
    limits: { tool: LIMITS.tool, address: { calls: 100, windowMs: 1000 } },
  })
  expect(ask(PLACES[0]!, [ANNA.key], 'known').status).toBe(200)
  for (let i = 0; i < 500; i++) {
    ask(`198.51.100.${i % 250}`, [ANNA.key], `invented-${i}`)
    ask(`198.51.${i % 200}.7`, ['guess'], 't')
  }
  // Each of two limits, their shared buckets, and the addresses of wrong keys.
  expect(doors.stats().tracked).toBeLessThanOrEqual(2 * 11 + 10)
  expect(doors.stats().shared).toBeGreaterThan(0)
  expect(doors.stats().forgotten).toBeGreaterThan(0)
  expect(ask(PLACES[0]!, [ANNA.key], 'known').status).toBe(200)
})

test('X-Forwarded-For tells the address where a trusted proxy wrote it, and nowhere else', () => {
  const statuses = (trustedProxies: readonly string[], forwardedFor: string) => {
    const { doors } = world({ trustedProxies, limits: {} })
    const admit = (forwarded: string, keys: readonly string[]) => {
      const pass = doors
        .of('notes')!
        .admit({ remote: '::ffff:10.0.0.9', forwardedFor: forwarded, keys, url: '/mcp/notes', headers: [] })
      return 'status' in pass ? pass.status : 200
    }
    for (let i = 0; i < 3; i++) admit(forwardedFor, ['guess'])
    return [admit(forwardedFor, [ANNA.key]), admit('203.0.113.8', [ANNA.key])]
  }
  expect(statuses(['10.0.0.0/8'], '203.0.113.7')).toEqual([429, 200])
  // What stands further left was written by the client, who may write anything.
  expect(statuses(['10.0.0.0/8'], '203.0.113.8, 203.0.113.7')).toEqual([429, 200])
  expect(statuses(['10.0.0.0/8'], '203.0.113.7, 10.1.1.1')).toEqual([429, 200])
  expect(statuses([], '203.0.113.7')).toEqual([429, 429])
})

test('a port behind an address in X-Forwarded-For is no part of it', () => {
  const { doors } = world({ trustedProxies: ['10.0.0.9'], limits: {} })
  const admit = (forwardedFor: string, keys: readonly string[]) => {
    const arrival = { remote: '10.0.0.9', forwardedFor, keys, url: '/mcp/notes', headers: [] }
    const pass = doors.of('notes')!.admit(arrival)
    return 'status' in pass ? pass.status : 200
  }
  for (let port = 1; port <= 3; port++) admit(`203.0.113.7:${port}`, ['guess'])
  for (let port = 1; port <= 3; port++) admit(`[2001:db8::7]:${port}`, ['guess'])
  expect(admit('203.0.113.7', [ANNA.key])).toBe(429)
  expect(admit('2001:db8::9', [ANNA.key])).toBe(429)
  expect(admit('203.0.113.8:9', [ANNA.key])).toBe(200)
})

describe('what a server sets for itself', () => {
  const own = { limits: { agent: { calls: 1, windowMs: 1000 }, tool: false }, tools: ['read_*'] }

  test('takes the place of what is set for all, option by option, and counts that server alone', () => {
    const { ask, doors } = world(
      { limits: { agent: LIMITS.agent, tool: { calls: 1 }, address: { calls: 90 } } },
      { own },
    )
    expect(ask(PLACES[0]!, [ANNA.key], 'read_a', 'own').status).toBe(200)
    expect(ask(PLACES[0]!, [ANNA.key], 'read_a', 'own')).toMatchObject({ status: 429, data: { limitType: 'agent' } })
    expect(ask(PLACES[0]!, [BERT.key], 'read_a', 'own').status).toBe(200)
    expect(ask(PLACES[0]!, [BERT.key], 'write_a', 'own')).toMatchObject({ status: 403, code: -32602 })
    // At another server neither its limit nor what was counted there holds.
    for (let i = 0; i < LIMITS.agent.calls; i++) expect(ask(PLACES[0]!, [ANNA.key], `write_${i}`).status).toBe(200)
    expect(ask(PLACES[0]!, [ANNA.key], 'write_x')).toMatchObject({ data: { limitType: 'agent' } })
    const hidden = doors.of('own')!.admit({ remote: '', forwardedFor: '', keys: [BERT.key], url: '', headers: [] })
    if ('status' in hidden) throw new Error(hidden.message)
    expect(hidden.visible([{ name: 'write_a' }, { name: 'read_a' }, { name: 1 }])).toEqual([{ name: 'read_a' }])
  })

  test('may open what is closed for all, and close what is open', () => {
    const { doors } = world({ limits: {} }, { open: { keys: false }, sized: { keys: false, maxRequestBytes: 2048 } })
    expect(doors.of('open')).toBeUndefined()
    const pass = doors.of('sized')!.admit({ remote: '', forwardedFor: '', keys: [], url: '', headers: [] })
    expect(pass).toMatchObject({ maxRequestBytes: 2048, readsRequest: true })
    expect(doors.of('other')!.admit({ remote: '', forwardedFor: '', keys: [], url: '', headers: [] })).toMatchObject({
      status: 401,
    })
  })
})

describe('doors that are set anew', () => {
  test('keep what limits have counted, in the limits that stay and in those that are drawn tighter or wider', () => {
    const { ask, change, pass } = world({ limits: { agent: LIMITS.agent } })
    for (let i = 0; i < 4; i++) expect(ask(PLACES[0]!, [ANNA.key], 't').status).toBe(200)
    change({ limits: { agent: LIMITS.agent }, checkArguments: true }, { other: { tools: ['x'] } })
    expect(ask(PLACES[0]!, [ANNA.key], 't').status).toBe(429)
    // Four are used up of six.
    change({ limits: { agent: { calls: 6, windowMs: 6000 } } })
    for (const status of [200, 200, 429]) expect(ask(PLACES[0]!, [ANNA.key], 't').status).toBe(status)
    // All six are used up, of two.
    change({ limits: { agent: { calls: 2, windowMs: 1000 } } })
    expect(ask(PLACES[0]!, [ANNA.key], 't')).toMatchObject({ status: 429, headers: { 'retry-after': '1' } })
    expect(ask(PLACES[0]!, [BERT.key], 't').status).toBe(200)
    pass(500)
    expect(ask(PLACES[0]!, [ANNA.key], 't').status).toBe(200)
    change({ limits: {} })
    expect(ask(PLACES[0]!, [ANNA.key], 't').status).toBe(200)
  })

  test('keep locks as long as was said, and count the next wrong keys as they are set now', () => {
    const { ask, change, pass } = world({ limits: {} })
    for (let i = 0; i < 3; i++) ask(PLACES[0]!, ['guess'], 't')
    change({ limits: {}, lockout: { failures: 1, windowMs: 2000, lockMs: 60_000 } })
    expect(ask(PLACES[0]!, [ANNA.key], 't')).toMatchObject({ status: 429, headers: { 'retry-after': '5' } })
    ask(PLACES[1]!, ['guess'], 't')
    pass(5000)
    expect(ask(PLACES[0]!, [ANNA.key], 't').status).toBe(200)
    expect(ask(PLACES[1]!, [BERT.key], 't').status).toBe(429)
  })
})

describe('RateLimit headers', () => {
  const POLICIES = '"agent";q=4;w=1, "tool";q=3;w=1, "server";q=9;w=3, "address";q=6;w=1'

  test('name each limit that holds, and what is left of the caller’s own', () => {
    const { ask, pass } = world()
    expect(ask(PLACES[0]!, [ANNA.key], 'a').headers).toEqual({
      'RateLimit-Policy': POLICIES,
      RateLimit: '"agent";r=3;t=1',
    })
    expect(ask(PLACES[0]!, [ANNA.key], 'b').headers?.RateLimit).toBe('"agent";r=2;t=1')
    // Bert sees nothing of what Anna used up: of the server, the tool and the address they share.
    expect(ask(PLACES[0]!, [BERT.key], 'b').headers?.RateLimit).toBe('"agent";r=3;t=1')
    pass(250)
    expect(ask(PLACES[1]!, [ANNA.key], 'c').headers?.RateLimit).toBe('"agent";r=2;t=1')
  })

  test('of a refusal name the limit that refused, and come back no later than Retry-After', () => {
    const { ask } = world({ limits: { agent: { calls: 2, windowMs: 60_000 }, address: LIMITS.address } })
    for (let i = 0; i < 2; i++) ask(PLACES[0]!, [ANNA.key], 'a')
    expect(ask(PLACES[0]!, [ANNA.key], 'a').headers).toEqual({
      'RateLimit-Policy': '"agent";q=2;w=60, "address";q=6;w=1',
      RateLimit: '"agent";r=0;t=30',
      'retry-after': '30',
    })
    for (let i = 0; i < 3; i++) ask(PLACES[0]!, [BERT.key], 'a')
    expect(ask(PLACES[0]!, [BERT.key], 'a').headers).toMatchObject({
      RateLimit: '"address";r=0;t=1',
      'retry-after': '1',
    })
  })

  test('tell of the address where no key is asked for, of nobody where there are some, and of no shared count', () => {
    const limits = { address: { calls: 5, windowMs: 5000 }, agent: LIMITS.agent }
    const { ask } = world({ keys: false, limits })
    expect(ask(PLACES[0]!, [], 'a').headers?.RateLimit).toBe('"address";r=4;t=1')
    const mixed = world({ keys: false, limits }, { keyed: { keys: true } })
    expect(mixed.ask(PLACES[0]!, [], 'a').headers).toEqual({
      'RateLimit-Policy': '"address";q=5;w=5',
    })
    const full = world({ keys: false, limits: { address: { calls: 5000, windowMs: 60_000 } }, maxTracked: 10 })
    for (let i = 0; i < 20; i++) full.ask(`198.51.100.${i}`, [], 'a')
    expect(full.ask('198.51.100.21', [], 'a').headers).toEqual({ 'RateLimit-Policy': '"address";q=5000;w=60' })
  })

  test('never promise more than passes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 100, max: 100_000 }),
        fc.array(fc.nat(20_000), { maxLength: 60 }),
        (calls, windowMs, waits) => {
          const { ask, pass } = world({ limits: { agent: { calls, windowMs } } })
          for (const wait of waits) {
            pass(wait)
            const { status, headers } = ask(PLACES[0]!, [ANNA.key], 't')
            const [, left, reset] = /^"agent";r=(\d+)(?:;t=(\d+))?$/.exec(headers!.RateLimit!)!
            expect(Number(left)).toBeLessThan(calls)
            if (status === 429) expect([left, reset]).toEqual(['0', headers!['retry-after']])
            for (let i = 0; i < Number(left); i++) expect(ask(PLACES[0]!, [ANNA.key], 't').status).toBe(200)
            expect(ask(PLACES[0]!, [ANNA.key], 't').status).toBe(429)
            pass(Number(reset) * 1000)
            expect(ask(PLACES[0]!, [ANNA.key], 't').status).toBe(200)
          }
        },
      ),
      { seed: 9, numRuns: 100 },
    )
  })
})
