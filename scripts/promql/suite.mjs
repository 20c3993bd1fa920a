/**
 * Runs Prometheus's own tests of PromQL (test/data/promqltest) against our engine. Every case passes, fails, or is
 * skipped for one of the reasons in SKIPS, which is a closed list. `node scripts/promql/suite.mjs` prints the outcome.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import {
  compileMatcher,
  DEFAULT_LIMITS,
  formatLabels,
  memorySource,
  PromqlError,
  parsePromql,
} from '../../packages/server/dist/promql/index.js'
import { expectedOf, expectedRange, readScript } from './script.mjs'

export const FOLDER = join(import.meta.dirname, '../../test/data/promqltest')

/** Every reason for which a case may be skipped. */
export const SKIPS = {
  'native histograms in the data': 'a selector of the case finds series that hold native histograms',
  'a function of native histograms': 'the expression calls one, and is refused',
  'an experimental function or aggregation': 'the expression calls one, and is refused',
}

const LIMITS = { ...DEFAULT_LIMITS, timeoutMs: 60_000, now: () => performance.now() }
/** As Prometheus's own runner compares: relative to the values. */
const TOLERANCE = 1e-6

const noneSkipped = () => Object.fromEntries(Object.keys(SKIPS).map((reason) => [reason, 0]))

/** Runs all files. The outcome of each: how many passed, the failures with their places, how many were skipped and why. */
export function runSuite(folder = FOLDER) {
  const names = readdirSync(folder).filter((name) => name.endsWith('.test'))
  return names.sort().map((file) => {
    const outcome = { file, passed: 0, failed: [], skipped: noneSkipped() }
    const storage = new Storage()
    for (const command of readScript(readFileSync(join(folder, file), 'utf8'))) {
      if (command.kind === 'clear') storage.clear()
      else if (command.kind === 'load') storage.load(command)
      else record(outcome, `${file}:${command.line}`, command, storage)
    }
    return outcome
  })
}

/** The outcomes of several files as one. */
export function sumOf(outcomes) {
  const skipped = noneSkipped()
  for (const one of outcomes) for (const reason of Object.keys(SKIPS)) skipped[reason] += one.skipped[reason]
  const passed = outcomes.reduce((sum, one) => sum + one.passed, 0)
  return { passed, failed: outcomes.flatMap(({ failed }) => failed), skipped }
}

function record(outcome, place, command, storage) {
  let result
  try {
    result = runCase(command, storage)
  } catch (error) {
    if (!(error instanceof PromqlError)) throw error
    result = { problem: error.message }
  }
  if (result.skip !== undefined) outcome.skipped[result.skip]++
  else if (result.problem === undefined) outcome.passed++
  else outcome.failed.push(`${place}: ${command.expr}: ${result.problem}`)
}

/** Series by their labels, as `load` gives them. A later load adds later samples. */
class Storage {
  #series = new Map()
  #native = new Map()

  clear() {
    this.#series.clear()
    this.#native.clear()
  }

  load({ intervalMs, series, withNative }) {
    const loaded = new Map(series.map((one) => [formatLabels(one.labels), one]))
    for (const [key, { labels, values, isNative }] of loaded) {
      const known = this.#series.get(key) ?? { labels, times: [], values: [], staleTimes: [] }
      values.forEach((value, index) => {
        const timeMs = index * intervalMs
        if (value === undefined || timeMs <= (known.times.at(-1) ?? -1)) return
        if (value === 'stale') known.staleTimes.push(timeMs)
        else known.values[known.times.push(timeMs) - 1] = value
      })
      this.#series.set(key, known)
      if (isNative) this.#native.set(key, { labels, times: [], values: [] })
      if (withNative) this.#native.set(key, { labels: nativeLabels(labels), times: [], values: [] })
    }
  }

