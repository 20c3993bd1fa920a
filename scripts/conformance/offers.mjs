/** What of the official suite is about things that servers of our own offer, and why the rest is not. */
import { totals } from './compare.mjs'

const NO_RESOURCES = 'it has tools alone, and no resources'
const NO_PROMPTS = 'it has tools alone, and no prompts'
const NO_LOG = 'what a program logs goes to the log of the daemon, not to clients'
const NO_QUESTIONS = 'a program is given what it needs with the call, and asks the client nothing'
const OWN_SCHEMA = "a tool's schema is made of its command's arguments, and nobody writes one by hand"

const FOREIGN = 'it asks for tools, prompts and resources of its own, and here are others'
const NO_SESSIONS = 'there are no sessions, and each answer is one JSON body'
const NO_CHANGE = 'what it offers never changes while it runs'

/**
 * Of the host of plugins: by scenario, or by scenario and check where the others of the scenario are about what is
 * offered.
 */
const NOT_OF_PLUGINS = [
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

/** The same of the server that answers agents, which has no fixture's tools. */
const NOT_OF_AGENTS = [
  [
    /^(?:tools-call-(?!(?:sampling|elicitation|with-logging)\b)|prompts-get-|resources-read-|resources-templates-)/,
    FOREIGN,
  ],
  [/^(?:json-schema-2020-12|http-custom-header-server-validation)$/, FOREIGN],
  [/^resources-(?:un)?subscribe$/, NO_CHANGE],
  [/^server-stateless sep-2575-server-sends-\w+-list-changed-on-subscription$/, NO_CHANGE],
  [/^completion-complete$/, 'it completes nothing'],
  [/^(?:logging-set-level|tools-call-with-logging)$/, 'it logs nothing to clients'],
  [/^server-stateless sep-2575-server-no-log-without-loglevel$/, 'it logs nothing to clients'],
  [/^(?:tools-call-(?:sampling|elicitation)|elicitation-.*)$/, 'it asks the client nothing'],
  [/^input-required-result-(?!unsupported-methods$|validate-input$)[\w-]+$/, 'it asks the client nothing'],
  [
    /^server-stateless sep-2575-(?:server-rejects-undeclared-capability|missing-capability-http-400|http-server-no-independent-requests-on-stream)$/,
    'it asks the client nothing',
  ],
  [
    /^server-sse-(?:multiple-streams|polling) server-sse-(?:multiple-streams-session|polling-session|priming-event|retry-field)$/,
    NO_SESSIONS,
  ],
]

/** How the checks of one server are judged, by what it does not offer. */
function offersOf(notOffered) {
  const entryOf = ({ scenario, id }) =>
    notOffered.find(([pattern]) => pattern.test(scenario) || pattern.test(`${scenario} ${id}`))
  return {
    /** Why a check is not about what the server offers; undefined where it is. */
    reasonOf: (check) => entryOf(check)?.[1],
    findingsOf: (checks) => findingsOf(checks, entryOf),
    /** Entries that left nothing out in any of these findings. */
    unusedReasons: (findings) =>
      notOffered.map(([pattern]) => pattern).filter((pattern) => !findings.some(({ used }) => used.has(pattern))),
  }
}

/** Servers of our own that the suite is let at: name → in words, and how they are judged. */
export const OWN_SERVERS = {
  plugins: { words: 'the host of plugins', ...offersOf(NOT_OF_PLUGINS) },
  agents: { words: 'the server for agents', ...offersOf(NOT_OF_AGENTS) },
}

/**
 * @returns `totals` of the checks that are about what is offered; `failed`: those of them that failed or gave a warning;
 * `reasons`: reason → scenarios that it leaves out, or scenario and check; `used`: the entries above that were needed
 */
function findingsOf(checks, entryOf) {
  const offered = checks.filter((check) => entryOf(check) === undefined)
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
