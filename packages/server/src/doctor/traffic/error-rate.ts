import type { Finding } from '../contract.js'
import { looked } from '../contract.js'
import { numberOf, type Row } from '../shared/metrics.js'
import { lasting, shown } from '../shared/words.js'
import {
  byWho,
  logCommands,
  MOST_FINDINGS,
  ofRunning,
  type Readings,
  resourcesIn,
  severityAt,
  whoOf,
} from './readings.js'

/** Fewer failures than these say little. */
const LEAST_FAILURES = 5
const WINDOW = '15m'
const DAY_MS = 86_400_000
const STEP_MS = 300_000

/** What to do about the most frequent reason. */
const ADVICE: Readonly<Record<string, string>> = {
  tool_error:
    'The calls arrive and the tool itself fails: look into the server’s own log, and at what it needs from outside.',
  timeout: 'The calls are given up: see the diagnosis "slow-answers", and what the tool waits for.',
  invalid_params: 'Clients send arguments that the tool does not take: compare its schema with what they were told.',
  method_not_found: 'Clients ask for what the server does not have: another version of it, or of the client.',
  tool_not_found: 'Clients call a tool that is not there any more: have them list tools again.',
  internal_error: 'The server fails inside: look into its own log.',
  transport_error: 'Connections break or processes end: see the diagnosis "servers".',
  rate_limited: 'A limit of yours refuses calls: raise it, or have the client call less often (docs/doors.md).',
}

/** How many calls fail, of which tool, why and since when. */
export const errorRate = ofRunning(
  'error-rate',
  [
    'many calls that fail: of which tool or plugin, for which reason, since when, with what to look at: logs, configuration, resources',
  ],
  async (readings) => {
    const { prefix, query, config } = readings
    const { healthy, degraded } = config.monitor
    const [failed, calls, reasons, plugins] = await Promise.all([
      query(`sum by (server, tool) (increase(${prefix}_errors_total{tool!=""}[${WINDOW}]))`),
      query(`sum by (server, tool) (increase(${prefix}_tool_calls_total[${WINDOW}]))`),
      query(`sum by (server, tool, reason) (increase(${prefix}_errors_total{tool!=""}[${WINDOW}])) > 0`),
      query(
        `sum by (server, plugin, command) (increase(${prefix}_plugin_executions_total{status="error"}[${WINDOW}])) > 0`,
      ),
    ])
    const all = byWho(calls)
    const ill = failed
      .map((row) => ({
        row,
        who: whoOf(row),
        failures: numberOf(row),
        ratio: Math.min(1, numberOf(row) / (all.get(whoOf(row)) ?? 0)),
      }))
      .filter(({ failures, ratio }) => failures >= LEAST_FAILURES && ratio >= healthy.errorRatio)
      .sort((one, other) => other.failures - one.failures)
    const findings = await Promise.all(
      ill.slice(0, MOST_FINDINGS).map(async ({ row, who, failures, ratio }): Promise<Finding> => {
        const own = reasons
          .filter((reason) => whoOf(reason) === who)
          .sort((one, other) => numberOf(other) - numberOf(one))
        const first = own[0]?.metric.reason ?? ''
        const { words, scarce } = resourcesIn(readings)
        return {
          severity: severityAt(ratio, degraded.errorRatio),
          subject: who,
          problem: `${percent(ratio)} of its calls failed in the last 15 minutes.`,
          evidence: [
            `${Math.round(failures)} of ${Math.round(all.get(who) ?? 0)} calls; reasons: ${own.slice(0, 3).map(reasonOf).join(', ') || 'not told'}`,
            `since ${await sinceWhen(readings, row, healthy.errorRatio)}`,
            ...pluginWords(plugins),
            words,
          ],
          why: `From ${percent(healthy.errorRatio)} on a system is not healthy, and from ${percent(degraded.errorRatio)} on not even degraded.`,
          next: `${ADVICE[first] ?? 'Look at logs, configuration and resources, in this order.'}${scarce === undefined ? '' : ` The machine’s ${scarce} is used up.`}`,
          fix: [
            ...logCommands(readings),
            'mcp-vitals config check',
            `mcp-vitals query 'sum by (tool, reason) (rate(${prefix}_errors_total[5m]))' --range 6h`,
          ],
        }
      }),
    )
    const sum = [...all.values()].reduce((total, count) => total + count, 0)
    return looked(`${Math.round(sum)} tool calls in 15 minutes`, findings)
  },
)

const percent = (ratio: number): string => `${Number((100 * ratio).toFixed(ratio < 0.1 ? 1 : 0))} %`
const reasonOf = (row: Row): string => `${shown(row.metric.reason ?? 'unknown')} (${Math.round(numberOf(row))})`

function pluginWords(rows: readonly Row[]): readonly string[] {
  if (rows.length === 0) return []
  const worst = [...rows].sort((one, other) => numberOf(other) - numberOf(one)).slice(0, 3)
  return [`plugins that fail: ${worst.map((row) => `${whoOf(row)} (${Math.round(numberOf(row))})`).join(', ')}`]
}

/** Since when the share has been as high without a break, as far as is remembered of the last day. */
async function sinceWhen({ prefix, query }: Readings, { metric }: Row, least: number): Promise<string> {
  const labels = Object.entries(metric).filter(([name]) => name === 'server' || name === 'tool')
  const matchers = labels.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')
  const expr = `sum(increase(${prefix}_errors_total{${matchers}}[10m])) / sum(increase(${prefix}_tool_calls_total{${matchers}}[10m]))`
  const [row] = await query(expr, { sinceMs: DAY_MS, stepMs: STEP_MS })
  const points = row?.values ?? []
  let since = points.at(-1)
  for (let at = points.length - 1; at >= 0 && Number(points[at]![1]) >= least; at--) since = points[at]
  if (since === undefined) return 'some minutes'
  return `${new Date(since[0] * 1000).toISOString()}, ${lasting(Date.now() - since[0] * 1000)} ago`
}
