import type { DemoServer } from '../demo/index.js'
import { VERSION } from '../version/index.js'

/** The first lines on the terminal: where to look, and what to paste into a client. */
export function welcome(facts: {
  readonly url: string
  /** Where metrics are served; undefined where they are switched off. */
  readonly metricsPath: string | undefined
  readonly servers: readonly string[]
  readonly cast: readonly DemoServer[]
  readonly addressOf: (server: string) => string
}): string {
  const { url, metricsPath, servers, cast, addressOf } = facts
  const wrapped = cast.filter(({ through }) => through === 'wrap').map(({ name }) => name)
  const width = Math.max(11, ...servers.map(({ length }) => length), ...wrapped.map(({ length }) => length))
  const row = (label: string, value: string) => `  ${label.padEnd(width)}  ${value}\n`
  return [
    `\nmcp-vitals ${VERSION}${cast.length > 0 ? ', demo: its servers and its client are our own play' : ''}\n\n`,
    row('dashboard', `${url}/admin/dashboard`),
    row('status page', `${url}/`),
    metricsPath === undefined ? '' : row('metrics', `${url}${metricsPath}`),
    row('health', `${url}/health`),
    servers.length > 0 ? '\nServers, and the address of each for your MCP client:\n\n' : '',
    ...servers.map((name) => row(name, addressOf(name))),
    ...wrapped.map((name) => row(name, 'over stdio, through mcp-vitals wrap')),
    '\nCtrl-C stops. What happens from here on:\n\n',
  ].join('')
}
