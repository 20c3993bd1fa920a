/**
 * What the detector of numbers of calls makes of series that are none of ours: the Numenta Anomaly Benchmark, scored by its
 * own rules. Nothing is set for a single series; the threshold alone is chosen for all of them together, the best for each
 * profile, as the benchmark does it with every detector. `MCP_VITALS_NAB` names its folder (with data/ and labels/).
 */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { SeasonDetector } from '../packages/server/dist/detect/season.js'
import { VOLUME_THRESHOLD } from '../packages/server/dist/detect/tool.js'
import { PROFILES, readSeries, scoreOf } from './support/nab.mjs'

const FOLDER = process.env.MCP_VITALS_NAB ?? resolve(import.meta.dirname, '../../shared/data/nab')
const THRESHOLDS = Array.from({ length: 25 }, (_, step) => 2 + step / 4)

/** Places at which something is found. */
function detect({ times, values }, threshold) {
  const detector = new SeasonDetector(threshold)
  return values.flatMap((value, place) => {
    const found = detector.add(value, times[place])
    return found === undefined || found === 'over' ? [] : [place]
  })
}

if (!existsSync(FOLDER)) {
  console.log(`\nnothing to score: there is no ${FOLDER}. Set MCP_VITALS_NAB to a copy of github.com/numenta/NAB`)
} else {
  const series = readSeries(FOLDER)
  const [points, windows] = [series.map(({ values }) => values), series.map((each) => each.windows)].map((lists) =>
    lists.reduce((sum, list) => sum + list.length, 0),
  )
  console.log(`\nNAB, ${series.length} series, ${points} points, ${windows} windows`)
  const all = THRESHOLDS.map((threshold) => ({ threshold, places: series.map((each) => detect(each, threshold)) }))
  for (const [name, profile] of Object.entries(PROFILES)) {
    const scores = all.map(({ threshold, places }) => ({ threshold, score: scoreOf(series, places, profile) }))
    const best = scores.reduce((one, other) => (other.score > one.score ? other : one))
    const own = scores.find(({ threshold }) => threshold === VOLUME_THRESHOLD)
    console.log(
      `  ${name.padEnd(20)} ${best.score.toFixed(1)} at ${best.threshold}; at our own ${VOLUME_THRESHOLD} ${own.score.toFixed(1)}`,
    )
  }
}
