import { vitalsError } from '../errors/index.js'
import { formatLabels, parseDuration } from '../promql/index.js'
import { type AskFlags, askApi } from './ask.js'
import type { Terminal } from './terminal.js'

/** What the command line gave to `query`. */
export interface QueryFlags extends AskFlags {
  readonly time?: string
  readonly range?: string
  readonly step?: string
  readonly json?: boolean
}

/** Steps of a range whose step is not given: as many as a line of a terminal has places. */
const DEFAULT_STEPS = 60
const LEAST_STEP_MS = 1000

interface QueryData {
  readonly resultType: string
  readonly result: unknown
}

type Point = readonly [seconds: number, value: string]
interface Row {
  readonly metric: Readonly<Record<string, string>>
  readonly value?: Point
  readonly values?: readonly Point[]
}

/** Asks the daemon that runs what an expression of PromQL is, and shows it: a line for each series, its values below. */
export async function query(expr: string, flags: QueryFlags, terminal: Terminal): Promise<void> {
  const { out, err } = terminal
  const { path, parameters } = questionOf(expr, flags)
  const { answer, text } = await askApi<QueryData>(path, parameters, flags, terminal)
  for (const remark of [...(answer.warnings ?? []), ...(answer.infos ?? [])]) err.write(`${remark}\n`)
  out.write(flags.json ? `${text}\n` : linesOf(answer.data))
}

function questionOf(expr: string, { time, range, step }: QueryFlags) {
  const parameters = new URLSearchParams({ query: expr })
  if (range === undefined) {
    if (time !== undefined) parameters.set('time', time)
    return { path: '/api/v1/query', parameters }
  }
  const rangeMs = durationOf('--range', range)
  const endMs = time === undefined ? Date.now() : /^[\d.]+$/.test(time) ? Number(time) * 1000 : Date.parse(time)
  if (!Number.isFinite(endMs))
    throw vitalsError('QUERY_INVALID', { parameter: '--time', problem: `${time} is no time` })
  const stepMs =
    step === undefined ? Math.max(LEAST_STEP_MS, Math.ceil(rangeMs / DEFAULT_STEPS)) : durationOf('--step', step)
  parameters.set('start', String((endMs - rangeMs) / 1000))
  parameters.set('end', String(endMs / 1000))
  parameters.set('step', String(stepMs / 1000))
  return { path: '/api/v1/query_range', parameters }
}

function durationOf(flag: string, text: string): number {
  const lengthMs = parseDuration(text)
  if (lengthMs === undefined || lengthMs <= 0)
    throw vitalsError('QUERY_INVALID', { parameter: flag, problem: `${text} is no duration, such as 6h or 30s` })
  return lengthMs
}

function linesOf({ resultType, result }: QueryData = { resultType: '', result: [] }): string {
  if (resultType === 'scalar' || resultType === 'string') return `${(result as Point)[1]}\n`
  const rows = result as readonly Row[]
  if (rows.length === 0) return 'no series\n'
  return rows.map((row) => `${seriesOf(row)}\n`).join('')
}

function seriesOf({ metric, value, values = [] }: Row): string {
  const name = formatLabels(metric)
  if (value !== undefined) return `${name}  ${value[1]}`
  return [name, ...values.map(([seconds, found]) => `  ${new Date(seconds * 1000).toISOString()}  ${found}`)].join('\n')
}
