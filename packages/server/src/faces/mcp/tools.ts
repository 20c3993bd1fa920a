import { z } from 'zod'
import { parseDuration } from '../../promql/index.js'
import { askJson, atMost, form, instant, prefixOf, type Row, rowsOf, unmerged } from './api.js'
import type { Backend } from './contract.js'

/** One thing that an agent may ask for. */
export interface Tool<S extends z.ZodObject = z.ZodObject> {
  readonly title: string
  readonly description: string
  readonly input: S
  /** It changes something; offered where it is allowed by name. */
  readonly changes?: true
  readonly run: (backend: Backend, given: z.infer<S>) => Promise<object>
}

const tool = <S extends z.ZodObject>(one: Tool<S>): Tool => one as unknown as Tool

const rangeText = z.string().regex(/^[1-9]\d{0,4}[smhd]$/)
const range = rangeText.default('1h').describe('How far back to look, such as 15m, 6h or 7d.')
/** Values of one series over a range. */
const STEPS = 30
const server = z.string().min(1).max(128).optional().describe('The server of this name alone.')

/** A matcher of PromQL for the server that was asked for. */
const ofServer = (name: string | undefined) => (name === undefined ? '' : `{server=${JSON.stringify(name)}}`)
/** Numbers of rows, as an agent reads them best: labels beside the value. */
const flat = (rows: readonly Row[], key: string) =>
  rows.map(({ metric, value }) => ({ ...metric, [key]: rounded(Number(value?.[1])) }))
/** Series as they are, as many as an agent's context has room for. */
function shown(found: readonly Row[]): object {
  const { rows, left_out } = atMost(found)
  return { series: rows, left_out }
}
const rounded = (value: number) => (Number.isFinite(value) ? Number(value.toPrecision(4)) : null)

/** What the API says of a tool and its calls, as far as it is told to agents. */
interface CalledTool {
  readonly server: string
  readonly tool: string
  readonly calls: number
  readonly failures: number
  readonly p50Ms?: number
  readonly p95Ms?: number
}

/**
 * The tools that were called, the most called first, by the counts of calls themselves: growth of samples is an estimate, and
 * knows nothing of what came before the first. `since`: the beginning of the minute, hour or day that the range begins in.
 */
async function calledTools(
  backend: Backend,
  time: string,
  name: string | undefined,
): Promise<{ readonly since: string; readonly tools: CalledTool[] }> {
  const from = Math.max(0, Date.now() - (parseDuration(time) ?? 0))
  const query = new URLSearchParams({ from: String(from), ...(name !== undefined && { server: name }) })
  const { range: looked, tools } = await askJson<{
    readonly range: { readonly from: number }
    readonly tools: readonly CalledTool[]
  }>(backend, `/admin/api/tools?${query}`)
  return { since: new Date(looked.from).toISOString(), tools: tools.filter(({ calls }) => calls > 0) }
}

const countsOf = ({ server: of, tool: name, calls, failures }: CalledTool) => ({
  ...{ server: of, tool: name, calls, failures },
})

