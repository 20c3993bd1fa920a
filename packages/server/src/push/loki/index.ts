import type { z } from 'zod'
import type { PushedLine, ReceiverKind } from '../contract.js'
import { packedJson } from '../shared/gzip.js'
import { headersOf } from '../shared/headers.js'
import { judge } from '../shared/judge.js'
import { nanosOf } from '../shared/nanos.js'
import type { lokiOptions } from './options.js'

/** Most servers that have streams of their own: each is one for each level, and Loki keeps chunks for every stream. */
const MAX_SERVERS = 100
const OTHER = 'other'
/** Server of the lines that the daemon says of itself. */
const OWN = 'mcp-vitals'

type Options = z.infer<typeof lokiOptions>

/**
 * Loki's push API, https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs. As JSON: it is what Loki's
 * pages show, and what others that speak its protocol take as well; packed it is hardly longer than protobuf in snappy.
 */
export const lokiReceiver: ReceiverKind<Options> = {
  addressOf: ({ url }) => url,
  create(options, url, { labels }) {
    const servers = new Set<string>([OWN])
    let last = { ms: 0, count: 0 }

    function serverOf({ fields }: PushedLine): string {
      const server = typeof fields.server === 'string' ? fields.server : OWN
      if (servers.has(server) || servers.size < MAX_SERVERS) servers.add(server)
      else return OTHER
      return server
    }

    /** Lines of one millisecond get times of their own, so that none that is told twice by its sender is taken for another. */
    function timeOf({ at }: PushedLine): string {
      const ms = Math.floor(at)
      last = { ms, count: ms === last.ms ? last.count + 1 : 0 }
      return nanosOf(ms, last.count)
    }

    return {
      lines: {
        name: 'loki',
        url,
        headers: { ...headersOf(options), 'content-type': 'application/json', 'content-encoding': 'gzip' },
        judge: (answer) => judge(answer, (status) => status === 429 || status >= 500),
        async encode(lines) {
          const streams = new Map<string, { readonly stream: object; readonly values: [string, string][] }>()
          for (const line of lines) {
            const [level, server] = [line.level, serverOf(line)]
            const key = `${level} ${server}`
            const stream = streams.get(key) ?? { stream: { ...labels, server, level }, values: [] }
            stream.values.push([timeOf(line), line.text])
            streams.set(key, stream)
          }
          return { bytes: await packedJson({ streams: [...streams.values()] }), items: lines.length }
        },
      },
    }
  },
}
