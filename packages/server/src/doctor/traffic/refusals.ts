import type { Finding } from '../contract.js'
import { looked } from '../contract.js'
import { numberOf } from '../shared/metrics.js'
import { counted, shown } from '../shared/words.js'
import { MOST_FINDINGS, ofRunning } from './readings.js'

/** Fewer are people who try something. */
const LEAST = 3
const WHY = 'A client that is refused shows a server without tools, mostly without saying why.'

type Told = Pick<Finding, 'problem' | 'next' | 'fix'>

/** What a refusal at the gateway means, by its HTTP status. `url`: the address of the server at the gateway. */
const REFUSALS: Readonly<Record<string, (method: string, url: string) => Told>> = {
  400: (_, url) => ({
    problem: 'Clients send it what is no request of MCP.',
    next: 'A POST carries one JSON-RPC 2.0 message, with Content-Type: application/json.',
    fix: [
      `curl -X POST '${url}' -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' -d '{"jsonrpc":"2.0","id":1,"method":"ping"}'`,
    ],
  }),
  401: (_, url) => ({
    problem: 'Clients come to it without a key that is valid.',
    next: 'Make a key for each client, and write it into the headers of its configuration.',
    fix: [
      'mcp-vitals keys create --agent <name>',
      `{ "url": "${url}", "headers": { "Authorization": "Bearer <key>" } }`,
    ],
  }),
  403: (_, url) => ({
    problem: 'Callers of it are refused.',
    next: 'Their key does not open this server or tool.',
    fix: ['mcp-vitals keys list', `mcp-vitals doctor ${url} --origin https://app.example.org`],
  }),
  404: (_, url) => ({
    problem: 'Clients ask for a session of it that is over, or a path that is not there.',
    next: 'A client opens a new session after 404; one that goes on asking is to be started again.',
    fix: [`{ "url": "${url}" }`],
  }),
  405: (method, url) => ({
    problem: `Clients send it ${method}, which it does not take.`,
    next: 'They speak the other transport: a client of HTTP+SSE opens a stream by GET at the address with /sse, one of Streamable HTTP posts without it.',
    fix: [`{ "url": "${url}/sse", "type": "sse" }`, `{ "url": "${url}" }`],
  }),
  406: (method, url) => ({
    problem: 'Clients lack the Accept header that MCP asks for.',
    next: 'A POST needs "application/json, text/event-stream", a GET "text/event-stream". Where the client sends it, a proxy between takes it away.',
    fix: [
      method === 'GET'
        ? `curl -N -H 'Accept: text/event-stream' '${url}'`
        : `curl -X POST '${url}' -H 'Accept: application/json, text/event-stream' -H 'Content-Type: application/json' -d '{"jsonrpc":"2.0","id":1,"method":"ping"}'`,
      'proxy_set_header Accept $http_accept;   # nginx',
    ],
  }),
  413: () => ({
    problem: 'Clients send it more than is taken.',
    next: 'Raise the limit where such calls are meant.',
    fix: ['gateway: { maxBodyBytes: 52428800 }'],
  }),
  415: (_, url) => ({
    problem: 'Clients send it something other than JSON.',
    next: 'A POST needs Content-Type: application/json.',
    fix: [`curl -X POST '${url}' -H 'Content-Type: application/json' -d '{"jsonrpc":"2.0","id":1,"method":"ping"}'`],
  }),
  429: () => ({
    problem: 'Clients call it more often than its limits allow.',
    next: 'Raise the limit, or have them wait as Retry-After says.',
    fix: ['mcp-vitals config print | grep -A12 doors'],
  }),
}

/** Clients that the gateway had to refuse: their side of a connection that does not come about. */
export const refusals = ofRunning(
  'refused-clients',
  [
    'clients of the gateway that lack the Accept header (406), speak the other transport (405), have no key (401), no right (403) or no session (404), or send no JSON-RPC (400)',
  ],
  async ({ prefix, query, daemonUrl }) => {
    const rows = await query(
      `sum by (server, method, status) (increase(${prefix}_http_requests_total{status=~"4.."}[1h])) >= ${LEAST}`,
    )
    const findings = [...rows]
      .sort((one, other) => numberOf(other) - numberOf(one))
      .slice(0, MOST_FINDINGS)
      .flatMap((row): readonly Finding[] => {
        const { server = '', method = '', status = '' } = row.metric
        const tell = REFUSALS[status]
        if (tell === undefined) return []
        const url = `${daemonUrl}/mcp/${server === '' ? '<name>' : encodeURIComponent(server)}`
        return [
          {
            severity: 'warning',
            ...(server !== '' && { subject: shown(server) }),
            evidence: [
              `${Math.round(numberOf(row))} times ${shown(method)} with HTTP ${shown(status)} in the last hour`,
            ],
            why: WHY,
            ...tell(shown(method), url),
          },
        ]
      })
    return looked(findings.length === 0 ? 'none in the last hour' : counted(findings.length, 'kind'), findings)
  },
)
