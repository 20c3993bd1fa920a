import { html } from 'hono/html'
import type { ComponentReport } from '../../monitor/index.js'
import type { ProviderReport } from '../../providers/index.js'
import type { PluginVitals, QueueVitals, Workload } from '../../state/index.js'
import { milliseconds, timeOfDay } from './format.js'

/** The tables of what there is of providers, plugins and queues; nothing where there is nothing. */
export function dependencyTables(providers: readonly ProviderReport[], { plugins, queues }: Workload) {
  return html`${providers.length === 0 ? '' : providerTable(providers)}${plugins.length === 0 ? '' : pluginTable(plugins)}${queues.length === 0 ? '' : queueTable(queues)}`
}

/** The table of what the monitor looks at; nothing where it looks at nothing. */
export function componentTable(components: readonly ComponentReport[]) {
  if (components.length === 0) return ''
  return html`<h2>Health</h2>
<table>
<thead><tr><th>Component<th>Type<th>State<th class="n">Latency</tr></thead>
<tbody>${components.map(
    ({ name, type, status, reasons, latencyMs }) => html`<tr>
<td><b>${name}</b><td>${type}
<td class="${status}">${status}${reasons.map((reason) => html`<br><small>${reason}</small>`)}
<td class="n">${milliseconds(latencyMs)}</tr>`,
  )}</tbody></table>
`
}

function providerTable(providers: readonly ProviderReport[]) {
  return html`<h2>Providers</h2>
<table>
<thead><tr><th>Provider<th>Type<th>State<th class="n">Latency</tr></thead>
<tbody>${providers.map(
    ({ name, type, required, status, latencyMs, reason, code }) => html`<tr>
<td><b>${name}</b>${required ? '' : html` <small>not required</small>`}<td>${type}
<td class="${status}">${status}${reason ? html`<br><small>${[reason, code].filter(Boolean).join(' · ')}</small>` : ''}
<td class="n">${milliseconds(latencyMs)}</tr>`,
  )}</tbody></table>
`
}

function pluginTable(plugins: readonly PluginVitals[]) {
  return html`<h2>Plugins</h2>
<table>
<thead><tr><th>Plugin<th>Server<th>State<th class="n">Executions<th class="n">Errors<th>Last (UTC)</tr></thead>
<tbody>${plugins.map(
    ({ plugin, server, condition, executions, errorRate, lastExecutionAt }) => html`<tr>
<td><b>${plugin}</b><td>${server}<td class="${condition === 'up' ? 'up' : 'down'}">${condition}
<td class="n">${executions}<td class="n">${Math.round(errorRate * 100)} %<td>${lastExecutionAt === undefined ? '' : timeOfDay(lastExecutionAt)}</tr>`,
  )}</tbody></table>
`
}

function queueTable(queues: readonly QueueVitals[]) {
  return html`<h2>Queues</h2>
<table>
<thead><tr><th>Queue of<th>Server<th class="n">Waiting<th class="n">Started per minute<th class="n">Wait p50<th class="n">Wait p95</tr></thead>
<tbody>${queues.map(
    ({ plugin, server, size, processedPerSecond, waitP50Ms, waitP95Ms }) => html`<tr>
<td><b>${plugin}</b><td>${server}<td class="n">${size}<td class="n">${Math.round(processedPerSecond * 60)}
<td class="n">${milliseconds(waitP50Ms)}<td class="n">${milliseconds(waitP95Ms)}</tr>`,
  )}</tbody></table>
`
}
