import type { LabelSet, Series, Value } from '../promql/index.js'
import type { Answer } from './protocol.js'

/** The body of a successful answer of Prometheus's HTTP API. */
export function answerBody({ value, warnings, infos }: Answer): string {
  return successBody(`{"resultType":"${value.type}","result":${resultOf(value)}}`, warnings, infos)
}

/** The body around data that are JSON already. */
export function successBody(data: string, warnings: readonly string[] = [], infos: readonly string[] = []): string {
  const remarks =
    (warnings.length > 0 ? `,"warnings":${JSON.stringify(warnings)}` : '') +
    (infos.length > 0 ? `,"infos":${JSON.stringify(infos)}` : '')
  return `{"status":"success","data":${data}${remarks}}`
}

function resultOf(value: Value): string {
  switch (value.type) {
    case 'scalar':
      return point(value.atMs, value.value)
    case 'string':
      return `[${seconds(value.atMs)},${JSON.stringify(value.value)}]`
    case 'vector': {
      const at = value.atMs
      return list(value.samples.map((one) => `{"metric":${metric(one.labels)},"value":${point(at, one.value)}}`))
    }
    case 'matrix':
      return list(value.series.map((series) => `{"metric":${metric(series.labels)},"values":${points(series)}}`))
  }
}

const list = (parts: readonly string[]): string => `[${parts.join(',')}]`
const point = (atMs: number, value: number): string => `[${seconds(atMs)},"${sampleText(value)}"]`
const seconds = (atMs: number): string => String(atMs / 1000)

function points({ times, values }: Series): string {
  const parts: string[] = []
  for (let at = 0; at < times.length; at++) parts.push(point(times[at]!, values[at]!))
  return list(parts)
}

/** By name, as Prometheus has them. */
function metric(labels: LabelSet): string {
  const pairs = Object.keys(labels)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${JSON.stringify(labels[name])}`)
  return `{${pairs.join(',')}}`
}

/** A sample as Prometheus writes it: JavaScript's notation, with an exponent of two digits at least. */
export function sampleText(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
  if (Object.is(value, -0)) return '-0'
  return String(value).replace(/e([+-])(\d)$/, 'e$10$2')
}
