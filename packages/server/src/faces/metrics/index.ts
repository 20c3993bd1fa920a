/** Media type of the Prometheus text exposition format, version 0.0.4. */
export const PROMETHEUS_TEXT = 'text/plain; version=0.0.4; charset=utf-8'

/** `GET /metrics`: the registry in Prometheus's text format, made at each scrape. */
export function createMetricsFace(exposition: () => string): () => Response {
  return () => new Response(exposition(), { headers: { 'content-type': PROMETHEUS_TEXT } })
}
