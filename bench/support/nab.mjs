/**
 * The Numenta Anomaly Benchmark: its series, and its own rules of scoring (https://github.com/numenta/NAB). A detection in
 * a window counts once, the earlier the more; one outside costs, the more the farther it is behind a window; a window that
 * was missed costs. 0 is what finding nothing scores, 100 what finding everything at once does.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Weights of a window found, a window missed and a false alarm. */
export const PROFILES = {
  standard: { found: 1, missed: 1, falseAlarm: 0.11 },
  'low false positives': { found: 1, missed: 1, falseAlarm: 0.22 },
  'low false negatives': { found: 1, missed: 2, falseAlarm: 0.11 },
}

/** Share of a series, and most points of it, that are not scored: there a detector gets to know it. */
const PROBATION_SHARE = 0.15
const MOST_PROBATION = 750

const timeOf = (text) => Date.parse(`${text.slice(0, 19).replace(' ', 'T')}Z`)
const sigmoid = (x) => (x > 3 ? -1 : 2 / (1 + Math.exp(5 * x)) - 1)

/** All series of a folder: `{ name, times, values, windows }`; a window is its first and its last place in the series. */
export function readSeries(folder) {
  const labels = JSON.parse(readFileSync(join(folder, 'labels/combined_windows.json'), 'utf8'))
  const data = join(folder, 'data')
  const names = readdirSync(data).flatMap((kind) => readdirSync(join(data, kind)).map((file) => `${kind}/${file}`))
  return names.sort().map((name) => {
    const rows = readFileSync(join(data, name), 'utf8').trim().split('\n').slice(1)
    const [times, values] = [rows.map((row) => timeOf(row)), rows.map((row) => Number(row.split(',')[1]))]
    const windows = (labels[name] ?? []).map(([from, to]) => [
      times.findIndex((time) => time >= timeOf(from)),
      times.findLastIndex((time) => time <= timeOf(to)),
    ])
    return { name, times, values, windows }
  })
}

/** What the detections of one series come to; `detected`: their places. */
function rawScore({ values, windows }, detected, { found, missed, falseAlarm }) {
  const probation = Math.min(Math.floor(PROBATION_SHARE * values.length), MOST_PROBATION)
  const seen = new Set()
  let score = 0
  for (const place of detected.filter((each) => each >= probation)) {
    const window = windows.find(([from, to]) => place >= from && place <= to)
    if (window) {
      const [from, to] = window
      if (!seen.has(window)) score += (found * sigmoid(-(to - place + 1) / (to - from + 1))) / sigmoid(-1)
      seen.add(window)
    } else {
      const [from, to] = windows.findLast((each) => each[1] < place) ?? []
      score += falseAlarm * (to === undefined ? -1 : sigmoid((place - to) / (to - from)))
    }
  }
  return score - missed * (windows.length - seen.size)
}

/** The score of detections, a list of places for each series, by one profile. */
export function scoreOf(series, detections, profile) {
  const windows = series.reduce((sum, each) => sum + each.windows.length, 0)
  const raw = series.reduce((sum, each, index) => sum + rawScore(each, detections[index], profile), 0)
  const nothing = -profile.missed * windows
  return (100 * (raw - nothing)) / (profile.found * windows - nothing)
}
