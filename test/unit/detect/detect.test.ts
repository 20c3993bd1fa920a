import { describe, expect, test } from 'vitest'
import { describe as inWords } from '../../../packages/server/src/detect/index.js'
import { around, watching } from './calls.js'

const duration = around(100)
const usual = (index: number) => ({ durationMs: duration(index) })

describe('what is found', () => {
  test('nothing, of a tool that does as ever', () => {
    const tool = watching()
    tool.calls(5000, usual)
    expect(tool.findings).toEqual([])
  })

  test('calls that take three times as long, said in words, and that they are over', () => {
    const tool = watching()
    tool.calls(500, usual)
    tool.calls(40, (index) => ({ durationMs: 3 * duration(index) }))
    expect(tool.told()).toEqual(['latency found MEDIUM'])
    const [finding] = tool.findings
    expect(finding).toMatchObject({ server: 'notes', tool: 'search' })
    expect(finding?.usual).toBeGreaterThan(80)
    expect(finding?.usual).toBeLessThan(120)
    expect(finding?.seen).toBeGreaterThan(220)
    expect(inWords(finding as never)).toMatch(/^usually calls take about \d+ ms; the last \d+ took about [23]\d\d ms$/)
    tool.calls(60, usual)
    expect(tool.told()).toEqual(['latency found MEDIUM', 'latency over MEDIUM'])
  })

  test('what is far out is HIGH, at once or when it comes to that', () => {
    const tool = watching()
    tool.calls(500, usual)
    tool.calls(40, (index) => ({ durationMs: 20 * duration(index) }))
    expect(tool.told()).toEqual(['latency found HIGH'])
    const slow = watching()
    slow.calls(500, usual)
    slow.calls(60, (index) => ({ durationMs: 2 * duration(index) }))
    slow.calls(200, (index) => ({ durationMs: 9 * duration(index) }))
    expect(slow.told()).toEqual(['latency found MEDIUM', 'latency worse HIGH'])
  })

  test('failures that begin, and that half of all fail', () => {
    const tool = watching()
    tool.calls(300, usual)
    tool.calls(60, (index) => ({ outcome: index % 4 === 0 ? 'tool_error' : 'ok' }))
    expect(tool.told()).toEqual(['errors found MEDIUM'])
    const broken = watching()
    broken.calls(300, usual)
    broken.calls(20, { outcome: 'timeout' })
    expect(broken.told()).toEqual(['errors found HIGH'])
    expect(inWords(broken.findings[0] as never)).toMatch(
      /^usually 0\.17 % of calls fail; 100 % of the last \d+ failed$/,
    )
  })

  test('results that grow, and results that shrink', () => {
    const size = around(1000)
    const tool = watching()
    tool.calls(500, (index) => ({ responseBytes: Math.round(size(index)) }))
    tool.calls(60, (index) => ({ responseBytes: Math.round(4 * size(index)) }))
    tool.calls(60, (index) => ({ responseBytes: Math.round(size(index)) }))
    tool.calls(60, (index) => ({ responseBytes: Math.round(size(index) / 4) }))
    expect(tool.told()).toEqual(['size found MEDIUM', 'size over MEDIUM', 'size found MEDIUM'])
  })

  test('a caller that runs wild', () => {
    const gap = around(1000)
    const tool = watching()
    tool.calls(500, (index) => ({ gapMs: gap(index) }))
    tool.calls(100, (index) => ({ gapMs: gap(index) / 20 }))
    expect(tool.told()).toEqual(['rate found HIGH'])
  })

  test('another number of calls than usual at this time of the day, and that it is over', () => {
    const tool = watching()
    const HOUR_MS = 3_600_000
    const DAY_MS = 24 * HOUR_MS
    // By day a call every ten seconds, by night one in two minutes: for five days.
    const isDay = (at: number) => at % DAY_MS < DAY_MS / 2
    const until = (end: number, gapMs: (at: number) => number) => {
      while (tool.at < end) tool.calls(1, { gapMs: gapMs(tool.at) * (0.5 + ((tool.at * 7) % 1000) / 1000) })
    }
    const usual = (at: number) => (isDay(at) ? 10_000 : 120_000)
    const start = Math.ceil(tool.at / DAY_MS) * DAY_MS
    until(start + 5 * DAY_MS, usual)
    const volumes = () => tool.findings.filter(({ signal }) => signal === 'volume')
    until(start + 5 * DAY_MS + 14 * HOUR_MS, usual)
    expect(volumes()).toEqual([])
    until(start + 5 * DAY_MS + 16 * HOUR_MS, () => 10_000)
    until(start + 5 * DAY_MS + 18 * HOUR_MS, usual)
    expect(volumes().map(({ stage, severity }) => `${stage} ${severity}`)).toEqual([
      'found MEDIUM',
      'worse HIGH',
      'over HIGH',
    ])
    expect(inWords(volumes()[0]!)).toMatch(
      /^usually [345]\.\d calls come in five minutes at this time; there are about \d\d$/,
    )
  })

  test('a silence, within three usual gaps; HIGH when it lasts; and that calls come again', () => {
    const tool = watching()
    tool.calls(500, usual)
    tool.silence(3100)
    expect(tool.told()).toEqual(['silence found MEDIUM'])
    tool.silence(60_000)
    tool.calls(5, usual)
    expect(tool.told()).toEqual(['silence found MEDIUM', 'silence worse HIGH', 'silence over HIGH'])
  })
})