export const TOOLS: Readonly<Record<string, Tool>> = {
  health: tool({
    title: 'Health',
    description:
      'How the servers and what they need are now: healthy, degraded or unhealthy, with reasons, latency and uptime.',
    input: z.object({ component: z.string().min(1).max(128).optional().describe('The component of this name alone.') }),
    async run(backend, { component }) {
      const query = new URLSearchParams({ days: '1', ...(component !== undefined && { component }) })
      const found = await askJson<{ readonly system: object; readonly components: readonly { days?: unknown }[] }>(
        backend,
        `/api/health/components?${query}`,
      )
      const { rows, left_out } = atMost(found.components.map(({ days: _, ...rest }) => rest))
      return { system: found.system, components: rows, left_out }
    },
  }),
  slow_tools: tool({
    title: 'Slow tools',
    description:
      'The tools that take longest: the 50th and the 95th percentile of their duration in seconds, and how many calls of each ended and failed since the time it names.',
    input: z.object({ range, server, limit: z.int().min(1).max(50).default(10).describe('How many tools.') }),
    async run(backend, { range: time, server: name, limit }) {
      const { since, tools } = await calledTools(backend, time, name)
      const slowest = tools.sort((one, other) => (other.p95Ms ?? 0) - (one.p95Ms ?? 0))
      return {
        range: time,
        since,
        tools: slowest.slice(0, limit).map(({ p50Ms, p95Ms, ...row }) => ({
          ...countsOf(row),
          p95_seconds: rounded(Number(p95Ms) / 1000),
          p50_seconds: rounded(Number(p50Ms) / 1000),
        })),
      }
    },
  }),
  errors: tool({
    title: 'Errors',
    description:
      'What failed: how often, by server, tool, type and reason; and the share of all requests that failed. Both are estimates by increase() over samples, not whole counts; slow_tools and usage count failed calls of tools.',
    input: z.object({ range, server }),
    async run(backend, { range: time, server: name }) {
      const prefix = await prefixOf(backend)
      const within = (metric: string, matchers: string) => `increase(${prefix}_${metric}${matchers}[${time}])`
      const failed = name === undefined ? '{status=~"5.."}' : `{status=~"5..",server=${JSON.stringify(name)}}`
      const [kinds, share] = await Promise.all([
        unmerged(
          backend,
          `sort_desc(sum by (server, tool, type, reason) (${within('errors_total', ofServer(name))}) > 0)`,
        ),
        unmerged(
          backend,
          `(sum(${within('requests_total', failed)}) or vector(0)) / sum(${within('requests_total', ofServer(name))})`,
        ),
      ])
      const { rows, left_out } = atMost(flat(kinds, 'errors'))
      return { range: time, failed_share: rounded(Number(share[0]?.value?.[1])), errors: rows, left_out }
    },
  }),
  usage: tool({
    title: 'Usage and cost',
    description:
      'How many calls of each tool ended and failed since the time it names; tokens by model, and money in US dollars, both estimated by increase() over samples.',
    input: z.object({ range: range.default('1d'), server }),
    async run(backend, { range: time, server: name }) {
      const prefix = await prefixOf(backend)
      const sum = (metric: string, by: string) =>
        unmerged(backend, `sort_desc(sum by (${by}) (increase(${prefix}_${metric}${ofServer(name)}[${time}])) > 0)`)
      const [{ since, tools }, tokens, cost] = await Promise.all([
        calledTools(backend, time, name),
        sum('llm_tokens_total', 'provider, model, type'),
        sum('llm_cost_usd_total', 'provider, model'),
      ])
      const { rows, left_out } = atMost(tools.map(countsOf))
      return { range: time, since, calls: rows, left_out, tokens: flat(tokens, 'tokens'), cost: flat(cost, 'usd') }
    },
  }),
  alerts: tool({
    title: 'Alerts',
    description:
      'What fires or is pending now, the gravest first, and who knows of it. The fingerprint names an alert for ack_alert.',
    input: z.object({}),
    async run(backend) {
      const { alerts, silences } = await askJson<{ readonly alerts: readonly unknown[]; readonly silences: unknown }>(
        backend,
        '/admin/api/alerts?limit=100',
      )
      return { alerts, silences }
    },
  }),
  ack_alert: tool({
    title: 'Acknowledge an alert',
    description:
      'Says that somebody takes care of an alert: nobody is told of it again until it is over. Ask the person first.',
    input: z.object({
      fingerprint: z
        .string()
        .regex(/^[0-9a-f]{4,36}$/)
        .describe('The alert’s fingerprint, as alerts shows it.'),
      comment: z.string().max(500).default('').describe('What is done about it.'),
    }),
    changes: true,
    run: (backend, { fingerprint, comment }) =>
      askJson<object>(backend, '/admin/api/alerts/act', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ do: 'acknowledge', fingerprint, comment, by: 'agent' }),
      }),
  }),
  audit_verify: tool({
    title: 'Verify the audit log',
    description:
      'Checks that no row of the audit log was changed, removed or added, by its own checkpoints. May take minutes for a long log.',
    input: z.object({}),
    run: (backend) => backend.verifyAudit(),
  }),
  query: tool({
    title: 'Query',
    description:
      'Evaluates an expression of PromQL over the metrics that the daemon remembers: now, or over a range. The resource vitals://metrics names the metrics.',
    input: z.object({
      expression: z
        .string()
        .min(1)
        .max(5000)
        .describe('In PromQL, such as sum by (tool) (rate(mcp_tool_calls_total[5m])).'),
      range: rangeText.optional().describe('Values over this time up to now, such as 6h. Without it: the value now.'),
    }),
    async run(backend, { expression, range: time }) {
      if (time === undefined) return shown(await instant(backend, expression))
      const lengthMs = parseDuration(time) ?? 0
      const end = Date.now() / 1000
      const parameters = { query: expression, start: String(end - lengthMs / 1000), end: String(end) }
      const step = String(Math.max(1, Math.ceil(lengthMs / 1000 / STEPS)))
      const { data } = await askJson<{ readonly data: { readonly resultType: string; readonly result: unknown } }>(
        backend,
        '/api/v1/query_range',
        form({ ...parameters, step }),
      )
      return shown(rowsOf(data))
    },
  }),
}