  get source() {
    return memorySource([...this.#series.values()])
  }

  /** Whether a selector of the query finds a series that would hold native histograms. */
  holdsNative(query, atMs) {
    const source = memorySource([...this.#native.values()])
    const asked = query.selections(atMs, atMs).map(({ matchers }) => matchers.map(compileMatcher))
    return asked.some((matchers) => source.select(matchers, atMs, atMs).length > 0)
  }
}

/** The native histogram that `load_with_nhcb` makes of a classic one has its name without the ending, and no `le`. */
function nativeLabels({ __name__, le: _, ...labels }) {
  return { ...labels, __name__: __name__.replace(/_(bucket|sum|count)$/, '') }
}

/** What is wrong with a case, why it is skipped, or neither. */
function runCase({ expr, times, expected, expects }, storage) {
  let query
  try {
    query = parsePromql(expr)
  } catch (error) {
    if (error.code !== 'PROMQL_UNSUPPORTED') return judgeFailure(error, expects)
    const isExperimental = error.message.includes('experimental')
    return { skip: isExperimental ? 'an experimental function or aggregation' : 'a function of native histograms' }
  }
  if (storage.holdsNative(query, times.atMs ?? times.endMs)) return { skip: 'native histograms in the data' }
  let answer
  try {
    answer = evaluate(query, times, storage.source)
  } catch (error) {
    return judgeFailure(error, expects)
  }
  if ('fail' in expects) return { problem: 'it should fail' }
  const problem = judgeRemarks(answer, expects) ?? judgeValue(answer.value, expected, expects, times)
  return { problem: problem ?? judgeInRange(query, times, storage.source, answer.value, expects) }
}

const evaluate = (query, { atMs, startMs, endMs, stepMs }, source) =>
  atMs === undefined ? query.range(source, startMs, endMs, stepMs, LIMITS) : query.instant(source, atMs, LIMITS)

function judgeFailure(error, { fail }) {
  if (!(error instanceof PromqlError)) throw error
  return { problem: fail === undefined || !says([error.message], fail) ? error.message : undefined }
}

/** Whether one of the texts is what `msg:` or `regex:` asks for; anything where neither stands. */
function says(texts, detail) {
  const [, kind, wanted] = /^(msg|regex):\s*(.*)$/.exec(detail) ?? []
  if (kind === undefined) return texts.length > 0
  return texts.some((text) => (kind === 'msg' ? text.includes(wanted) : new RegExp(wanted).test(text)))
}

function judgeRemarks({ warnings, infos }, { warn, no_warn, info, no_info }) {
  if (warn !== undefined && !says(warnings, warn)) return `no such warning: ${warn} in ${warnings}`
  if (info !== undefined && !says(infos, info)) return `no such info: ${info} in ${infos}`
  if (no_warn !== undefined && warnings.length > 0) return `a warning: ${warnings}`
  if (no_info !== undefined && infos.length > 0) return `an info: ${infos}`
  return undefined
}

const isNear = (a, b) =>
  Object.is(a, b) ||
  a === b ||
  Math.abs(a - b) / Math.min(Math.abs(a) + Math.abs(b), Number.MAX_VALUE) < TOLERANCE ||
  (Math.min(Math.abs(a), Math.abs(b)) === 0 && Math.abs(a - b) < TOLERANCE * 2.3e-308)

function judgeValue(value, expected, expects, times) {
  if ('string' in expects) {
    const wanted = parsePromql(expects.string).instant(memorySource([]), 0, LIMITS).value.value
    return value.type === 'string' && value.value === wanted ? undefined : `${value.value} in place of ${wanted}`
  }
  const wanted = expectedOf(expected)
  if (value.type === 'scalar')
    return isNear(value.value, wanted.scalar) ? undefined : `${value.value} in place of ${wanted.scalar}`
  if (wanted.series === undefined) return `a number is expected, not ${value.type}`
  if (value.type === 'matrix') return judgeMatrix(value, wanted.series, rangeOf(expects, times))
  const found = value.samples.map((sample) => [formatLabels(sample.labels), sample.value])
  return judgeVector(
    found,
    wanted.series.map(({ key, values }) => [key, values[0]]),
    'ordered' in expects,
  )
}

const rangeOf = (expects, times) => ('range vector' in expects ? expectedRange(expects['range vector']) : times)

function judgeVector(found, wanted, isOrdered) {
  const shown = JSON.stringify(found)
  if (found.length !== wanted.length) return `${found.length} series in place of ${wanted.length}: ${shown}`
  const index = wanted.findIndex(([key, value], place) => {
    const same = isOrdered ? found[place] : found.find(([other]) => other === key)
    return same?.[0] !== key || !isNear(same[1], value)
  })
  return index < 0 ? undefined : `not ${JSON.stringify(wanted[index])} in ${shown}`
}

function judgeMatrix({ series }, wanted, { startMs, stepMs }) {
  const found = new Map(series.map((one) => [formatLabels(one.labels), one]))
  for (const { key, values } of wanted) {
    const { times = [], values: got = [] } = found.get(key) ?? {}
    found.delete(key)
    const due = values.flatMap((value, step) => (value === undefined ? [] : [[startMs + step * stepMs, value]]))
    const isSame =
      due.length === times.length && due.every(([at, value], i) => at === times[i] && isNear(got[i], value))
    if (!isSame) return `${key} is ${[...got]} at ${[...times]} in place of ${values}`
  }
  return found.size === 0 ? undefined : `series that are not expected: ${[...found.keys()]}`
}

/** What is true at one time has to be true at the same step of a range query. */
function judgeInRange(query, { atMs }, source, value, expects) {
  if (atMs === undefined || 'ordered' in expects || (value.type !== 'vector' && value.type !== 'scalar'))
    return undefined
  if (/\b(start|end)\(\)/.test(query.text)) return undefined
  const { series } = query.range(source, atMs - 60_000, atMs + 60_000, 60_000, LIMITS).value
  const found = series.flatMap(({ labels, times, values }) => {
    const step = times.indexOf(atMs)
    return step < 0 ? [] : [[formatLabels(labels), values[step]]]
  })
  const wanted =
    value.type === 'scalar' ? [['{}', value.value]] : value.samples.map((one) => [formatLabels(one.labels), one.value])
  const problem = judgeVector(found, wanted, false)
  return problem === undefined ? undefined : `as a range query: ${problem}`
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { passed, failed, skipped } = sumOf(runSuite())
  for (const line of failed) console.log(`failed: ${line}`)
  for (const [reason, count] of Object.entries(skipped)) console.log(`${count} skipped: ${reason}`)
  console.log(`${passed} passed, ${failed.length} failed`)
  process.exitCode = failed.length > 0 ? 1 : 0
}
