import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { EventOf } from '../../../packages/instrument/src/event/index.js'
import { createBudgets, type Turn } from '../../../packages/server/src/budgets/index.js'
import { budgetsOptions } from '../../../packages/server/src/budgets/options.js'
import { createGlobs } from '../../../packages/server/src/doors/index.js'

const NOON = Date.UTC(2026, 10, 10, 12)
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

function open(budgets: Record<string, object>, now = NOON) {
  return createBudgets({
    budgets: budgetsOptions.parse(budgets),
    now,
    match: createGlobs,
  })
}

const usage = (costUsd: number | undefined, more: Partial<EventOf<'usage'>> = {}): EventOf<'usage'> => ({
  v: 1,
  type: 'usage',
  at: NOON,
  server: 'llm',
  provider: 'openai',
  estimated: false,
  ...(costUsd !== undefined && { costUsd }),
  ...more,
})
const told = (turns: readonly Turn[]) => turns.map(({ budget, stage }) => `${budget} ${stage}`)
const spentOf = (budgets: ReturnType<typeof open>, now = NOON) =>
  Object.fromEntries(budgets.readings(now).map(({ budget, spentUsd }) => [budget, spentUsd]))

describe('what is told', () => {
  test('80 % and the whole, each once', () => {
    const budgets = open({ all: { limitUsd: 10, per: 'day' } })
    const turns = [7.9, 0.2, 1, 1, 5].map((costUsd) => told(budgets.spend(usage(costUsd), NOON)))
    expect(turns).toEqual([[], ['all warned'], [], ['all reached'], []])
    expect(told(open({ all: { limitUsd: 1 } }).spend(usage(5), NOON))).toEqual(['all reached'])
  })

  test('a new window, where the old one had something to tell, and that begins at nothing', () => {
    const budgets = open({ hourly: { limitUsd: 1, per: 'hour' }, monthly: { limitUsd: 1000 } })
    budgets.spend(usage(1), NOON)
    expect(budgets.renew(NOON + HOUR_MS - 1)).toEqual([])
    expect(told(budgets.renew(NOON + HOUR_MS))).toEqual(['hourly renewed'])
    expect(spentOf(budgets, NOON + HOUR_MS)).toEqual({ hourly: 0, monthly: 1 })
    expect(told(budgets.spend(usage(0.85, { at: NOON + HOUR_MS }), NOON + HOUR_MS))).toEqual(['hourly warned'])
  })

  test('what was spent in a window that is over changes nothing', () => {
    const budgets = open({ hourly: { limitUsd: 1, per: 'hour' } })
    expect(budgets.spend(usage(5, { at: NOON - 1 }), NOON)).toEqual([])
    expect(spentOf(budgets)).toEqual({ hourly: 0 })
  })
})

test('a budget counts what its agent, its tool and its provider spend', () => {
  const budgets = open({
    all: { limitUsd: 100 },
    agent: { limitUsd: 100, agent: 'a-1' },
    tool: { limitUsd: 100, tool: 'ask' },
    provider: { limitUsd: 100, provider: 'openai' },
    both: { limitUsd: 100, agent: 'a-1', tool: 'ask' },
  })
  budgets.spend(usage(1, { agent: 'a-1', name: 'ask' }), NOON)
  budgets.spend(usage(2, { agent: 'a-2', name: 'ask', provider: 'x' }), NOON)
  budgets.spend(usage(4), NOON)
  expect(spentOf(budgets)).toEqual({ all: 7, agent: 1, tool: 3, provider: 5, both: 1 })
})

describe('the forecast of the month’s end', () => {
  test('goes on as the last seven days went', () => {
    // Until the 10th, 12:00: 100 a day for five days, the first of them seven days ago.
    const budgets = open({ all: { limitUsd: 9000 }, daily: { limitUsd: 1, per: 'day' } })
    for (let ago = 1; ago <= 5; ago++) budgets.spend(usage(100, { at: NOON - ago * DAY_MS }), NOON)
    const forecast = (budgets.readings(NOON)[0]?.forecastUsd ?? 0) as number
    // 500 in 6.5 days, and 20.5 days are left.
    expect(forecast).toBeCloseTo(500 + (500 / 6.5) * 20.5, 6)
    expect(budgets.readings(NOON)[1]?.forecastUsd).toBeUndefined()
  })

  test('counts what the month before spent in those days as its pace alone', () => {
    const second = Date.UTC(2026, 11, 2)
    const budgets = open({ all: { limitUsd: 9000 } }, second)
    budgets.spend(usage(60, { at: second - 3 * DAY_MS }), second)
    expect(spentOf(budgets, second)).toEqual({ all: 0 })
    expect(budgets.readings(second)[0]?.forecastUsd).toBeCloseTo((60 / 6) * 30, 6)
  })
})

test('calls that cost are refused while the limit is reached, for whom the budget is and for no other', () => {
  const budgets = open({
    mine: { limitUsd: 1, per: 'hour', agent: 'a-1', refuse: ['ask_*'] },
    told: { limitUsd: 1, per: 'hour' },
  })
  const ask = { tool: 'ask_model', agent: 'a-1' }
  expect(budgets.refuses).toBe(true)
  expect(budgets.spent(ask, NOON)).toBeUndefined()
  budgets.spend(usage(1, { agent: 'a-1' }), NOON)
  expect(budgets.spent(ask, NOON + 1000)).toEqual({ budget: 'mine', waitMs: HOUR_MS - 1000 })
  expect(budgets.spent({ ...ask, tool: 'list' }, NOON)).toBeUndefined()
  expect(budgets.spent({ ...ask, agent: 'a-2' }, NOON)).toBeUndefined()
  expect(budgets.spent({ ...ask, agent: undefined }, NOON)).toBeUndefined()
  expect(budgets.spent(ask, NOON + HOUR_MS)).toBeUndefined()
  expect(open({ told: { limitUsd: 1 } }).refuses).toBe(false)
})

test('for any spending: the sum is what the window saw, and no stage is told twice in one window', () => {
  const spending = fc.array(
    fc.record({ usd: fc.integer({ min: 0, max: 400 }).map((cents) => cents / 100), gapMs: fc.nat(2 * HOUR_MS) }),
    { maxLength: 60 },
  )
  fc.assert(
    fc.property(spending, (all) => {
      const budgets = open({ hourly: { limitUsd: 5, per: 'hour' } })
      let now = NOON
      let sum = 0
      let hour = Math.floor(now / HOUR_MS)
      let last = 'renewed'
      for (const { usd, gapMs } of all) {
        now += gapMs
        if (Math.floor(now / HOUR_MS) !== hour) sum = 0
        hour = Math.floor(now / HOUR_MS)
        sum += usd
        for (const { stage } of budgets.spend(usage(usd, { at: now }), now)) {
          expect(stage).not.toBe(last)
          last = stage
        }
        expect(spentOf(budgets, now).hourly).toBeCloseTo(sum, 9)
        expect(last).toBe(sum >= 5 ? 'reached' : sum >= 4 ? 'warned' : 'renewed')
      }
    }),
    { seed: 20261129, numRuns: 200 },
  )
})
