import { CATALOGUE, type NumberSeries, processMetrics } from '../metrics/index.js'
import { serverName } from '../vitals/index.js'
import type { ProviderState } from './provider.js'

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** The status page of one process: its tools and providers. Names come from callers, so each is escaped. */
export function statusPage(providers: Readonly<Record<string, ProviderState>>): string {
  const name = escaped(serverName())
  const calls = processMetrics()
    .registry.collect()
    .find(({ metric }) => metric === CATALOGUE.mcp.tool_calls_total)
  const tools = (calls?.series ?? []).map((series) => {
    const [, tool = '', status = ''] = series.values
    return row(tool, status, String((series as NumberSeries).value))
  })
  const states = Object.entries(providers).map(([provider, { status, error = '' }]) => row(provider, status, error))
  return [
    `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${name}</title></head><body><h1>${name}</h1>`,
    `<table><caption>Tool calls</caption><tr><th>tool<th>status<th>calls</tr>${tools.join('')}</table>`,
    states.length > 0
      ? `<table><caption>Providers</caption><tr><th>provider<th>status<th>error</tr>${states.join('')}</table>`
      : '',
    '<p><a href="/metrics">metrics</a> <a href="/health">health</a></p></body></html>\n',
  ].join('')
}

function row(...cells: readonly string[]): string {
  return `<tr>${cells.map((cell) => `<td>${escaped(cell)}</td>`).join('')}</tr>`
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ESCAPES[character]!)
}
