import { CONTENT_TYPES, type Collectable, exposeParts, formatFor } from '@mcp-vitals/instrument/metrics'

const encoder = new TextEncoder()
const NOTHING = new Uint8Array()

/** Answers a scrape. */
export type MetricsFace = (request: Request) => Response

/**
 * `GET /metrics`: the registry, or a view of it, made at each scrape in the format that the scraper likes best. It is all of one
 * moment, and a page of many series is held as the bytes that are sent: as one text it would be there several times over.
 */
export function createMetricsFace(source: Collectable): MetricsFace {
  return (request) => {
    const format = formatFor(request.headers.get('accept'))
    const headers = { 'content-type': CONTENT_TYPES[format], vary: 'accept' }
    const parts: Uint8Array[] = []
    let first = ''
    for (const part of exposeParts(source, format)) {
      if (parts.length === 0) first = part
      parts.push(encoder.encode(part))
    }
    return new Response(parts.length === 1 ? first : streamOf(parts), { headers })
  }
}

/** Gives the parts one by one, and lets go of each. */
function streamOf(parts: Uint8Array[]): ReadableStream<Uint8Array> {
  let next = 0
  return new ReadableStream(
    {
      pull(controller) {
        const part = parts[next]
        if (part === undefined) return controller.close()
        parts[next++] = NOTHING
        controller.enqueue(part)
      },
    },
    { highWaterMark: 0 },
  )
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
