import { createHash } from 'node:crypto'
import type { GroupStatus } from '../../engine/index.js'
import { invalid, shown } from './parameters.js'

type RuleStatus = GroupStatus['rules'][number]
type Alert = RuleStatus['alerts'][number]
type Rule = GroupStatus['group']['rules'][number]

/** Time of what never was: Go's zero. */
const NEVER = '0001-01-01T00:00:00Z'

/**
 * The data of `/api/v1/rules`, filtered and paged by the parameters as Prometheus 3 does: a group of which no rule is left
 * is left out, and no page counts it. Rejects with QUERY_INVALID, PROMQL_INVALID.
 */
export async function rulesData(statuses: readonly GroupStatus[], parameters: URLSearchParams) {
  const isWanted = await ruleFilter(parameters)
  const excluded = wordOf(parameters, 'exclude_alerts', ['true', 'false', '1', '0', 't', 'f']) ?? 'false'
  const hasAlerts = ['false', '0', 'f'].includes(excluded)
  const { limit, token } = pageOf(parameters)
  const sorted = [...statuses].sort(
    ({ group: one }, { group: other }) => compare(one.file, other.file) || compare(one.name, other.name),
  )
  const first = token === undefined ? 0 : sorted.findIndex(({ group }) => tokenOf(group) === token)
  if (first < 0) throw invalid('group_next_token', `no group has the token ${shown(token)}: were the groups changed?`)
  const groups: ReturnType<typeof groupOf>[] = []
  for (const status of sorted.slice(first)) {
    const { name, file } = status.group
    if (!isNamed(parameters, 'rule_group[]', name) || !isNamed(parameters, 'file[]', file)) continue
    const group = groupOf(status, isWanted, hasAlerts)
    if (group.rules.length === 0) continue
    if (groups.length === limit) return { groups, groupNextToken: tokenOf(status.group) }
    groups.push(group)
  }
  return { groups }
}

async function ruleFilter(parameters: URLSearchParams): Promise<(rule: Rule) => boolean> {
  const type = wordOf(parameters, 'type', ['alert', 'record'])
  // By the labels that the rule names, not by those of its alerts.
  const texts = parameters.getAll('match[]')
  // The grammar of PromQL is loaded for who asks by selectors.
  const selectors = texts.length === 0 ? [] : (await import('./selectors.js')).readSelectors(texts)
  return ({ kind, name, labels }) =>
    (type === undefined || (type === 'alert') === (kind === 'alerting')) &&
    isNamed(parameters, 'rule_name[]', name) &&
    (selectors.length === 0 ||
      selectors.some((matchers) => matchers.every((matcher) => matcher.matches(labels[matcher.name] ?? ''))))
}

function isNamed(parameters: URLSearchParams, filter: string, value: string): boolean {
  const wanted = parameters.getAll(filter)
  return wanted.length === 0 || wanted.includes(value)
}

/** How many groups a page has, and where it begins. */
function pageOf(parameters: URLSearchParams): { readonly limit: number; readonly token?: string } {
  const text = parameters.get('group_limit') ?? ''
  const token = parameters.get('group_next_token') ?? ''
  if (text === '' && token !== '') throw invalid('group_next_token', 'it goes with group_limit, such as group_limit=20')
  if (text === '') return { limit: Number.POSITIVE_INFINITY }
  if (!/^\d{1,9}$/.test(text) || Number(text) === 0)
    throw invalid('group_limit', `${shown(text)} is no whole number above 0`)
  return { limit: Number(text), ...(token !== '' && { token }) }
}

/** What stands for a group between two pages, as Prometheus makes it. */
const tokenOf = ({ file, name }: GroupStatus['group']): string =>
  createHash('sha1').update(`${file};${name}`).digest('hex')

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
  throw invalid(name, `${shown(word)} is none of ${words.join(', ')}`)
}
