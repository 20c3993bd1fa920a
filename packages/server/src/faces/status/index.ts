import { html } from 'hono/html'
import type { SystemReport } from '../../monitor/index.js'
import type { ProviderReport } from '../../providers/index.js'
import type { RecentCall, ServerVitals, Vitals, Workload } from '../../state/index.js'
import { componentTable, dependencyTables } from './dependencies.js'
import { duration, milliseconds, timeOfDay } from './format.js'

export interface StatusInputs {
  readonly version: string
  readonly demoMode: boolean
  readonly uptimeSeconds: () => number
  readonly vitals: () => Vitals
  readonly workload: () => Workload
  /** How servers and components are, as the monitor judges. */
  readonly system: () => SystemReport
  /** What is known of the providers now. */
  readonly providers: () => Promise<readonly ProviderReport[]>
  /** Where metrics are served; undefined where they are switched off. */
  readonly metricsPath: string | undefined
  /** Where a client reaches a server through the gateway; undefined for a server that is only watched by a wrap. */
  readonly addressOf: (server: string) => string | undefined
}

/** Every text on the page comes from servers and clients: `html` escapes it, and this policy runs no script at all. */
const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/**
 * `GET /`: the plain status page. Tables of servers, of providers, plugins and queues where there are any, and of the
 * last calls; reloads itself every 5 seconds.
 */
export function createStatusFace(inputs: StatusInputs): () => Promise<Response> {
  return async () => new Response(String(page(inputs, await inputs.providers())), { headers: HEADERS })
}

function page(inputs: StatusInputs, providers: readonly ProviderReport[]) {
  const { version, demoMode, uptimeSeconds, vitals, workload, metricsPath, addressOf } = inputs
  const { servers, recent, sessions } = vitals()
  const { colour, reasons, components } = inputs.system()
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="5">
<title>mcp-vitals</title>
<style>${STYLE}</style>
</head>
<body>
<h1>mcp-vitals${demoMode ? html` <small>demo</small>` : ''}</h1>
<p>${servers.length} ${servers.length === 1 ? 'server' : 'servers'}, ${sessions} open ${sessions === 1 ? 'session' : 'sessions'}, up for ${duration(uptimeSeconds())}. Version ${version}.
Machines read ${metricsPath === undefined ? '' : html`<a href="${metricsPath}">${metricsPath}</a>, `}<a href="/health">/health</a> and <a href="/health/ready">/health/ready</a>.</p>
<p class="system"><b class="${colour.toLowerCase()}">${colour}</b>${reasons.map((reason) => html`<br>${reason}`)}</p>
<h2>Servers</h2>
${servers.length === 0 ? NO_SERVERS : serverTable(servers, addressOf)}
${componentTable(components)}${dependencyTables(providers, workload())}<h2>Last calls</h2>
${recent.length === 0 ? html`<p>No tool was called yet. Point an MCP client at one of the addresses above, or run one through <code>mcp-vitals wrap</code>.</p>` : callTable(recent)}
</body>
</html>`
}

const NO_SERVERS = html`<p>No server is watched yet. Start with one of your own:
<code>mcp-vitals up --config mcp.json</code>, or put <code>mcp-vitals wrap --</code> in front of a server’s command.</p>`

function serverTable(servers: readonly ServerVitals[], addressOf: StatusInputs['addressOf']) {
  return html`<table>
<thead><tr><th>Server<th>State<th>Address for clients<th class="n">Tools<th class="n">Sessions<th class="n">In flight<th class="n">Calls<th class="n">Requests<th class="n">Failed<th class="n">p50<th class="n">p95</tr></thead>
<tbody>${servers.map(
    (s) => html`<tr>
<td><b>${s.name}</b><br><small>${[s.implementation, s.transport, s.protocolVersion].filter(Boolean).join(' · ')}</small>
<td class="${s.condition}">${s.condition}${s.reason ? html`<br><small>${s.reason}</small>` : ''}
<td>${address(addressOf(s.name))}
<td class="n">${s.tools.length}<td class="n">${s.sessions}<td class="n">${s.inFlight}<td class="n">${s.toolCalls}<td class="n">${s.requests}<td class="n">${s.failures}
<td class="n">${milliseconds(s.p50Ms)}<td class="n">${milliseconds(s.p95Ms)}</tr>`,
  )}</tbody></table>`
}

function callTable(recent: readonly RecentCall[]) {
  return html`<table>
<thead><tr><th>Time (UTC)<th>Server<th>Tool<th>Outcome<th class="n">Duration</tr></thead>
<tbody>${recent.map(
    (call) => html`<tr>
<td>${timeOfDay(call.at)}<td>${call.server}<td>${call.name ?? call.method}
<td class="${call.outcome === 'ok' ? 'up' : 'down'}">${call.outcome}<td class="n">${milliseconds(call.durationMs)}</tr>`,
  )}</tbody></table>`
}

function address(url: string | undefined) {
  return url === undefined ? html`<small>through <code>mcp-vitals wrap</code></small>` : html`<code>${url}</code>`
}

const STYLE = `:root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}body{margin:2rem auto;max-width:70rem;padding:0 1rem}
h1 small{font-size:.6em;border:1px solid;border-radius:.4em;padding:.1em .4em;vertical-align:middle}
table{border-collapse:collapse;width:100%;display:block;overflow-x:auto}th,td{text-align:left;padding:.35rem .7rem;border-bottom:1px solid #8884;vertical-align:top}
th{font-weight:600}.n{text-align:right;font-variant-numeric:tabular-nums}.up,.healthy,.green{color:#187a3c}.down,.unhealthy,.red{color:#c22}.degraded,.yellow{color:#8a5a00}code{font-size:.92em;overflow-wrap:anywhere}
@media (prefers-color-scheme:dark){.up,.healthy,.green{color:#5fd08a}.down,.unhealthy,.red{color:#ff7b72}.degraded,.yellow{color:#e3b341}}`
