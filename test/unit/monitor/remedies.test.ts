import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRemedies, type RemedyRule } from '../../../packages/server/src/monitor/index.js'

const HOUR_MS = 3_600_000
const RULE: RemedyRule = {
  ...{ name: 'again', kind: 'command', components: ['notes'], matches: () => true },
  ...{ afterFailures: 3, dryRun: false, cooldownMs: 300_000, backoffMs: 30_000, maxBackoffMs: 60_000, maxPerHour: 3 },
}
const ill = (failures = 3, words = 'connection refused') => ({ component: 'notes', failures, words })
const is = (decisions: readonly { is: string; reason?: string }[]) =>
  decisions.map((decision) => decision.reason ?? decision.is)

describe('rules of remediation', () => {
  test('run after so many failures that they are meant for, one at a time, in their order', () => {
    const refused = { ...RULE, name: 'first', matches: (words: string) => words.includes('refused') }
    const remedies = createRemedies([refused, RULE], {})
    expect(remedies.ill(ill(2), 0)).toEqual([])
    const [decision] = remedies.ill(ill(), 0)
    expect(decision).toMatchObject({ is: 'run', attempt: 1, rule: { name: 'first' } })
    expect(remedies.ill(ill(4), 1)).toEqual([])
    remedies.ended(decision!, false, 5)
    expect(is(remedies.ill(ill(5), 6))).toEqual(['backoff', 'run'])
    const other = createRemedies([refused, RULE], {})
    expect(other.ill(ill(3, 'no answer in time'), 0)).toMatchObject([{ is: 'run', rule: { name: 'again' } }])
    const all = createRemedies([{ ...RULE, components: ['*'] }], other.memory())
    expect(is(all.ill({ ...ill(), component: 'other' }, 0))).toEqual(['run'])
    expect(is(all.ill(ill(), 0))).toEqual(['backoff'])
  })

  test('wait longer after each run that did not help, and say once why they wait', () => {
    const remedies = createRemedies([{ ...RULE, maxPerHour: 10 }], {})
    const ranAt: number[] = []
    for (let now = 0; now <= 200_000; now += 1000)
      for (const decision of remedies.ill(ill(), now)) {
        if (decision.is !== 'run') continue
        ranAt.push(now)
        remedies.ended(decision, false, now)
      }
    expect(ranAt).toEqual([0, 30_000, 90_000, 150_000])
    remedies.well('notes')
    expect(is(remedies.ill(ill(), 200_000))).toEqual(['run'])
  })

  test('stop at their cap, over a restart too, and rest after they helped', () => {
    const rule = { ...RULE, backoffMs: 1000, maxBackoffMs: 1000, maxPerHour: 2 }
    let remedies = createRemedies([rule], {})
    for (const now of [0, 1000]) remedies.ended(remedies.ill(ill(), now)[0]!, false, now)
    expect(is(remedies.ill(ill(), 2000))).toEqual(['hourly_cap'])
    expect(is(remedies.ill(ill(), 3000))).toEqual([])
    remedies = createRemedies([rule], JSON.parse(JSON.stringify(remedies.memory())))
    expect(is(remedies.ill(ill(), 4000))).toEqual(['hourly_cap'])
    const [decision] = remedies.ill(ill(), HOUR_MS)
    remedies.ended(decision!, true, HOUR_MS)
    expect(is(remedies.ill(ill(), HOUR_MS + 299_999))).toEqual(['cool_down'])
    expect(is(remedies.ill(ill(), HOUR_MS + 300_000))).toEqual(['run'])
  })

  test('that are dry say what they would do, as often as they would do it', () => {
    const remedies = createRemedies([{ ...RULE, dryRun: true }], {})
    const said = [0, 1000, 30_000, 31_000, 90_000].map((now) => is(remedies.ill(ill(), now)))
    expect(said).toEqual([['dry_run'], ['backoff'], ['dry_run'], ['backoff'], ['dry_run']])
  })

  test('never run more often in any hour than they may, nor while they rest, wait or are paused, whatever happens', () => {
    const step = fc.record({
      afterMs: fc.integer({ min: 0, max: 1_200_000 }),
      failures: fc.integer({ min: 0, max: 6 }),
      pause: fc.constantFrom(undefined, undefined, 'maintenance' as const, 'cut_off' as const),
      tookMs: fc.integer({ min: 0, max: 60_000 }),
      helps: fc.boolean(),
      restarts: fc.boolean(),
    })
    const terms = fc.record({
      maxPerHour: fc.integer({ min: 1, max: 4 }),
      cooldownMs: fc.integer({ min: 0, max: HOUR_MS }),
      backoffMs: fc.integer({ min: 1000, max: HOUR_MS }),
      dryRun: fc.boolean(),
    })
    fc.assert(
      fc.property(terms, fc.array(step, { maxLength: 60 }), (given, steps) => {
        const rule = { ...RULE, ...given, maxBackoffMs: 2 * HOUR_MS }
        let remedies = createRemedies([rule], {})
        let now = 0
        let helpedAt = Number.NEGATIVE_INFINITY
        const ranAt: number[] = []
        for (const { afterMs, failures, pause, tookMs, helps, restarts } of steps) {
          now += afterMs
          if (restarts) remedies = createRemedies([rule], JSON.parse(JSON.stringify(remedies.memory())))
          if (failures === 0) remedies.well('notes')
          const decision = remedies.ill({ ...ill(failures), pause }, now).find((one) => one.is !== 'held_back')
          if (!decision) continue
          expect(failures).toBeGreaterThanOrEqual(rule.afterFailures)
          expect(pause).toBeUndefined()
          expect(now - helpedAt).toBeGreaterThanOrEqual(rule.cooldownMs)
          ranAt.push(now)
          expect(ranAt.filter((at) => now - at < HOUR_MS).length).toBeLessThanOrEqual(rule.maxPerHour)
          if (decision.is === 'dry_run') continue
          now += tookMs
          remedies.ended(decision, helps, now)
          if (helps) helpedAt = now
          else expect(remedies.ill(ill(9), now + rule.backoffMs - 1).some((one) => one.is === 'run')).toBe(false)
        }
      }),
    )
  })
})
