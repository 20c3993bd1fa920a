import { hostname, networkInterfaces } from 'node:os'
import type { Diagnosis, Finding, Patient } from '../contract.js'
import { leftOut, looked } from '../contract.js'
import { queried } from '../shared/metrics.js'
import { ask, askJson, isAnswer } from '../shared/web.js'
import { lasting, shown, shownUrl } from '../shared/words.js'
import { metricsUrlOf } from './metrics.js'

const USUAL_ADDRESS = 'http://localhost:9090'
/** Samples older than this many intervals were not taken lately. */
const MISSED_INTERVALS = 4

/** What `/api/v1/targets` tells of one target (Prometheus's HTTP API). */
interface Target {
  readonly scrapeUrl: string
  readonly labels?: Readonly<Record<string, string>>
  readonly lastError?: string
  readonly lastScrape?: string
  readonly health?: string
  readonly scrapeInterval?: string
}

interface TargetsAnswer {
  readonly data?: {
    readonly activeTargets?: readonly Target[]
    readonly droppedTargets?: readonly { readonly discoveredLabels?: Readonly<Record<string, string>> }[]
  }
}

/** Whether Prometheus answers at an address, and is none of our own daemons, which speak its API too. */
export async function isPrometheus(address: string, signal: AbortSignal): Promise<boolean> {
  const answer = await askJson<{ data?: { version?: string } }>(`${address}/api/v1/status/buildinfo`, { signal })
  const version = answer?.data?.version
  return version !== undefined && !version.includes('mcp-vitals')
}

/** Where Prometheus is: as asked, else the usual address where it answers. */
export async function prometheusOf({ asked, signal }: Patient): Promise<string | undefined> {
  if (asked.prometheus !== undefined) return asked.prometheus
  return (await isPrometheus(USUAL_ADDRESS, signal)) ? USUAL_ADDRESS : undefined
}

/** Whether Prometheus has our metrics: its targets are looked at. */
export const prometheus: Diagnosis = {
  name: 'prometheus',
  finds: [
    'Prometheus that does not answer, or something else at its address',
    'no target with our address, with the scrape_config to paste; one that relabelling drops',
    'a target that is down, by its last error: a container’s own localhost, a firewall, a refused Host, a wrong path or scheme',
    'a target that was last scraped long ago',
  ],
  async look(patient) {
    const { asked, signal } = patient
    const url = metricsUrlOf(patient)
    if (url === undefined) return leftOut('it is not known where the metrics are served')
    const address = await prometheusOf(patient)
    if (address === undefined) return leftOut(`no Prometheus answers at ${USUAL_ADDRESS}, and no --prometheus`)
    const at = shownUrl(address).replace(/\/$/, '')
    if (asked.prometheus !== undefined && !(await isPrometheus(address, signal)))
      return looked(at, [await notThere(address, signal)])
    const answer = await askJson<TargetsAnswer>(`${address}/api/v1/targets`, { signal })
    const { activeTargets = [], droppedTargets = [] } = answer?.data ?? {}
    const ours = activeTargets.filter((target) => isOurs(target, url))
    if (ours.length === 0) {
      const dropped = droppedTargets.find(({ discoveredLabels = {} }) =>
        isOurHost(discoveredLabels.__address__ ?? '', url),
      )
      return looked(`${at} has ${activeTargets.length} targets`, [
        dropped ? droppedBy(at) : absent(at, url, activeTargets, patient),
      ])
    }
    const findings = ours.flatMap((target) => judge(target, at, url))
    const seen = `${at} scrapes ${ours.map(({ labels = {} }) => shown(labels.job ?? '')).join(', ')}`
    return looked(findings.length === 0 ? `${seen}, ${await seriesIn(patient, address)} series` : seen, findings)
  },
}

async function seriesIn(patient: Patient, address: string): Promise<string> {
  const prefix = patient.configuration.config?.metrics.prefix ?? 'mcp'
  const [row] = await queried(patient, address, `count({__name__=~"${prefix}_.+"})`)
  return row?.value?.[1] ?? '0'
}

