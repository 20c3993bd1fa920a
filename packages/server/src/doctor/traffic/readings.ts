import type { Config } from '../../config/index.js'
import type { Diagnosis, Finding, Outcome, Patient } from '../contract.js'
import { leftOut } from '../contract.js'
import { askDaemon, numberOf, queried, type Row, type Sample, samplesOf } from '../shared/metrics.js'
import { isAnswer } from '../shared/web.js'
import { shown, sized } from '../shared/words.js'

/** What the daemon that runs knows of its traffic. */
export interface Readings {
  readonly config: Config
  readonly daemonUrl: string
  /** What names of metrics begin with. */
  readonly prefix: string
  /** The page of metrics, as it is now. */
  readonly samples: readonly Sample[]
  /** An instant query, or a range up to now. */
  query(expr: string, range?: { readonly sinceMs: number; readonly stepMs: number }): Promise<readonly Row[]>
}

/** A diagnosis of the daemon that runs: left out where none answers. */
export function ofRunning(
  name: string,
  finds: readonly string[],
  look: (readings: Readings, patient: Patient) => Promise<Outcome>,
): Diagnosis {
  return {
    name,
    finds,
    async look(patient) {
      const { daemon, configuration } = patient
      if (daemon?.is !== 'answers') return leftOut('no daemon answers')
      const { config } = configuration
      if (config === undefined) return leftOut('the configuration is not valid')
      const page = await askDaemon(patient, daemon, config.metrics.path)
      const samples = isAnswer(page) && page.status === 200 ? samplesOf(page.text) : []
      if (samples.length === 0) return leftOut('the daemon shows no metrics')
      const { prefix } = config.metrics
      return look(
        {
          config,
          daemonUrl: daemon.url,
          prefix,
          samples,
          query: (expr, range) => queried(patient, daemon.url, expr, range),
        },
        patient,
      )
    },
  }
}

/** The sum of a metric’s samples with these labels; undefined where there is none. */
export function sumOf(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const found = samples.filter(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  )
  return found.length === 0 ? undefined : found.reduce((sum, { value }) => sum + value, 0)
}

/** Who a row is of, as far as its labels tell: a view may have dropped the server. */
export function whoOf({ metric }: Row): string {
  return shown([metric.server, metric.tool ?? metric.plugin, metric.command].filter(Boolean).join('/')) || 'all'
}

/** Rows by who they are of. */
export function byWho(rows: readonly Row[]): ReadonlyMap<string, number> {
  return new Map(rows.map((row) => [whoOf(row), numberOf(row)]))
}

/** A share of the machine’s processor or memory from here on is scarce. */
const SCARCE_SHARE = 0.9

/** What machine, daemon and servers use, in words, and whether one of it is scarce. */
export function resourcesIn({ samples, prefix }: Readings): {
  readonly words: string
  readonly scarce: string | undefined
} {
  const gauge = (name: string, labels?: Readonly<Record<string, string>>) => sumOf(samples, `${prefix}_${name}`, labels)
  const cpu = gauge('host_cpu_usage_percent')
  const [used, available] = ['used', 'available'].map((state) => gauge('host_memory_usage_bytes', { state }))
  const share = used === undefined || available === undefined ? undefined : used / (used + available)
  const own = gauge('cpu_usage_percent')
  const servers = gauge('server_memory_usage_bytes')
  const words = [
    ...(cpu === undefined ? [] : [`CPU of the machine ${Math.round(cpu)} %`]),
    ...(share === undefined ? [] : [`its memory ${Math.round(100 * share)} %`]),
    ...(own === undefined ? [] : [`CPU of the daemon ${Math.round(own)} % of one core`]),
    ...(servers === undefined ? [] : [`memory of server processes ${sized(servers)}`]),
  ]
  const scarce =
    cpu !== undefined && cpu >= 100 * SCARCE_SHARE
      ? 'processor'
      : share !== undefined && share >= SCARCE_SHARE
        ? 'memory'
        : undefined
  return { words: `resources: ${words.join(', ') || 'not known here'}`, scarce }
}

/** Where the log is, and how errors, or the lines with other words, are found in it. */
export function logCommands({ config }: Readings, words = 'ERROR'): readonly string[] {
  const { file } = config.log
  return file === undefined
    ? [`journalctl -u mcp-vitals | grep "${words}" | tail -n 100`]
    : [`grep "${words}" ${file} | tail -n 100`, `grep "plugin" ${file} | jq 'select(.duration_ms > 1000)'`]
}

/** Most things that one diagnosis tells of, the worst first. */
export const MOST_FINDINGS = 5

export const severityAt = (value: number, least: number): Finding['severity'] => (value >= least ? 'error' : 'warning')
