import type { Diagnosis, Finding, Patient } from '../contract.js'
import { leftOut, looked } from '../contract.js'
import { askDaemon, numberOf, queried, samplesOf } from '../shared/metrics.js'
import { ask, isAnswer } from '../shared/web.js'
import { counted } from '../shared/words.js'

/** Where metrics are served: by the port of their own where there is one. */
export function metricsUrlOf({ configuration: { config }, daemon }: Patient): string | undefined {
  if (config === undefined) return undefined
  const { metrics, listen } = config
  const host = /^(?:0\.0\.0\.0|::)$/.test(listen.host) ? '127.0.0.1' : listen.host
  const named = host.includes(':') ? `[${host}]` : host
  if (metrics.port !== undefined && metrics.port !== 0) return `http://${named}:${metrics.port}${metrics.path}`
  if (daemon?.is === 'answers') return `${daemon.url}${metrics.path}`
  return listen.port === 0 ? undefined : `http://${named}:${listen.port}${metrics.path}`
}

/** Whether there are metrics to be had: the daemon is up, and its page has lines. */
export const metrics: Diagnosis = {
  name: 'metrics',
  finds: [
    'no daemon that answers, so no metrics',
    'metrics that are switched off, or served at another path or port than is asked',
    'a page of metrics that is refused, or has no line of a server',
    'a daemon that watches, and sees no call: clients still talk to their servers directly',
  ],
  async look(patient) {
    const { configuration, daemon } = patient
    const url = metricsUrlOf(patient)
    if (configuration.config === undefined || url === undefined) return leftOut('the configuration is not valid')
    if (daemon?.is !== 'answers') return looked('no daemon answers', [await noDaemon(patient, url)])
    if (!configuration.config.metrics.enabled) return looked('they are switched off', [off()])
    const answer = await ask(url, { signal: patient.signal, headers: headersOf(patient) })
    if (!isAnswer(answer) || answer.status !== 200)
      return looked(url, [refused(url, isAnswer(answer) ? `HTTP ${answer.status}` : answer.code)])
    const { prefix } = configuration.config.metrics
    const own = samplesOf(answer.text).filter(
      ({ name }) => name.startsWith(`${prefix}_`) && !name.startsWith('mcp_vitals_'),
    )
    if (own.length === 0) return looked(url, [empty(url, prefix)])
    const calls = own.filter(({ name }) => name === `${prefix}_tool_calls_total`)
    const sum = calls.reduce((total, { value }) => total + value, 0)
    const seen = `${counted(own.length, 'series', 'series')} at ${url}, ${counted(sum, 'tool call')}`
    return looked(seen, sum === 0 ? await noCalls(patient, url, prefix) : [])
  },
}

function headersOf({ configuration: { config } }: Patient): Readonly<Record<string, string>> {
  const token = config?.listen.adminToken
  return token === undefined ? {} : { authorization: `Bearer ${token}` }
}

async function noDaemon(patient: Patient, url: string): Promise<Finding> {
  const { daemon, dataDir, configuration } = patient
  const other = await ask(url, { signal: patient.signal })
  const isOther = isAnswer(other) && /^mcp_vitals_build_info\{/m.test(other.text)
  const named = configuration.file === undefined ? '' : ` --config ${configuration.file}`
  return {
    // A daemon that was started once is missed; where there was none, nobody may want one.
    severity: daemon === undefined && !isOther ? 'note' : 'error',
    problem:
      daemon?.is === 'silent'
        ? `The daemon (process ${daemon.pid}) does not answer, so there are no metrics.`
        : 'No daemon runs with this state directory, so there are no metrics.',
    evidence: [
      daemon === undefined
        ? `no daemon has announced itself in ${dataDir}`
        : `${dataDir}/daemon.json names process ${daemon.pid} at ${daemon.url}, ${daemon.is === 'gone' ? 'which is gone' : 'where nothing of ours answers'}`,
      ...(isOther ? [`at ${url} another mcp-vitals answers, with another state directory`] : []),
    ],
    why: 'Metrics, health and alerts come from the daemon: without it Prometheus and dashboards have nothing new.',
    next: isOther
      ? 'Name the state directory of the one that runs, or start one here on another port.'
      : 'Start it; or name its state directory, where it runs as a service or as another user.',
    fix: [`mcp-vitals up${named}`, 'mcp-vitals doctor --data /var/lib/mcp-vitals', `curl -s ${url} | grep mcp_`],
  }
}

const off = (): Finding => ({
  severity: 'warning',
  problem: 'Metrics are switched off.',
  evidence: ['`metrics.enabled` is false (ENABLE_METRICS)'],
  why: 'Their address answers 404, so Prometheus holds the daemon for down.',
  next: 'Switch them on.',
  fix: ['ENABLE_METRICS=true mcp-vitals up'],
})

function refused(url: string, how: string): Finding {
  const isGuard = how === 'HTTP 403' || how === 'HTTP 401'
  return {
    severity: 'error',
    problem: `The page of metrics is not served at ${url}.`,
    evidence: [`asking it gave ${how}`],
    why: 'Prometheus gets the same, and has no metrics.',
    next: isGuard
      ? 'Who asks from elsewhere shows the admin token, or `listen.openScrape` lets everyone read.'
      : 'The daemon runs with another configuration than this one, or its metrics server is down: compare both.',
    fix: isGuard
      ? ['MCP_VITALS_OPEN_SCRAPE=true mcp-vitals up']
      : ['mcp-vitals config print | grep -A6 metrics', `curl -s ${url} | grep mcp_`],
  }
}

const empty = (url: string, prefix: string): Finding => ({
  severity: 'error',
  problem: `The page of metrics has no line that begins with ${prefix}_.`,
  evidence: [`${url} answers, and has none`],
  why: 'Rules and dashboards ask for these names, and find nothing.',
  next: 'The daemon runs with another `metrics.prefix` than this configuration has: restart it with this one.',
  fix: [`curl -s ${url} | grep -c ''`, `METRICS_PREFIX=${prefix} mcp-vitals up`],
})

/** Every server answers, and nobody calls: the address in the client is still the server’s own. */
async function noCalls(patient: Patient, url: string, prefix: string): Promise<readonly Finding[]> {
  const daemon = patient.daemon!
  const names = Object.keys(patient.servers)
  const sessions = await queried(patient, daemon.url, `sum(${prefix}_active_sessions)`)
  const answer = await askDaemon(patient, daemon, '/health')
  if (names.length === 0 || !isAnswer(answer)) return []
  return [
    {
      severity: 'note',
      problem: 'No tool call was seen yet.',
      evidence: [
        `every series of ${prefix}_tool_calls_total is 0`,
        `open sessions: ${sessions[0] ? numberOf(sessions[0]) : 0}`,
      ],
      why: 'What goes from a client to its server directly, the daemon does not see.',
      next: 'Put the address of the gateway into the client, in place of the server’s command or address; or have install do that.',
      fix: [
        `{ "mcpServers": { ${JSON.stringify(names[0])}: { "url": "${daemon.url}/mcp/${encodeURIComponent(names[0]!)}" } } }`,
        'mcp-vitals install --dry-run',
        `curl -s ${url} | grep mcp_`,
      ],
    },
  ]
}
