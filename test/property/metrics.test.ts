import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Event, event } from '../../packages/instrument/src/event/index.js'
import { CATALOGUE, createMetricsFold, createRegistry, expose } from '../../packages/instrument/src/metrics/index.js'
import { readExposition } from '../unit/metrics/read-exposition.js'

const { tool_calls_total: CALLS } = CATALOGUE.mcp

describe('a registry', () => {
  const word = fc.constantFrom('a', 'b', 'c', 'other')
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.tuple(fc.constant('inc' as const), fc.tuple(word, word, word)) },
    fc.tuple(fc.constant('remove' as const), fc.array(word, { maxLength: 3 })),
  )

  it('holds what a plain table of rows would hold, whatever is counted and removed', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const registry = createRegistry()
        let rows: { labels: readonly string[]; value: number }[] = []
        for (const [what, labels] of steps) {
          const fits = (row: { labels: readonly string[] }) => labels.every((label, i) => row.labels[i] === label)
          if (what === 'inc') {
            registry
              .counter(CALLS)
              .with(...labels)
              .inc()
            const row = rows.find(fits)
            if (row) row.value++
            else rows.push({ labels, value: 1 })
          } else {
            expect(registry.remove(CALLS, ...labels)).toBe(rows.filter(fits).length)
            rows = rows.filter((row) => !fits(row))
          }
        }
        const shown = readExposition(expose(registry)).map(({ labels, value }) => ({
          labels: [labels.server, labels.tool, labels.status],
          value,
        }))
        expect(shown).toEqual(rows.sort((a, b) => (a.labels.join() < b.labels.join() ? -1 : 1)))
      }),
    )
  })

  it('never holds more than its bound and one, and loses no count to it', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(word, word, word)), fc.integer({ min: 1, max: 9 }), (all, maxSeriesPerMetric) => {
        const registry = createRegistry({ maxSeriesPerMetric })
        for (const labels of all)
          registry
            .counter(CALLS)
            .with(...labels)
            .inc()
        const shown = readExposition(expose(registry)).filter(({ name }) => name === 'mcp_tool_calls_total')
        expect(shown.length).toBeLessThanOrEqual(maxSeriesPerMetric + 1)
        expect(shown.reduce((sum, { value }) => sum + value, 0)).toBe(all.length)
      }),
    )
  })
})

describe('a full registry', () => {
  const word = fc.constantFrom('a', 'other')
  const step = fc.tuple(fc.boolean(), fc.array(word, { minLength: 3, maxLength: 3 }), fc.integer({ min: 0, max: 3 }))

  it('never shows one series twice, and shows nothing of what was removed', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const registry = createRegistry({ maxSeriesPerMetric: 2 })
        for (const [removes, labels, length] of steps) {
          const leading = labels.slice(0, length)
          if (removes) registry.remove(CALLS, ...leading)
          else
            registry
              .counter(CALLS)
              .with(...(labels as [string, string, string]))
              .inc()
          const shown = readExposition(expose(registry)).filter(({ name }) => name === 'mcp_tool_calls_total')
          const rows = shown.map((sample) => [sample.labels.server, sample.labels.tool, sample.labels.status])
          if (removes) expect(rows.filter((row) => leading.every((value, i) => row[i] === value))).toEqual([])
        }
      }),
    )
  })
})

describe('the fold', () => {
  const direction = 'client_to_server'
  const happened: fc.Arbitrary<Event> = fc
    .record({
      kind: fc.constantFrom('started', 'ended', 'opened', 'closed', 'exited'),
      session: fc.constantFrom('s-1', 's-2', undefined),
      operation: fc.constantFrom('o-1', 'o-2', 'o-3'),
    })
    .map(({ kind, session, operation }) => {
      const origin = { server: 'files', ...(session && { session }) }
      const request = { direction, method: 'ping', operation } as const
      const answer = { outcome: 'ok', status: 200, durationMs: 1, requestBytes: 1, responseBytes: 1 } as const
      switch (kind) {
        case 'started':
          return event('request.started', 0, origin, request)
        case 'ended':
          return event('request.ended', 0, origin, { ...request, ...answer })
        case 'opened':
          return event('session.opened', 0, origin, { era: 'legacy' })
        case 'closed':
          return event('session.closed', 0, origin, { durationMs: 1, reason: 'client' })
        default:
          return event('process.ended', 0, origin, { pid: 1, crashed: false, durationMs: 1 })
      }
    })

  it('never shows fewer than none open, nor more than were begun, and none once all has ended', () => {
    fc.assert(
      fc.property(fc.array(happened, { maxLength: 60 }), (events) => {
        const registry = createRegistry()
        const { fold } = createMetricsFold(registry, { now: () => 0 })
        const gauge = (name: string) =>
          readExposition(expose(registry)).find((sample) => sample.name === name)?.value ?? 0
        let begun = 0
        for (const each of events) {
          fold(each, 'local')
          if (each.type === 'request.started') begun++
          expect(gauge('mcp_requests_in_flight')).toBeGreaterThanOrEqual(0)
          expect(gauge('mcp_requests_in_flight')).toBeLessThanOrEqual(begun)
          expect([0, 1, 2]).toContain(gauge('mcp_active_sessions'))
        }
        for (const each of events) {
          if (each.type !== 'request.started') continue
          const { type: _, ...rest } = each
          fold(
            {
              ...rest,
              type: 'request.ended',
              outcome: 'ok',
              status: 200,
              durationMs: 1,
              requestBytes: 1,
              responseBytes: 1,
            },
            'local',
          )
        }
        expect(gauge('mcp_requests_in_flight')).toBe(0)
        for (const session of ['s-1', 's-2'])
          fold(event('session.closed', 0, { server: 'files', session }, { durationMs: 1, reason: 'idle' }), 'local')
        expect(gauge('mcp_active_sessions')).toBe(0)
      }),
    )
  })
})
