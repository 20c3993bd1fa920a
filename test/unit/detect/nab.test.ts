/** That the benchmark of anomalies is scored by its own rules: what follows from them was reckoned by hand. */
import { expect, test } from 'vitest'

interface Series {
  readonly values: readonly number[]
  readonly windows: readonly (readonly [from: number, to: number])[]
}
interface Profile {
  readonly found: number
  readonly missed: number
  readonly falseAlarm: number
}
interface Scoring {
  readonly PROFILES: Readonly<Record<string, Profile>>
  scoreOf(series: readonly Series[], detections: readonly (readonly number[])[], profile: Profile): number
}
const { PROFILES, scoreOf } = (await import('../../../bench/support/nab.mjs' as string)) as Scoring
const standard = PROFILES.standard as Profile

/** 1000 points, of which the first 150 are not scored. */
const series = (...windows: Series['windows']): Series => ({ values: Array(1000).fill(0), windows })
const one = (detected: readonly number[], ...windows: Series['windows']) =>
  scoreOf([series(...windows)], [detected], standard)
const sigmoid = (x: number) => 2 / (1 + Math.exp(5 * x)) - 1

test('nothing found scores 0, everything at once 100, and what comes first in a window alone counts', () => {
  expect(one([], [400, 499])).toBe(0)
  expect(one([400], [400, 499])).toBeCloseTo(100, 9)
  expect(one([400, 450, 499], [400, 499])).toBeCloseTo(100, 9)
  expect(one([450], [400, 499])).toBeCloseTo(50 + (50 * sigmoid(-0.5)) / sigmoid(-1), 9)
  expect(one([400], [400, 499], [600, 699])).toBeCloseTo(50, 9)
})

test('a false alarm costs its weight before any window, and less just behind one; none at the beginning', () => {
  expect(one([300, 400], [400, 499])).toBeCloseTo(100 - 50 * 0.11, 9)
  expect(one([400, 509], [400, 499])).toBeCloseTo(100 + 50 * 0.11 * sigmoid(10 / 99), 9)
  expect(one([149, 400], [400, 499])).toBeCloseTo(100, 9)
})

test('the profiles weigh as the benchmark has them', () => {
  const both = [series([400, 499])]
  const score = (name: string) => scoreOf(both, [[300, 400]], PROFILES[name] as Profile)
  expect(score('low false positives')).toBeCloseTo(100 - 50 * 0.22, 9)
  expect(score('low false negatives')).toBeCloseTo(100 - (100 * 0.11) / 3, 9)
})