async function notThere(address: string, signal: AbortSignal): Promise<Finding> {
  const answer = await ask(`${address}/api/v1/status/buildinfo`, { signal })
  const how = isAnswer(answer) ? `HTTP ${answer.status}` : answer.code
  const isDaemon = isAnswer(answer) && answer.text.includes('mcp-vitals')
  return {
    severity: 'error',
    problem: isDaemon
      ? `At ${shownUrl(address)} is a daemon of mcp-vitals, and no Prometheus.`
      : `Prometheus does not answer at ${shownUrl(address)}.`,
    evidence: [`asking its build information gave ${how}`],
    why: 'Without it nothing is scraped, and dashboards that ask it are empty.',
    next: 'Start it, or name its address with --prometheus. Where a daemon has port 9090, Prometheus needs another.',
    fix: [
      'sudo systemctl start prometheus',
      'prometheus --web.listen-address=127.0.0.1:9091',
      `curl -s ${shownUrl(address)}/-/ready`,
    ],
  }
}

const LOCAL = new Set(['127.0.0.1', 'localhost', '[::1]', '0.0.0.0', 'host.docker.internal'])

/** Whether a target’s address is one of this machine, with the port of our metrics. */
function isOurHost(hostAndPort: string, url: string): boolean {
  const target = URL.canParse(`http://${hostAndPort}`) ? new URL(`http://${hostAndPort}`) : undefined
  if (target === undefined || portOf(target) !== portOf(new URL(url))) return false
  const own = Object.values(networkInterfaces()).flatMap((list) => list?.map(({ address }) => address) ?? [])
  const name = target.hostname.toLowerCase()
  return (
    LOCAL.has(name) ||
    name.split('.')[0] === hostname().toLowerCase().split('.')[0] ||
    own.includes(name.replace(/^\[|\]$/g, ''))
  )
}

const portOf = ({ port, protocol }: URL): string => port || (protocol === 'https:' ? '443' : '80')
const isOurs = ({ scrapeUrl }: Target, url: string): boolean =>
  URL.canParse(scrapeUrl) && isOurHost(new URL(scrapeUrl).host, url)

/** What Prometheus is to be given. */
function scrapeConfig(url: string, job: string): readonly string[] {
  const { host, pathname } = new URL(url)
  return [
    'scrape_configs:',
    `  - job_name: ${job}`,
    ...(pathname === '/metrics' ? [] : [`    metrics_path: ${pathname}`]),
    `    static_configs: [{ targets: ['${host}'] }]`,
  ]
}

function absent(at: string, url: string, active: readonly Target[], { configuration }: Patient): Finding {
  const some = active.slice(0, 5).map(({ scrapeUrl }) => shownUrl(scrapeUrl))
  return {
    severity: 'error',
    problem: 'Prometheus does not scrape this daemon: it has no target with its address.',
    evidence: [
      `${at}/api/v1/targets has: ${some.length === 0 ? 'no target' : some.join(', ')}`,
      `our metrics are at ${url}`,
    ],
    why: 'It has no sample of ours, so its rules are silent and its dashboards empty.',
    next: 'Add this to prometheus.yml and have it read again. A Prometheus in a container needs an address of this machine that it reaches.',
    fix: [
      ...scrapeConfig(url, configuration.config?.series.job ?? 'mcp'),
      `curl -X POST ${at}/-/reload   # or: sudo systemctl reload prometheus`,
      `curl -s ${at}/api/v1/targets`,
    ],
  }
}

const droppedBy = (at: string): Finding => ({
  severity: 'error',
  problem: 'Prometheus knows this daemon and drops it by relabelling.',
  evidence: [`our address is among the dropped targets of ${at}/api/v1/targets`],
  why: 'It has no sample of ours, so its rules are silent and its dashboards empty.',
  next: 'See which relabel_config keeps others alone; under Kubernetes the annotations of the pod decide.',
  fix: ['prometheus.io/scrape: "true"', `curl -s ${at}/api/v1/targets?state=dropped`],
})

