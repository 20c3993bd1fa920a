import { EXPOSITION_CONTENT_TYPE } from '@mcp-vitals/instrument/metrics'

/** `GET /metrics`: the registry in Prometheus's text format, made at each scrape. */
export function createMetricsFace(exposition: () => string): () => Response {
  return () => new Response(exposition(), { headers: { 'content-type': EXPOSITION_CONTENT_TYPE } })
}
