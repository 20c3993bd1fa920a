import type { Subject } from './contract.js'

/** Where images, volumes and units have things. */
export const PLACES = {
  config: '/etc/mcp-vitals/mcp-vitals.yaml',
  /** The daemon makes it itself, so that its mode is what it wants. */
  data: '/var/lib/mcp-vitals/state',
} as const

/** A token that the daemon refuses, so that nothing starts with a secret that everybody knows. */
export const NO_TOKEN = 'replace me: openssl rand -hex 32'

/** The configuration of a daemon that other machines reach, under these names. */
export function daemonConfig({ preset, port, servers }: Subject, hosts: readonly string[]): object {
  return {
    ...(preset !== undefined && { preset }),
    listen: { host: '0.0.0.0', port, openScrape: true, allowedHosts: hosts },
    doors: { keys: true },
    servers: Object.fromEntries(servers.map(({ name, url }) => [name, { url }])),
  }
}

/** What a person should know of it. */
export const CONFIG_NOTES = [
  'Servers that are started by a command, and addresses with secrets in them, are for you to add: docs/reference/config.md.',
  'The admin token comes from MCP_VITALS_ADMIN_TOKEN; keys for agents are made by "mcp-vitals keys create --agent <name>".',
] as const

/** The ports of the daemon: by name, each once. */
export function portsOf({ port, metrics }: Subject): readonly { readonly name: string; readonly port: number }[] {
  const http = { name: 'http', port }
  return metrics.port === port ? [http] : [http, { name: 'metrics', port: metrics.port }]
}
