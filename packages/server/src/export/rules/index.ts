import { formatDuration } from '../../promql/index.js'
import type { Rule, RuleGroup } from '../../rules/index.js'
import type { ExportFile, ExportTarget, Subject } from '../contract.js'
import { heading, yamlFile } from '../text.js'

/** The rule file that comes along, beside prometheus.yml, which names it so. */
export const RULE_FILE = 'alerts.yml'

/** The rules as Prometheus takes them: those that the daemon evaluates itself, and one that only a watcher outside can. */
export const rules: ExportTarget = {
  name: 'rules',
  about: 'rule file for Prometheus: the rules that the daemon evaluates, and one for the daemon itself',
  files: (subject) => ruleFiles(subject, 'rules'),
}

/** The rule files, each in the folder of Prometheus. `target`: what the user asked for. */
export function ruleFiles(subject: Subject, target: string): readonly ExportFile[] {
  const note = 'Rules of your own belong into a file beside it, under `rules.files`.'
  return [
    {
      path: `prometheus/${RULE_FILE}`,
      text: yamlFile(heading(subject, target, [note]), { groups: rulesOf(subject).map(writtenGroup) }),
    },
    ...subject.ruleFiles.map(({ path, text }) => ({ path: `prometheus/${path}`, text })),
  ]
}

/** The groups of the file. */
export function rulesOf({ rules: groups, scrape: { job } }: Subject): readonly RuleGroup[] {
  // Prometheus alone knows whether it reaches the daemon; some systems have a rule of their own for that.
  const isWatched = groups.some((group) => group.rules.some(({ expr }) => /\bup\{/.test(expr)))
  return isWatched ? groups : [...groups, watchGroup(job)]
}

function watchGroup(job: string): RuleGroup {
  const up = `up{job=${JSON.stringify(job)}}`
  return {
    file: RULE_FILE,
    name: 'mcp-vitals-watch',
    limit: 0,
    offsetMs: 0,
    rules: [
      {
        kind: 'alerting',
        name: 'MonitorDown',
        expr: `${up} == 0 or absent(${up})`,
        forMs: 60_000,
        keepFiringForMs: 0,
        labels: { severity: 'critical', ruleset: 'watch' },
        annotations: {
          summary: 'mcp-vitals does not answer',
          description:
            'up is {{ $value }} where 1 is expected, or there is no such target: nobody watches the servers.',
        },
      },
    ],
  }
}

/** A group as files have it. */
export function writtenGroup({ name, intervalMs, limit, offsetMs, rules: list }: RuleGroup): object {
  return {
    name,
    ...(intervalMs !== undefined && { interval: formatDuration(intervalMs) }),
    ...(limit > 0 && { limit }),
    ...(offsetMs > 0 && { query_offset: formatDuration(offsetMs) }),
    rules: list.map(writtenRule),
  }
}

function writtenRule(rule: Rule): object {
  const labels = Object.keys(rule.labels).length > 0 && { labels: rule.labels }
  if (rule.kind === 'recording') return { record: rule.name, expr: rule.expr, ...labels }
  const { name, expr, forMs, keepFiringForMs, annotations } = rule
  return {
    alert: name,
    expr,
    ...(forMs > 0 && { for: formatDuration(forMs) }),
    ...(keepFiringForMs > 0 && { keep_firing_for: formatDuration(keepFiringForMs) }),
    ...labels,
    ...(Object.keys(annotations).length > 0 && { annotations }),
  }
}
