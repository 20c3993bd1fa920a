import type { GroupStatus } from '../../engine/index.js'
import { invalid } from './parameters.js'

type RuleStatus = GroupStatus['rules'][number]
type Alert = RuleStatus['alerts'][number]
type Rule = GroupStatus['group']['rules'][number]

/** Time of what never was: Go's zero. */
const NEVER = '0001-01-01T00:00:00Z'

/** The data of `/api/v1/rules`, filtered by the parameters as Prometheus 3 does: a group of which no rule is left is left out. */
export function rulesData(groups: readonly GroupStatus[], parameters: URLSearchParams) {
  const type = wordOf(parameters, 'type', ['alert', 'record'])
  const hasAlerts = wordOf(parameters, 'exclude_alerts', ['true', 'false', '1', '0', 't', 'f']) ?? 'false'
  const names = parameters.getAll('rule_name[]')
  const isWanted = ({ kind, name }: Rule) =>
    (type === undefined || (type === 'alert') === (kind === 'alerting')) && (names.length === 0 || names.includes(name))
  const isAny = (filter: string, value: string) => {
    const wanted = parameters.getAll(filter)
    return wanted.length === 0 || wanted.includes(value)
  }
  const shown = [...groups]
    .sort(({ group: one }, { group: other }) => compare(one.file, other.file) || compare(one.name, other.name))
    .filter(({ group: { name, file } }) => isAny('rule_group[]', name) && isAny('file[]', file))
    .map((status) => groupOf(status, isWanted, ['false', '0', 'f'].includes(hasAlerts)))
  const isFiltered = type !== undefined || names.length > 0
  return { groups: shown.filter(({ rules }) => !isFiltered || rules.length > 0) }
}

/** The data of `/api/v1/alerts`. */
export function alertsData(groups: readonly GroupStatus[]) {
  return { alerts: groups.flatMap(({ rules }) => rules.flatMap(({ alerts }) => alerts.map(alertOf))) }
}

function groupOf({ group, lastMs, tookMs, rules }: GroupStatus, isWanted: (rule: Rule) => boolean, hasAlerts: boolean) {
  const { name, file, intervalMs, limit } = group
  const shown = group.rules.flatMap((rule, index) => (isWanted(rule) ? [ruleOf(rule, rules[index]!, hasAlerts)] : []))
  return {
    ...{ name, file, rules: shown, interval: intervalMs / 1000, limit },
    ...{ evaluationTime: tookMs / 1000, lastEvaluation: timeText(lastMs) },
  }
}

function ruleOf(rule: Rule, { health, lastError, lastMs, tookMs, alerts }: RuleStatus, hasAlerts: boolean) {
  const { name, expr: query } = rule
  const labels = Object.keys(rule.labels).length > 0 || rule.kind === 'alerting' ? { labels: rule.labels } : {}
  const state = {
    health,
    ...(lastError !== '' && { lastError }),
    ...{ evaluationTime: tookMs / 1000, lastEvaluation: timeText(lastMs) },
  }
  if (rule.kind === 'recording') return { name, query, ...labels, ...state, type: 'recording' }
  const { forMs, keepFiringForMs, annotations } = rule
  return {
    state: alerts.some(({ state }) => state === 'firing') ? 'firing' : alerts.length > 0 ? 'pending' : 'inactive',
    ...{ name, query, duration: forMs / 1000, keepFiringFor: keepFiringForMs / 1000, ...labels, annotations },
    alerts: hasAlerts ? alerts.map(alertOf) : [],
    ...state,
    type: 'alerting',
  }
}

function alertOf({ labels, annotations, state, activeAt, clearedAt, value }: Alert) {
  return {
    ...{ labels, annotations, state, activeAt: timeText(activeAt) },
    ...(clearedAt !== undefined && { keepFiringSince: timeText(clearedAt) }),
    value: exponential(value),
  }
}

const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)

/** As Go's `e` with the fewest digits: `1e+00`. */
function exponential(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
  return `${Object.is(value, -0) ? '-' : ''}${value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2')}`
}

const timeText = (timeMs: number | undefined): string => (timeMs === undefined ? NEVER : new Date(timeMs).toISOString())

function wordOf(parameters: URLSearchParams, name: string, words: readonly string[]): string | undefined {
  const word = parameters.get(name)?.toLowerCase()
  if (word === undefined || word === '' || words.includes(word)) return word || undefined
  throw invalid(name, `${JSON.stringify(word.slice(0, 100))} is none of ${words.join(', ')}`)
}
