/** What of the official suite is about things that the host of plugins offers, and why the rest is not. */
import { totals } from './compare.mjs'

const NO_RESOURCES = 'it has tools alone, and no resources'
const NO_PROMPTS = 'it has tools alone, and no prompts'
const NO_LOG = 'what a program logs goes to the log of the daemon, not to clients'
const NO_QUESTIONS = 'a program is given what it needs with the call, and asks the client nothing'
const OWN_SCHEMA = "a tool's schema is made of its command's arguments, and nobody writes one by hand"

/** By scenario, or by scenario and check where the others of the scenario are about what is offered. */
const NOT_OFFERED = [
  [/^(?:resources-.*|sep-2164-resource-not-found)$/, NO_RESOURCES],
  [/^caching sep-2549-resources-/, NO_RESOURCES],
  [/^prompts-/, NO_PROMPTS],
  [/^caching sep-2549-prompts-/, NO_PROMPTS],
  [/^completion-complete$/, 'it completes nothing'],
  [/^(?:logging-set-level|tools-call-with-logging)$/, NO_LOG],
  [/^server-stateless sep-2575-server-no-log-without-loglevel$/, NO_LOG],
  [/^(?:tools-call-(?:sampling|elicitation)|elicitation-.*)$/, NO_QUESTIONS],
  [/^input-required-result-(?!unsupported-methods$|validate-input$)[\w-]+$/, NO_QUESTIONS],
  [
    /^server-stateless sep-2575-(?:server-rejects-undeclared-capability|missing-capability-http-400|http-server-no-independent-requests-on-stream)$/,
    NO_QUESTIONS,
  ],
  [/^(?:json-schema-2020-12|http-custom-header-server-validation)$/, OWN_SCHEMA],
]

const entryOf = ({ scenario, id }) =>
  NOT_OFFERED.find(([pattern]) => pattern.test(scenario) || pattern.test(`${scenario} ${id}`))

/** Why a check is not about what the host offers; undefined where it is. */
export function reasonOf(check) {
  return entryOf(check)?.[1]
}

/**
 * @returns `totals` of the checks that are about what it offers; `failed`: those of them that failed or gave a warning;
 * `reasons`: reason → scenarios that it leaves out, or scenario and check; `used`: the entries above that were needed
 */
export function findingsOf(checks) {
  const offered = checks.filter((check) => reasonOf(check) === undefined)
  const reasons = new Map()
  const used = new Set()
  for (const check of checks) {
    const [pattern, reason] = entryOf(check) ?? []
    if (reason === undefined) continue
    used.add(pattern)
    const what = pattern.test(check.scenario) ? check.scenario : `${check.scenario}: ${check.id}`
    reasons.set(reason, new Set([...(reasons.get(reason) ?? []), what]))
  }
  const failed = offered.filter(({ status }) => status === 'FAILURE' || status === 'WARNING')
  return {
    totals: totals(offered),
    scenarios: new Set(offered.map(({ scenario }) => scenario)).size,
    failed,
    reasons,
    used,
  }
}

/** Entries that left nothing out in any of these findings. */
export function unusedReasons(findings) {
  return NOT_OFFERED.map(([pattern]) => pattern).filter((pattern) => !findings.some(({ used }) => used.has(pattern)))
}
