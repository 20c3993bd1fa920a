import type { Diagnosis, Finding, Patient } from '../contract.js'
import { leftOut, looked } from '../contract.js'
import { queried } from '../shared/metrics.js'
import { ask, askJson, isAnswer } from '../shared/web.js'
import { counted, shown, shownUrl } from '../shared/words.js'
import { metricsUrlOf } from './metrics.js'
import { prometheusOf } from './prometheus.js'

const EMPTY = 'Its panels are empty, or say "No data".'

/** A data source, as Grafana’s HTTP API tells of it. */
interface Source {
  readonly uid: string
  readonly name: string
  readonly type: string
  readonly url: string
}

/** Why a dashboard is empty: from the page of metrics to the panel, step by step. */
export const grafana: Diagnosis = {
  name: 'grafana',
  finds: [
    'Grafana that does not answer, or is not well (with --grafana)',
    'no data source of Prometheus, or one that has no series of ours (with a token in GRAFANA_TOKEN)',
    'a Prometheus without a series of ours',
    'without a token: what to look at in Grafana, in this order: data source, query, time range',
  ],
  async look(patient) {
    const { asked, env, signal } = patient
    const address = asked.grafana
    if (address === undefined) return leftOut('no --grafana')
    const at = shownUrl(address).replace(/\/$/, '')
    const health = await ask(`${address}/api/health`, { signal })
    if (!isAnswer(health) || health.status !== 200)
      return looked(at, [notWell(at, isAnswer(health) ? `HTTP ${health.status}` : health.code)])
    const token = env.GRAFANA_TOKEN ?? ''
    const noSeries = await withoutSeries(patient)
    if (token === '') return looked(`${at} answers`, [...noSeries, steps(patient, at)])
    const headers = { authorization: `Bearer ${token}` }
    const listed = await ask(`${address}/api/datasources`, { headers, signal })
    if (!isAnswer(listed) || listed.status !== 200)
      return looked(`${at} answers`, [
        ...noSeries,
        refused(at, isAnswer(listed) ? `HTTP ${listed.status}` : listed.code),
        steps(patient, at),
      ])
    const sources = (JSON.parse(listed.text) as readonly Source[]).filter(({ type }) => type === 'prometheus')
    if (sources.length === 0) return looked(`${at} answers`, [...noSeries, noSource(patient, at)])
    const found = await Promise.all(sources.map((source) => lookAt(address, source, headers, patient)))
    return looked(`${at} has ${counted(sources.length, 'data source')} of Prometheus`, [
      ...noSeries,
      ...judged(found, patient),
    ])
  },
}

interface Asked {
  readonly source: Source
  /** Series of ours; undefined where it could not be asked. */
  readonly series: number | undefined
}

/** Asks through Grafana, as a panel does. */
async function lookAt(
  address: string,
  source: Source,
  headers: Record<string, string>,
  patient: Patient,
): Promise<Asked> {
  const expr = `count({__name__=~"${prefixOf(patient)}_.+"})`
  const url = `${address}/api/datasources/proxy/uid/${encodeURIComponent(source.uid)}/api/v1/query?query=${encodeURIComponent(expr)}`
  const answer = await askJson<{ data?: { result?: readonly { value?: readonly [number, string] }[] } }>(url, {
    headers,
    signal: patient.signal,
  })
  return {
    source,
    series: answer?.data?.result === undefined ? undefined : Number(answer.data.result[0]?.value?.[1] ?? 0),
  }
}

const prefixOf = ({ configuration: { config } }: Patient): string => config?.metrics.prefix ?? 'mcp'