describe('what is not found', () => {
  test('a silence after the client ended its session; but one after the session was lost', () => {
    const left = watching()
    left.calls(100, { session: 's-1' })
    left.close('s-1', 'client')
    left.silence(600_000)
    left.calls(10, { session: 's-2' })
    expect(left.findings).toEqual([])
    const lost = watching()
    lost.calls(100, { session: 's-1' })
    lost.close('s-1', 'lost')
    lost.silence(600_000)
    expect(lost.told()[0]).toBe('silence found MEDIUM')
  })

  test('a night without calls, from the third night on', () => {
    const tool = watching()
    for (let night = 0; night < 5; night++) {
      tool.calls(1000, usual)
      tool.silence(8 * 3_600_000)
    }
    expect(tool.findings.filter(({ stage }) => stage === 'found')).toHaveLength(2)
  })

  test('calls that their callers withdraw', () => {
    const tool = watching()
    tool.calls(200, usual)
    tool.calls(50, { outcome: 'cancelled', durationMs: 60_000 })
    expect(tool.findings).toEqual([])
  })

  test('a change too small to be worth a word', () => {
    const tool = watching()
    tool.calls(1000, { durationMs: 100 })
    tool.calls(500, { durationMs: 120 })
    expect(tool.findings).toEqual([])
  })
})

test('what lasts 2,000 calls is the usual from then on, and its end is a change', () => {
  const tool = watching()
  tool.calls(500, usual)
  tool.calls(2500, (index) => ({ durationMs: 3 * duration(index) }))
  expect(tool.told()).toEqual(['latency found MEDIUM', 'latency adopted MEDIUM'])
  tool.calls(500, (index) => ({ durationMs: 9 * duration(index) }))
  expect(tool.told().at(-1)).toBe('latency found MEDIUM')
})

describe('which tools are followed', () => {
  test('a tool that never succeeded takes no place', () => {
    const tool = watching()
    tool.calls(100, (index) => ({ name: `invented-${index}`, outcome: 'protocol_error' }))
    expect(tool.detector.stats()).toEqual({ tools: 0, untrackedCalls: 0 })
  })

  test('no more than the most, until one was not called for a day', () => {
    const tool = watching(2)
    tool.calls(1, { name: 'a' })
    tool.calls(5, { name: 'b' })
    tool.calls(3, { name: 'c' })
    expect(tool.detector.stats()).toEqual({ tools: 2, untrackedCalls: 3 })
    tool.calls(1, { name: 'b', gapMs: 86_400_000 })
    tool.calls(1, { name: 'c', gapMs: 2000 })
    expect(tool.detector.stats()).toEqual({ tools: 2, untrackedCalls: 3 })
    tool.calls(1, { name: 'a' })
    expect(tool.detector.stats()).toEqual({ tools: 2, untrackedCalls: 4 })
  })

  test('none of a server that is forgotten', () => {
    const tool = watching()
    tool.calls(100)
    tool.detector.forget('notes')
    tool.silence(60_000)
    expect(tool.findings).toEqual([])
    expect(tool.detector.stats().tools).toBe(0)
  })
})

test.each([
  [{ signal: 'silence', usual: 6900, seen: 20_000 }, 'usually calls come at most 6.9 s apart; there was none for 20 s'],
  [{ signal: 'size', usual: 2100, seen: 5_300_000 }, 'usually results have about 2.1 kB; the last 40 had about 5.3 MB'],
  [
    { signal: 'rate', usual: 120_000, seen: 250 },
    'usually calls come about 2 min apart; the last 40 came about 250 ms apart',
  ],
] as const)('%j in words', (finding, words) => {
  expect(inWords({ stage: 'found', severity: 'MEDIUM', calls: 40, ...finding })).toBe(words)
})
