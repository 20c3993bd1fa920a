import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Event } from '../../packages/instrument/src/event/index.js'
import { createDoors, makeKey } from '../../packages/server/src/doors/index.js'
import { doorsOptions } from '../../packages/server/src/doors/options.js'

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

function world(extra: object = {}) {
  let now = 0
  const pass = (ms: number) => {
    now += ms
  }
  const events: Event[] = []
  const doors = createDoors({
    options: doorsOptions.parse({ keys: true, limits: LIMITS, lockout: LOCKOUT, ...extra }),
    publish: (event) => void events.push(event),
    now: () => now,
    clock: () => now,
    patterns: () => undefined,
  })
  doors.setKeys([ANNA.record, BERT.record])
  const ask = (remote: string, keys: readonly string[], tool: string) => {
    const pass = doors.of('notes')!.admit({ remote, forwardedFor: undefined, keys, url: '/mcp/notes' })
    if ('status' in pass) return pass
    return (
      pass.admit({ kind: 'request', method: 'tools/call', name: tool, arguments: {} }) ?? { status: 200, message: '' }
    )
  }
  return { doors, events, ask, pass }
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
      let now = 0
      const expected = ({ place, who, tool }: Step): number => {
        const where = NEIGHBOURS[place]!
        if (lockedUntil[where]! > now) return 429
        if (who === 'none') return 401
        if (who === 'wrong') {
          failures[where] = [...failures[where]!.filter((at) => now - at < LOCKOUT.windowMs), now]
          if (failures[where]!.length < LOCKOUT.failures) return 401
          lockedUntil[where] = now + LOCKOUT.lockMs
          failures[where] = []
          return 401
        }
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
    expect(events.at(-1)).toMatchObject({ type: 'auth', action: 'locked_out' })
    expect(ask(PLACES[0]!, [ANNA.key], 't')).toMatchObject({ status: 429, headers: { 'retry-after': '5' } })
    expect(ask(PLACES[1]!, [ANNA.key], 't').status).toBe(200)
    pass(5000)
    expect(ask(PLACES[0]!, [ANNA.key], 't').status).toBe(200)
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
        .admit({ remote: '::ffff:10.0.0.9', forwardedFor: forwarded, keys, url: '/mcp/notes' })
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
