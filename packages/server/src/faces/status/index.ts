import { html } from 'hono/html'
import type { SystemReport } from '../../monitor/index.js'
import type { ProviderReport } from '../../providers/index.js'
import type { RecentCall, ServerVitals, Vitals, Workload } from '../../state/index.js'
import { componentTable, dependencyTables } from './dependencies.js'
import { duration, milliseconds, timeOfDay } from './format.js'
import { pageOf } from './shell.js'

export { createBadges } from './badge.js'
export { createFeeds } from './feed.js'
export { createOverview } from './overview.js'

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

/**
 * `GET /`: the plain status page. Tables of servers, of providers, plugins and queues where there are any, and of the
 * last calls; reloads itself every 5 seconds.
 */
export function createStatusFace(inputs: StatusInputs): () => Promise<Response> {
  return async () => pageOf({ title: 'mcp-vitals', reloadSeconds: 5, body: page(inputs, await inputs.providers()) })
}

function page(inputs: StatusInputs, providers: readonly ProviderReport[]) {
  const { version, demoMode, uptimeSeconds, vitals, workload, metricsPath, addressOf } = inputs
  const { servers, recent, sessions } = vitals()
  const { colour, reasons, components } = inputs.system()
  return html`<h1>mcp-vitals${demoMode ? html` <small>demo</small>` : ''}</h1>
<p>${servers.length} ${servers.length === 1 ? 'server' : 'servers'}, ${sessions} open ${sessions === 1 ? 'session' : 'sessions'}, up for ${duration(uptimeSeconds())}. Version ${version}.
<a href="/admin/dashboard">The dashboard</a> shows more: what changed, each tool, each session, alerts.
Machines read ${metricsPath === undefined ? '' : html`<a href="${metricsPath}">${metricsPath}</a>, `}<a href="/health">/health</a> and <a href="/health/ready">/health/ready</a>.
What was before stands at <a href="/status/full">/status/full</a>.</p>
<p class="system"><b class="${colour.toLowerCase()}">${colour}</b>${reasons.map((reason) => html`<br>${reason}`)}</p>
<h2>Servers</h2>
${servers.length === 0 ? NO_SERVERS : serverTable(servers, addressOf)}
${componentTable(components)}${dependencyTables(providers, workload())}<h2>Last calls</h2>
${recent.length === 0 ? html`<p>No tool was called yet. Point an MCP client at one of the addresses above, or run one through <code>mcp-vitals wrap</code>.</p>` : callTable(recent)}`
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