/** One source that has our series is enough; the others may be of others. */
function judged(found: readonly Asked[], patient: Patient): readonly Finding[] {
  if (found.some(({ series = 0 }) => series > 0)) return []
  return found.map(({ source, series }) => ({
    severity: 'error',
    subject: shown(source.name),
    problem:
      series === undefined
        ? 'Grafana cannot ask this data source.'
        : `This data source has no series that begins with ${prefixOf(patient)}_.`,
    evidence: [`its address is ${shownUrl(source.url)}`],
    why: EMPTY,
    next:
      series === undefined
        ? 'Its address must be one that Grafana’s own machine or container reaches: localhost there is Grafana itself.'
        : 'It asks a Prometheus that does not scrape this daemon: give it the address of the one that does, or of the daemon, which answers as Prometheus does.',
    fix: provisioning(patient),
  }))
}

const notWell = (at: string, how: string): Finding => ({
  severity: 'error',
  problem: `Grafana does not answer at ${at}, or is not well.`,
  evidence: [`asking /api/health gave ${how}`],
  why: 'No dashboard is shown.',
  next: 'Start it, or name its address.',
  fix: ['sudo systemctl start grafana-server', `curl -s ${at}/api/health`],
})

const refused = (at: string, how: string): Finding => ({
  severity: 'warning',
  problem: 'Grafana does not show its data sources to the token in GRAFANA_TOKEN.',
  evidence: [`asking ${at}/api/datasources gave ${how}`],
  why: 'So it cannot be seen which Prometheus it asks.',
  next: 'Make a service account with the right to read data sources, and give its token.',
  fix: ['export GRAFANA_TOKEN=<the token of a service account>', `mcp-vitals doctor --grafana ${at}`],
})

const noSource = (patient: Patient, at: string): Finding => ({
  severity: 'error',
  problem: 'Grafana has no data source of the type Prometheus.',
  evidence: [`${at}/api/datasources lists none`],
  why: EMPTY,
  next: 'Put this into a file below provisioning/datasources of Grafana and start it again, or add the source by hand.',
  fix: provisioning(patient),
})

function provisioning(patient: Patient): readonly string[] {
  const url = patient.asked.prometheus ?? patient.daemon?.url ?? 'http://localhost:9090'
  return [
    'apiVersion: 1',
    'datasources:',
    `  - { name: mcp-vitals, type: prometheus, access: proxy, url: '${shownUrl(url)}' }`,
  ]
}

/** The step before Grafana: Prometheus itself has nothing. */
async function withoutSeries(patient: Patient): Promise<readonly Finding[]> {
  const address = await prometheusOf(patient)
  if (address === undefined) return []
  const [row] = await queried(patient, address, `count({__name__=~"${prefixOf(patient)}_.+"})`)
  if (row !== undefined) return []
  return [
    {
      severity: 'error',
      problem: `Prometheus at ${shownUrl(address)} has no series that begins with ${prefixOf(patient)}_.`,
      evidence: [`count({__name__=~"${prefixOf(patient)}_.+"}) gives nothing`],
      why: EMPTY,
      next: 'Have Prometheus scrape the daemon first: what the diagnosis "prometheus" tells comes before Grafana.',
      fix: [
        `mcp-vitals doctor --prometheus ${shownUrl(address)}`,
        `curl -s ${metricsUrlOf(patient) ?? ''} | grep mcp_`,
      ],
    },
  ]
}

/** For a person at Grafana, who sees what we cannot. */
function steps(patient: Patient, at: string): Finding {
  const url = metricsUrlOf(patient) ?? 'http://127.0.0.1:9464/metrics'
  const prefix = prefixOf(patient)
  return {
    severity: 'note',
    problem: 'Where a dashboard is empty, look in this order: data source, query, time range.',
    evidence: [`${at} answers; without a token in GRAFANA_TOKEN its data sources are not looked at`],
    why: EMPTY,
    next: `First the metrics themselves (the line below must give some). Then Connections, Data sources, Prometheus: "Save & test" must succeed. Then Explore: the query below must give series. Then the time range at the top right: "Last 15 minutes", and not a time before the daemon ran.`,
    fix: [
      `curl -s ${url} | grep ${prefix}_`,
      `sum by (tool) (rate(${prefix}_tool_calls_total[5m]))`,
      ...provisioning(patient),
    ],
  }
}
