import { parse } from 'yaml'
import { formatDuration } from '../../promql/index.js'
import type { ExportTarget, Subject } from '../contract.js'
import { RULE_FILE, ruleFiles } from '../rules/index.js'
import { heading, yamlFile } from '../text.js'

/** Prometheus's usual port; where our metrics have it, Prometheus listens on the next one. */
const USUAL_PORT = 9090
const ALERTMANAGER_PORT = 9093

/** `scrape_interval` and `scrape_timeout` of a target that says nothing of its own. */
const SCRAPE_INTERVAL_MS = 15_000
const SCRAPE_TIMEOUT_MS = 10_000

/** Where Prometheus listens. */
export const prometheusPort = ({ metrics }: Subject): number =>
  metrics.port === USUAL_PORT ? USUAL_PORT + 1 : USUAL_PORT

export const prometheus: ExportTarget = {
  name: 'prometheus',
  about: 'configuration of Prometheus, with its rule file and Alertmanager wired in',
  files(subject) {
    const port = prometheusPort(subject)
    const notes = port === USUAL_PORT ? [] : [`Start it with --web.listen-address=:${port}, as ${USUAL_PORT} is taken.`]
    const config = prometheusConfig(subject, [scrapeJob(subject, subject.scrape.target)], alertmanagerOf(subject))
    return [
      { path: 'prometheus/prometheus.yml', text: yamlFile(heading(subject, 'prometheus', notes), config), rulesIn },
      // The same to the byte, whoever is asked for them.
      ...ruleFiles(subject, 'rules'),
    ]
  },
}

/** The rule files that a configuration of Prometheus names; none where it is no such thing. */
export function rulesIn(text: string): readonly string[] {
  try {
    const { rule_files: names } = parse(text) as { readonly rule_files?: unknown }
    return Array.isArray(names) ? names.map(String) : []
  } catch {
    return []
  }
}

/** Beside Prometheus: on its machine, or, where our target is a service by its name, a service too. */
function alertmanagerOf({ scrape: { target } }: Subject): string {
  return `${/^(localhost|127\.|\[::1\])/.test(target) ? 'localhost' : 'alertmanager'}:${ALERTMANAGER_PORT}`
}

/** The whole configuration around the jobs that scrape us. */
export function prometheusConfig(subject: Subject, jobs: readonly object[], alertmanager: string): object {
  return {
    global: {
      scrape_interval: formatDuration(SCRAPE_INTERVAL_MS),
      scrape_timeout: formatDuration(SCRAPE_TIMEOUT_MS),
      evaluation_interval: formatDuration(subject.evaluationMs),
    },
    alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
    rule_files: [RULE_FILE, ...subject.ruleFiles.map(({ path }) => path)],
    scrape_configs: [
      { job_name: 'prometheus', static_configs: [{ targets: [`localhost:${prometheusPort(subject)}`] }] },
      ...jobs,
    ],
  }
}

/** What a job of ours has, wherever its targets come from. */
export function jobOf({ scrape: { job, intervalMs } }: Subject): object {
  return {
    job_name: job,
    ...(intervalMs !== SCRAPE_INTERVAL_MS && { scrape_interval: formatDuration(intervalMs) }),
    ...(intervalMs < SCRAPE_TIMEOUT_MS && { scrape_timeout: formatDuration(intervalMs) }),
  }
}

/** The job with one target. */
export function scrapeJob(subject: Subject, target: string): object {
  const { labels } = subject.scrape
  return {
    ...jobOf(subject),
    metrics_path: subject.metrics.path,
    static_configs: [{ targets: [target], ...(Object.keys(labels).length > 0 && { labels }) }],
  }
}
