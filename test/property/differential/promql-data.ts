/** Random series, such as a daemon has, for the comparison with Prometheus. */
import type { Series } from '../../../packages/server/src/promql/index.js'
import { between } from '../../faults/prove.js'

/** When the series begin, how far apart their samples are, and how many there are. */
export const START_MS = 1_767_268_800_000
export const INTERVAL_MS = 15_000
export const COUNT = 200
/** Samples lie this much after whole seconds, so that no range of whole seconds ends just at one. */
const OFF_GRID_MS = 137

type Random = () => number
type Labels = Readonly<Record<string, string>>

const SERVERS = ['files', 'mail', 'search']

/** Values for the samples of one series: undefined where there is none, 'stale' where the series is said to have ended. */
type Values = (index: number) => number | 'stale' | undefined

function series(random: Random, name: string, labels: Labels, values: Values): Series {
  const shiftMs = between(random, 0, 14) * 1000 + OFF_GRID_MS
  const times: number[] = []
  const found: number[] = []
  const staleTimes: number[] = []
  for (let index = 0; index < COUNT; index++) {
    const timeMs = START_MS + index * INTERVAL_MS + shiftMs
    const value = values(index)
    if (value === 'stale') staleTimes.push(timeMs)
    else if (value !== undefined) found[times.push(timeMs) - 1] = value
  }
  return { labels: { __name__: name, ...labels }, times, values: found, staleTimes }
}

/**
 * A counter of whole numbers. One kind begins at 0, maybe late, and falls back to 0 now and then; the other is large
 * and has gaps. So no first sample behind a gap is a small number: there the versions of Prometheus stretch differently.
 */
function counter(random: Random): Values {
  const isLarge = random() < 0.5
  const begins = random() < 0.3 ? between(random, 1, COUNT / 2) : 0
  let value = isLarge ? 1_000_000_000 : 0
  let gap = 0
  return (index) => {
    if (index < begins) return undefined
    const now = value
    value += between(random, 0, 30)
    if (!isLarge) {
      if (random() < 0.02) value = 0
      return now
    }
    if (gap > 0 && gap-- > 0) return undefined
    if (random() < 0.02) {
      gap = between(random, 1, 40)
      return 'stale'
    }
    return random() < 0.03 ? undefined : now
  }
}

function gauge(random: Random, of: () => number): Values {
  let gap = 0
  return () => {
    if (gap > 0 && gap-- > 0) return undefined
    if (random() < 0.03) gap = between(random, 1, 40)
    return random() < 0.02 ? 'stale' : of()
  }
}

function histogram(random: Random, server: string): readonly Series[] {
  const bounds = ['0.1', '0.5', '1', '+Inf']
  const counts = bounds.map(() => 0)
  const rows = Array.from({ length: COUNT }, () => {
    const now = [...counts]
    for (let calls = between(random, 0, 5); calls > 0; calls--)
      for (let bucket = between(random, 0, 3); bucket < bounds.length; bucket++) counts[bucket]!++
    return now
  })
  const at = random
  const buckets = bounds.map((le, bucket) =>
    series(at, 'latency_seconds_bucket', { server, le }, (index) => rows[index]![bucket]!),
  )
  return [...buckets, series(at, 'latency_seconds_count', { server }, (index) => rows[index]![3]!)]
}

/** Some fifty series of seven metrics. */
export function randomSeries(random: Random): readonly Series[] {
  const all: Series[] = []
  for (const [number, server] of SERVERS.entries()) {
    for (const tool of ['read', 'write']) {
      for (const status of ['success', 'error'])
        all.push(series(random, 'calls_total', { server, tool, status }, counter(random)))
      all.push(
        series(
          random,
          'temperature',
          { server, tool },
          gauge(random, () => random() * 100 - 20),
        ),
      )
    }
    for (const plugin of ['a', 'b'])
      all.push(
        series(
          random,
          'queue_size',
          { server, plugin },
          gauge(random, () => between(random, -9, 40)),
        ),
      )
    all.push(...histogram(random, server))
    all.push(series(random, 'build_info', { server, version: `1.${number}` }, () => 1))
    const odd = () => (random() < 0.2 ? Number.NaN : between(random, -3, 3))
    all.push(series(random, 'odd', { server }, gauge(random, odd)))
  }
  return all
}
