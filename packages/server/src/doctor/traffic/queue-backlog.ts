import type { Finding } from '../contract.js'
import { looked } from '../contract.js'
import { numberOf } from '../shared/metrics.js'
import { lasting } from '../shared/words.js'
import { byWho, logCommands, ofRunning, resourcesIn, severityAt, whoOf } from './readings.js'

/** More jobs than these are a backlog, as the rule QueueBacklog has it. */
const BACKLOG_JOBS = 100
/** Fewer are one as well, while they grow. */
const GROWING_JOBS = 10
const WINDOW = '15m'

/** Queues that fill faster than they are worked off: by how much, and why. */
export const queueBacklog = ofRunning(
  'queue-backlog',
  [
    'a queue of jobs that is long or grows: of which plugin, how long jobs wait, how fast they come and go, and whether the plugin fails, is slow, or needs more workers',
  ],
  async (readings) => {
    const { prefix, query, config } = readings
    const by = 'server, plugin'
    const p95 = (metric: string) =>
      query(`histogram_quantile(0.95, sum by (le, ${by}) (rate(${prefix}_${metric}_bucket[${WINDOW}])))`)
    const rate = (matcher: string) =>
      query(`sum by (${by}) (rate(${prefix}_queue_jobs_total{action="${matcher}"}[${WINDOW}]))`)
    const [sizes, growths, waits, executions, means, failures, comes, goes] = await Promise.all([
      query(`sum by (${by}) (${prefix}_queue_size)`),
      query(`sum by (${by}) (deriv(${prefix}_queue_size[10m]))`),
      p95('queue_wait_seconds'),
      p95('plugin_execution_duration_seconds'),
      query(
        `sum by (${by}) (rate(${prefix}_plugin_execution_duration_seconds_sum[${WINDOW}])) / sum by (${by}) (rate(${prefix}_plugin_execution_duration_seconds_count[${WINDOW}]))`,
      ),
      query(
        `sum by (${by}) (rate(${prefix}_plugin_executions_total{status="error"}[${WINDOW}])) / sum by (${by}) (rate(${prefix}_plugin_executions_total[${WINDOW}]))`,
      ),
      rate('entered'),
      rate('started'),
    ])
    const [growth, wait, execution, mean, failed, coming, going] = [
      growths,
      waits,
      executions,
      means,
      failures,
      comes,
      goes,
    ].map(byWho)
    const { words, scarce } = resourcesIn(readings)
    const { healthy, degraded } = config.monitor
    const findings = sizes.flatMap((row): readonly Finding[] => {
      const who = whoOf(row)
      const size = numberOf(row)
      const isGrowing = (growth!.get(who) ?? 0) > 0
      if (size <= (isGrowing ? GROWING_JOBS : BACKLOG_JOBS)) return []
      const numbers = {
        execMs: seconds(execution!.get(who)),
        meanMs: seconds(mean!.get(who)),
        failed: failed!.get(who) ?? 0,
      }
      const perSecond = coming!.get(who) ?? 0
      const workers = Math.max(1, Math.ceil((perSecond * (numbers.meanMs ?? 0)) / 1000))
      return [
        {
          severity: severityAt(size, BACKLOG_JOBS + 1),
          subject: who,
          problem: `${size} jobs wait in its queue${isGrowing ? ', and they become more' : ''}.`,
          evidence: [
            `${perMinute(perSecond)} come and ${perMinute(going!.get(who) ?? 0)} are begun each minute; 95 % wait up to ${told(seconds(wait!.get(who)))}`,
            `executions: 95 % take up to ${told(numbers.execMs)}, ${Math.round(100 * numbers.failed)} % of them fail`,
            words,
          ],
          why: 'A queue that grows is never worked off: each job waits longer than the one before.',
          next:
            numbers.failed >= degraded.errorRatio
              ? 'The plugin is not well: many of its executions fail, and each failure takes a worker’s time. Mend that first, by its log.'
              : scarce !== undefined
                ? `The machine’s ${scarce} is used up, so more workers would not help: give it more, or let the plugin do less.`
                : numbers.execMs === undefined
                  ? `How long executions take is not known: none is told of in the last 15 minutes. See whether the plugin runs at all.`
                  : numbers.execMs >= healthy.latencyMs
                    ? `Executions take long. Make them shorter, or let ${workers} or more run side by side.`
                    : `Executions are short: let more of them run side by side, ${workers} or more, or take in fewer jobs.`,
          fix: [
            ...logCommands(readings),
            `mcp-vitals query '${prefix}_queue_size' --range 1h`,
            `mcp-vitals query 'sum by (plugin, action) (rate(${prefix}_queue_jobs_total[5m]))' --range 1h`,
          ],
        },
      ]
    })
    const sum = sizes.reduce((total, row) => total + numberOf(row), 0)
    return looked(sizes.length === 0 ? 'no queue is told of' : `${sum} jobs wait`, findings)
  },
)

const seconds = (value: number | undefined): number | undefined =>
  value === undefined || !Number.isFinite(value) ? undefined : 1000 * value
const told = (ms: number | undefined): string => (ms === undefined ? 'an unknown time' : lasting(ms))
const perMinute = (perSecond: number): string => String(Number((60 * perSecond).toFixed(1)))
