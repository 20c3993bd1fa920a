import type { FoundExemplar } from '../../engine/index.js'
import { formatLabels, formatNumber, type LabelSet } from '../../promql/index.js'

/** The data of `/api/v1/query_exemplars`: the exemplars of these series between two times, milliseconds since 1970. */
export function exemplarsData(
  exemplars: Iterable<FoundExemplar>,
  series: readonly LabelSet[],
  { startMs = Number.NEGATIVE_INFINITY, endMs = Number.POSITIVE_INFINITY },
) {
  const wanted = new Set(series.map(formatLabels))
  const data: object[] = []
  for (const { labels: seriesLabels, exemplar } of exemplars) {
    const { traceId, value, at } = exemplar
    if (!wanted.has(formatLabels(seriesLabels)) || at < startMs || at > endMs) continue
    const one = { labels: { trace_id: traceId }, value: formatNumber(value), timestamp: at / 1000 }
    data.push({ seriesLabels, exemplars: [one] })
  }
  return data
}
