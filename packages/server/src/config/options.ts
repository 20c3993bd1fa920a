import { z } from 'zod'
import { accessOptions } from '../access/options.js'
import { alertsOptions } from '../alerts/options.js'
import { auditOptions } from '../audit-log/options.js'
import { budgetsOptions } from '../budgets/options.js'
import { adminWhatsappOptions, channelsOptions } from '../channels/options.js'
import { mcpJsonEntry, serverEntry } from '../children/options.js'
import { derivationOptions } from '../derive/options.js'
import { anomaliesOptions } from '../detect/options.js'
import { doorsOptions, serverDoorsOptions } from '../doors/options.js'
import { healthOptions } from '../faces/health/options.js'
import { agentOptions } from '../faces/mcp/options.js'
import { metricsOptions } from '../faces/metrics/options.js'
import { statusOptions } from '../faces/status/options.js'
import { listenOptions } from '../listen/options.js'
import { monitorOptions } from '../monitor/options.js'
import { pluginsEntry } from '../plugins/options.js'
import { pricesOptions } from '../prices/options.js'
import { providersOptions } from '../providers/options.js'
import { pushOptions } from '../push/options.js'
import { rulesOptions } from '../rules/options.js'
import { seriesOptions } from '../series/options.js'
import { logOptions } from '../sinks/log/options.js'
import { gatewayOptions } from '../sources/http-proxy/options.js'
import { ingestOptions } from '../sources/ingest/options.js'
import { storeOptions } from '../store/options.js'
import { PRESETS } from './preset.js'

/** A server's name stands in addresses (`/mcp/<name>`), in labels and in log lines. `mcp-vitals` is our own. */
const serverName = z
  .string()
  .regex(/^(?!mcp-vitals$|__proto__$|\.{1,2}$)[^\p{Cc}/\\?#%]{1,128}$/u)
  .meta({
    description:
      'Name of the server: 1 to 128 characters, none of / \\ ? # % and no control character; not "mcp-vitals", "__proto__", "." or ".."',
    examples: ['notes'],
  })

const NOTES = { notes: { command: 'npx', args: ['-y', '@modelcontextprotocol/server-memory'] } }

/** One section for each module, declared by the module: a default stands in its `options.ts` and nowhere else. */
const sections = {
  preset: z
    .enum(PRESETS)
    .optional()
    .meta({
      description:
        'A system whose operators find everything as they know it. It sets the options that its file in presets/ names; what stands in your own configuration wins.',
      examples: ['commerce'],
      env: 'MCP_VITALS_PRESET',
    }),
  environment: z
    .string()
    .min(1)
    .max(64)
    .default('development')
    .meta({
      description: 'Name of the place where this runs, as `/health` tells it.',
      examples: ['production'],
      env: 'MCP_VITALS_ENVIRONMENT',
    }),
  dataDir: z
    .string()
    .min(1)
    .optional()
    .meta({
      description: 'State directory. Where absent: the platform’s place for state, such as ~/.local/state/mcp-vitals.',
      examples: ['/var/lib/mcp-vitals'],
      env: 'MCP_VITALS_DATA',
    }),
  watch: z
    .boolean()
    .default(true)
    .meta({
      description:
        'Reads this file again when it changes: `servers`, `doors`, `gateway`, `providers`, `rules`, `health`, `status`, `dashboard`, `environment` and `listen` change while the daemon runs, the log names what needs a restart. SIGHUP does the same.',
      examples: [false],
      env: 'MCP_VITALS_WATCH',
    }),
  listen: listenOptions,
  health: healthOptions,
  status: statusOptions,
  dashboard: accessOptions,
  providers: providersOptions,
  monitor: monitorOptions,
  gateway: gatewayOptions,
  doors: doorsOptions,
  ingest: ingestOptions,
  store: storeOptions,
  series: seriesOptions,
  rules: rulesOptions,
  audit: auditOptions,
  log: logOptions,
  derivations: derivationOptions,
  anomalies: anomaliesOptions,
  budgets: budgetsOptions,
  prices: pricesOptions,
  metrics: metricsOptions,
  push: pushOptions,
  agent: agentOptions,
  alerts: alertsOptions
    .extend({
      channels: channelsOptions.default({}).meta({
        description:
          'Ways to tell people, by name, for `notify` and `fallback`: docs/alerts.md tells what each type takes.',
        examples: [{ team: { type: 'slack', url: 'https://hooks.slack.com/services/T000/B000/XXXX' } }],
      }),
      whatsapp: adminWhatsappOptions,
    })
    .prefault({}),
}

/** A server as its operator sets it: how it is reached, and what differs of its doors. */
const doors = serverDoorsOptions
const [commandEntry, urlEntry] = serverEntry.options
const guardedEntry = z.union([
  commandEntry.extend({ doors }),
  urlEntry.extend({ doors }),
  pluginsEntry.extend({ doors }),
])

/** The product’s own configuration. Unknown keys are errors. */
export const configOptions = z
  .strictObject({
    ...sections,
    servers: z
      .record(serverName, guardedEntry)
      .default({})
      .meta({ description: 'The MCP servers to watch, by name.', examples: [NOTES] }),
  })
  .superRefine(({ providers, monitor, servers }, context) => {
    const known = Object.keys(servers).filter((server) => isServed(servers, server))
    const unknown = (server: string, path: readonly string[]) => {
      const message = `is ${JSON.stringify(server)}, which is no server under "servers"; expected: ${known.join(', ') || 'a server there'}`
      context.addIssue({ code: 'custom', path: [...path], message })
    }
    const checked = [
      ...Object.entries(providers).map(([name, entry]) => [['providers', name, 'server'], entry] as const),
      ...Object.entries(monitor.components).map(
        ([name, entry]) => [['monitor', 'components', name, 'server'], entry] as const,
      ),
    ]
    for (const [path, entry] of checked)
      if (entry.type === 'mcp' && entry.server !== undefined && !isServed(servers, entry.server))
        unknown(entry.server, path)
    for (const name of Object.keys(monitor.servers))
      if (!Object.hasOwn(servers, name)) unknown(name, ['monitor', 'servers', name])
  })

function isServed(servers: Readonly<Record<string, { readonly disabled: boolean }>>, name: string): boolean {
  return Object.hasOwn(servers, name) && servers[name]?.disabled !== true
}

/** A client’s file (`mcp.json`) after its servers were moved to `servers`: their extra keys are read over. A preset may add plugins. */
const clientEntry = z.union([...mcpJsonEntry.options, pluginsEntry])
export const clientOptions = z.strictObject({ ...sections, servers: z.record(serverName, clientEntry).default({}) })

/** Effective values, all defaults filled in. */
export type Config = z.infer<typeof configOptions>