function judge(target: Target, at: string, url: string): readonly Finding[] {
  const { health, lastError = '', lastScrape = '', labels = {} } = target
  const about = {
    subject: shown(labels.job ?? 'target'),
    why: 'Its newest samples are old, so rules are silent and dashboards empty or standing still.',
  }
  if (health === 'down' || lastError !== '') {
    const [next, fix] = advice(lastError, url)
    return [
      {
        ...about,
        severity: 'error',
        problem: 'Prometheus tries to scrape this daemon, and fails.',
        evidence: [
          `${at}/api/v1/targets: ${shownUrl(target.scrapeUrl)} is ${shown(health ?? '')}`,
          `last error: ${shown(lastError)}`,
        ],
        next,
        fix: [...fix, `curl -s ${url} | grep mcp_`],
      },
    ]
  }
  const agoMs = Date.now() - Date.parse(lastScrape)
  const intervalMs =
    (Number.parseFloat(target.scrapeInterval ?? '') || 60) * (/\dm$/.test(target.scrapeInterval ?? '') ? 60_000 : 1000)
  if (health === 'up' && !(agoMs > MISSED_INTERVALS * intervalMs)) return []
  if (health === 'unknown')
    return [
      {
        ...about,
        severity: 'note',
        problem: 'Prometheus has not scraped this daemon yet.',
        evidence: [`${at}/api/v1/targets: ${shownUrl(target.scrapeUrl)} is unknown`],
        next: `Wait for its interval (${shown(target.scrapeInterval ?? '')}) and look again.`,
        fix: ['mcp-vitals doctor'],
      },
    ]
  return [
    {
      ...about,
      severity: 'warning',
      problem: `Prometheus last scraped this daemon ${lasting(agoMs)} ago.`,
      evidence: [`its interval is ${shown(target.scrapeInterval ?? '')}, its last scrape was at ${shown(lastScrape)}`],
      next: 'It may be overloaded, its disk full, or its clock off.',
      fix: ['journalctl -u prometheus -n 50', 'date -u'],
    },
  ]
}

/** What to do about an error of Prometheus’s scraper, as its own words have it. */
function advice(lastError: string, url: string): readonly [next: string, fix: readonly string[]] {
  const { host, pathname, port } = new URL(url)
  if (/connection refused/.test(lastError))
    return [
      'Nothing listens there, as Prometheus sees it: start the daemon; or Prometheus runs in a container, whose 127.0.0.1 is its own.',
      [
        'mcp-vitals up',
        `targets: ['host.docker.internal:${port}']   # and listen on an address that it reaches, see docs/doors.md`,
      ],
    ]
  if (/deadline exceeded|i\/o timeout|no route to host/.test(lastError))
    return [
      'What it sends is dropped on the way, mostly by a firewall: let its machine reach the port.',
      [`sudo ufw allow from <its address> to any port ${port} proto tcp`, `sudo nft list ruleset | grep ${port}`],
    ]
  if (/status 403/.test(lastError))
    return [
      'The name by which it calls the daemon is not known there: allow it.',
      ["listen: { allowedHosts: ['metrics.example.org'] }"],
    ]
  if (/status 401/.test(lastError))
    return [
      'From another machine it must show the admin token, or scraping must be open.',
      [
        'authorization: { credentials_file: /etc/prometheus/mcp-vitals-token }',
        'MCP_VITALS_OPEN_SCRAPE=true mcp-vitals up',
      ],
    ]
  if (/status 404/.test(lastError)) return ['It asks at a path where nothing is.', [`metrics_path: ${pathname}`]]
  if (/no such host|server misbehaving/.test(lastError))
    return ['It does not know the name of its target.', [`targets: ['${host}']`]]
  if (/HTTP response to HTTPS|first record does not look like a TLS/.test(lastError))
    return ['It speaks TLS, and the daemon does not.', ['scheme: http']]
  return ['See what it says there, and ask the same by hand from its machine.', scrapeConfig(url, 'mcp')]
}
