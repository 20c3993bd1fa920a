import type { Finding } from '../contract.js'
import { looked } from '../contract.js'
import { numberOf } from '../shared/metrics.js'
import { lasting } from '../shared/words.js'
import { byWho, logCommands, MOST_FINDINGS, ofRunning, resourcesIn, severityAt, sumOf, whoOf } from './readings.js'

const LEAST_CALLS = 5
const WINDOW = '15m'

/** Which tools answer late, and what they wait for: a queue, their own work, or the machine. */
export const slowAnswers = ofRunning(
  'slow-answers',
  ['tools that answer late, and what stands behind it: a queue, their execution times, CPU and memory'],
  async (readings) => {
    const { prefix, query, config, samples } = readings
    const { healthy, degraded } = config.monitor
    const p95 = (metric: string, by: string) =>
      query(`histogram_quantile(0.95, sum by (le, ${by}) (rate(${prefix}_${metric}_bucket[${WINDOW}])))`)
    const [durations, counts, waits, executions] = await Promise.all([
      p95('tool_call_duration_seconds', 'server, tool'),
      query(`sum by (server, tool) (increase(${prefix}_tool_call_duration_seconds_count[${WINDOW}]))`),
      p95('queue_wait_seconds', 'server, plugin'),
      p95('plugin_execution_duration_seconds', 'server, plugin, command'),
    ])
    const calls = byWho(counts)
    const { words, scarce } = resourcesIn(readings)
    const depth = sumOf(samples, `${prefix}_queue_depth`) ?? 0
    const waiting = sumOf(samples, `${prefix}_queue_size`) ?? 0
    const waitMs = 1000 * Math.max(0, ...waits.map(numberOf).filter(Number.isFinite))
    const slow = durations
      .map((row) => ({ who: whoOf(row), p95Ms: 1000 * numberOf(row) }))
      .filter(({ who, p95Ms }) => p95Ms >= healthy.latencyMs && (calls.get(who) ?? 0) >= LEAST_CALLS)
      .sort((one, other) => other.p95Ms - one.p95Ms)
    const longest = executions
      .filter((row) => Number.isFinite(numberOf(row)))
      .sort((one, other) => numberOf(other) - numberOf(one))
      .slice(0, 3)
      .map((row) => `${whoOf(row)} ${lasting(1000 * numberOf(row))}`)
    const findings = slow.slice(0, MOST_FINDINGS).map(
      ({ who, p95Ms }): Finding => ({
        severity: severityAt(p95Ms, degraded.latencyMs),
        subject: who,
        problem: `95 % of its calls take up to ${lasting(p95Ms)}.`,
        evidence: [
          `${Math.round(calls.get(who) ?? 0)} calls in 15 minutes`,
          `queue: ${depth} calls passed on and not answered, ${waiting} jobs waiting, 95 % wait up to ${lasting(waitMs)}`,
          `execution times of plugins (95 %): ${longest.join(', ') || 'none are told'}`,
          words,
        ],
        why: `From ${lasting(healthy.latencyMs)} on a system is not healthy, and from ${lasting(degraded.latencyMs)} on not even degraded.`,
        next:
          scarce !== undefined
            ? `The machine’s ${scarce} is used up: find who uses it, or give it more.`
            : waitMs >= p95Ms / 2
              ? 'Calls wait longer than they work: see the diagnosis "queue-backlog", and let more of them run side by side.'
              : 'The queue is short and the machine has room, so the time goes into the tool’s own work: see what it waits for outside.',
        fix: [
          ...logCommands(readings),
          `mcp-vitals query 'histogram_quantile(0.95, sum by (le, tool) (rate(${prefix}_tool_call_duration_seconds_bucket[5m])))' --range 6h`,
          'top -b -n 1 | head -n 20',
        ],
      }),
    )
    const most = Math.max(0, ...durations.map((row) => 1000 * numberOf(row)).filter(Number.isFinite))
    return looked(`the slowest tool answers within ${lasting(most)} (95 %)`, findings)
  },
)
