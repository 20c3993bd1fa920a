import { CATALOGUE, listOfProviderMetrics } from '@mcp-vitals/instrument/metrics'
import { type Board, gauged, lines, type Panel, quantiles, rated } from '../board.js'
import type { Queries } from '../queries.js'

const { mcp } = CATALOGUE
const MODEL = ['provider', 'model']

export const usageAndCost: Board = {
  slug: 'usage-and-cost',
  title: 'Usage and Cost',
  about: 'Agents, messages, tokens and money.',
  panels: (q, providers) => [
    lines('Tokens', 'cps', rated(q, mcp.llm_tokens_total, [...MODEL, 'type'])),
    lines('Cost of a Day', 'currencyUSD', {
      expr: q.by('sum', mcp.llm_cost_usd_total, MODEL, q.increase(mcp.llm_cost_usd_total, '1d')),
      legend: rated(q, mcp.llm_cost_usd_total, MODEL).legend,
    }),
    lines('Budgets', 'currencyUSD', [
      { expr: q.select(mcp.budget_spent_usd), legend: '{{budget}} spent' },
      { expr: q.select(mcp.budget_limit_usd), legend: '{{budget}} limit' },
    ]),
    lines('Uses of Agents', 'cps', rated(q, mcp.agent_usage_total, ['category'])),
    lines('Active Agents', 'short', gauged(q, mcp.active_agents, [])),
    lines('Messages Sent', 'cps', rated(q, mcp.messages_sent_total, ['channel'])),
    lines('Messages that Failed', 'cps', rated(q, mcp.messages_failed_total, ['channel'])),
    lines('Webhooks', 'cps', rated(q, mcp.webhook_received_total, ['type'])),
    lines('Voice Sessions', 'short', gauged(q, mcp.active_voice_sessions, [])),
    lines('3-D Generations', 'cps', rated(q, mcp['3d_generations_total'], [])),
    ...(providers.length > 0
      ? providers.flatMap((provider) => ofProvider(q, provider))
      : [
          lines('Calls of Providers', 'cps', rated(q, mcp.provider_requests_total, ['provider', 'status'])),
          lines('Duration of Providers’ Calls', 's', quantiles(q, mcp.provider_request_duration_seconds, ['provider'])),
        ]),
  ],
}

/** A provider that the configuration names has metrics of its own. */
function ofProvider(q: Queries, provider: string): readonly Panel[] {
  const metrics = listOfProviderMetrics(provider)
  const ending = (words: string) => metrics.find(({ name }) => name.endsWith(words))!
  const [requests, errors] = [ending('_requests_total'), ending('_errors_total')]
  return [
    lines(`Calls of ${provider}`, 'cps', [
      { ...rated(q, requests, ['status']), ...(q.has(requests, 'status') ? {} : { legend: 'calls' }) },
      { expr: rated(q, errors, []).expr, legend: 'errors' },
    ]),
    lines(`Duration of Calls of ${provider}`, 's', quantiles(q, ending('_request_duration_seconds'), [], [0.5, 0.95])),
  ]
}
