import { CONTENT_TYPES, type Collectable, expose, formatFor } from '@mcp-vitals/instrument/metrics'

/** Answers a scrape. */
export type MetricsFace = (request: Request) => Response

/** `GET /metrics`: the registry, or a view of it, made at each scrape in the format that the scraper likes best. */
export function createMetricsFace(source: Collectable): MetricsFace {
  return (request) => {
    const format = formatFor(request.headers.get('accept'))
    return new Response(expose(source, format), {
      headers: { 'content-type': CONTENT_TYPES[format], vary: 'accept' },
    })
  }
}

/** The face where metrics are switched off: 404, with the reason. */
export function createSilentMetricsFace(): MetricsFace {
  return () =>
    Response.json(
      {
        error: 'Metrics are switched off. Set `metrics.enabled` (or ENABLE_METRICS) to true to have them served here.',
      },
      { status: 404 },
    )
}
