/** What only the application knows, and what doors and plugin hosts tell: one small fold for each type of event. */
import type { EventOf } from '../event/index.js'
import { CATALOGUE } from './catalogue.js'
import type { EventFolds } from './event-fold.js'
import type { CALL_STATUSES } from './server.js'

const { mcp } = CATALOGUE

/** What `mcp_probe_health` says of a status; of the others nothing. */
const HEALTH_VALUES: Partial<Record<NonNullable<EventOf<'probe'>['status']>, number>> = {
  healthy: 1,
  degraded: 0.5,
  unhealthy: 0,
}
/** The name under which `business` events count 3-D models. */
const GENERATIONS_3D = /^3d_generations(_total)?$/

export const APP_FOLDS = {
  message(event, { label, registry, values }) {
    const metric = event.ok ? mcp.messages_sent_total : mcp.messages_failed_total
    registry
      .counter(metric)
      .with(label, values.of(metric, 'channel', event.channel))
      .inc(1, event)
  },

  webhook(event, { label, registry, values }) {
    const kind = values.of(mcp.webhook_received_total, 'webhook type', event.kind)
    registry.counter(mcp.webhook_received_total).with(label, kind).inc(1, event)
  },

  probe(event, { label, registry, values }) {
    const check = values.of(mcp.probe_checks_total, 'check', event.check)
    registry
      .counter(mcp.probe_checks_total)
      .with(label, check, event.ok ? 'success' : 'error')
      .inc(1, event)
    registry
      .histogram(mcp.probe_duration_seconds)
      .with(label, check)
      .observe(event.durationMs / 1000, event)
    registry
      .gauge(mcp.probe_success)
      .with(label, check)
      .set(event.ok ? 1 : 0)
    if (event.state)
      registry
        .gauge(mcp.probe_up)
        .with(label, check)
        .set(event.state === 'up' ? 1 : 0)
    if (event.status === undefined) return
    const health = HEALTH_VALUES[event.status]
    if (health === undefined) registry.remove(mcp.probe_health, label, check)
    else registry.gauge(mcp.probe_health).with(label, check).set(health)
  },

  remediation(event, { label, registry, values }, entrance) {
    // Who watches the count of runs asks what this daemon did: nobody else can add to it.
    if (entrance !== 'local') return
    const component = values.of(mcp.remediation_runs_total, 'component', event.component)
    registry.counter(mcp.remediation_runs_total).with(label, component, event.action, event.outcome).inc(1, event)
  },

  voice(event, { voices }) {
    if (event.action === 'started') voices.open(event.id ?? event.session)
    else voices.close(event.id ?? event.session)
  },

  agent(event, { label, registry, values, agents }) {
    if (event.action === 'provisioned') agents.open(event.agent)
    else if (event.action === 'deprovisioned') agents.close(event.agent)
    else {
      const category = values.of(mcp.agent_usage_total, 'category', event.category ?? 'unknown')
      registry.counter(mcp.agent_usage_total).with(label, category).inc(1, event)
    }
  },

  usage(event, { label, registry, values }) {
    const provider = values.of(mcp.llm_tokens_total, 'provider', event.provider)
    const model = values.of(mcp.llm_tokens_total, 'model', event.model ?? 'unknown')
    const estimated = String(event.estimated)
    const tokens = registry.counter(mcp.llm_tokens_total)
    if (event.inputTokens !== undefined)
      tokens.with(label, provider, model, 'input', estimated).inc(event.inputTokens, event)
    if (event.outputTokens !== undefined)
      tokens.with(label, provider, model, 'output', estimated).inc(event.outputTokens, event)
    if (event.costUsd !== undefined)
      registry.counter(mcp.llm_cost_usd_total).with(label, provider, model, estimated).inc(event.costUsd, event)
  },

  business(event, { label, registry, values }) {
    if (GENERATIONS_3D.test(event.name))
      registry.counter(mcp['3d_generations_total']).with(label).inc(event.value, event)
    else
      registry
        .counter(mcp.business_total)
        .with(label, values.of(mcp.business_total, 'name', event.name))
        .inc(event.value, event)
  },

  limit(event, { label, registry, values }) {
    const metric = event.layer === 'http' ? mcp.http_rate_limit_hits_total : mcp.rate_limit_hits_total
    registry
      .counter(metric)
      .with(label, values.of(metric, 'limit_type', event.limitType))
      .inc(1, event)
  },

  auth(event, { label, registry, values }) {
    if (event.action === 'accepted') return
    const reason = values.of(mcp.auth_failures_total, 'reason', event.reason ?? event.action)
    registry.counter(mcp.auth_failures_total).with(label, reason).inc(1, event)
  },

  anomaly({ name, signal, severity, stage }, server) {
    const { label, registry } = server
    const tool = server.toolLabel(name, false)
    const isOn = stage === 'found' || stage === 'worse'
    if (isOn) registry.counter(mcp.anomalies_total).with(label, tool, signal, severity).inc()
    const level = isOn ? (severity === 'HIGH' ? 2 : 1) : 0
    registry.gauge(mcp.tool_anomaly_level).with(label, tool, signal).set(level)
  },

  budget({ budget, stage }, { registry }) {
    if (stage !== 'renewed') registry.counter(mcp.budget_events_total).with(budget, stage).inc()
  },

  validation(event, server) {
    const { label, registry, values } = server
    const tool = event.name === undefined ? '' : server.toolLabel(event.name, false)
    const reason = values.of(mcp.validation_failures_total, 'reason', event.reason)
    registry.counter(mcp.validation_failures_total).with(label, tool, reason).inc(1, event)
  },

  security(event, { label, registry, values }) {
    const kind = values.of(mcp.security_events_total, 'security type', event.kind)
    registry.counter(mcp.security_events_total).with(label, kind, event.severity).inc(1, event)
  },

  plugin(event, { label, registry, values }) {
    const plugin = values.of(mcp.plugin_executions_total, 'plugin', event.plugin)
    const command = values.of(mcp.plugin_executions_total, 'command', event.command)
    registry.counter(mcp.plugin_executions_total).with(label, plugin, command, statusOf(event)).inc(1, event)
    registry
      .histogram(mcp.plugin_execution_duration_seconds)
      .with(label, plugin, command)
      .observe(event.durationMs / 1000, event)
  },

  queue(event, { label, registry, values }) {
    const plugin = values.of(mcp.queue_size, 'plugin', event.plugin)
    registry.gauge(mcp.queue_size).with(label, plugin).set(event.size)
    registry.counter(mcp.queue_jobs_total).with(label, plugin, event.action).inc(1, event)
    if (event.action === 'started' && event.waitMs !== undefined)
      registry
        .histogram(mcp.queue_wait_seconds)
        .with(label, plugin)
        .observe(event.waitMs / 1000, event)
  },
} satisfies EventFolds

function statusOf({ outcome }: EventOf<'plugin'>): (typeof CALL_STATUSES)[number] {
  if (outcome === 'ok') return 'success'
  return outcome === 'cancelled' || outcome === 'replaced' ? 'cancelled' : 'error'
}
