/** Pushes, opened for one test. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { event, type Origin } from '@mcp-vitals/instrument/event'
import { CATALOGUE, createRegistry, type Registry } from '@mcp-vitals/instrument/metrics'
import { onTestFinished } from 'vitest'
import { openPush, type Push, type PushedLine } from '../../../packages/server/src/push/index.js'
import { type PushOptions, pushOptions } from '../../../packages/server/src/push/options.js'

export const NOTES: Origin = { server: 'notes', transport: 'stdio', session: 's-1' }
export const AT = 1_700_000_000_123

export interface Opened {
  readonly push: Push
  readonly dir: string
  readonly registry: Registry
  /** What the log would be told: word, then what it is about. */
  readonly told: string[]
}

export interface Settings {
  readonly dir?: string
  readonly registry?: Registry
  readonly labels?: Readonly<Record<string, string>>
  readonly limits?: NonNullable<Parameters<typeof openPush>[2]['limits']>
}

/** Opens what the options say. It is closed after the test, unless it was before. */
export async function opened(given: unknown, settings: Settings = {}): Promise<Opened> {
  const options: PushOptions = pushOptions.parse(given)
  const made = settings.dir ?? mkdtempSync(join(tmpdir(), 'push-'))
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  const { registry = createRegistry(), labels = { job: 'mcp-vitals', instance: 'here:9464', environment: 'test' } } =
    settings
  const told: string[] = []
  const begun = performance.now()
  const about = { version: '1.2.3', labels, startedAtMs: AT - 60_000, shown: registry, whole: registry }
  const push = await openPush(
    options,
    { ...about, targets: () => [{ instance: 'notes', isUp: true }] },
    {
      dir: made,
      fetch,
      now: () => AT + Math.round(performance.now() - begun),
      random: () => 0,
      onFailing: ({ way, problem }) => told.push(`failing ${way} ${problem}`),
      onRefused: ({ way, problem, isWhole }) => told.push(`refused ${isWhole ? '' : 'in part '}${way} ${problem}`),
      onWarned: ({ way, problem }) => told.push(`warned ${way} ${problem}`),
      onWell: (way) => told.push(`well ${way}`),
      onFault: (error) => told.push(`fault ${error}`),
      limits: { backoffMs: 20, maxBackoffMs: 80, lingerMs: 5, ...settings.limits },
    },
  )
  onTestFinished(() => push.close())
  return { push, dir: made, registry, told }
}

/** A line of the log about the server notes. */
export function lineOf(message: string, more: Partial<PushedLine> = {}): PushedLine {
  const fields = { server: 'notes', durationMs: 1.5, size: 3, ok: true }
  return {
    level: 'info',
    at: AT,
    event: 'tool_call_completed',
    message,
    fields,
    text: `{"message":"${message}"}`,
    ...more,
  }
}

/** A call of a tool that ended. */
export function callOf(name: string, more: Record<string, unknown> = {}, origin: Origin = NOTES) {
  return event('request.ended', AT, origin, {
    ...{ direction: 'client_to_server', method: 'tools/call', name, operation: `op-${name}`, outcome: 'ok' },
    ...{ status: 200, durationMs: 250, requestBytes: 1, responseBytes: 2, ...more },
  } as never)
}

/** A registry in which one tool was called. */
export function someMetrics(): Registry {
  const registry = createRegistry()
  registry.counter(CATALOGUE.mcp.tool_calls_total).with('notes', 'add', 'success').inc(3)
  registry.gauge(CATALOGUE.mcp.server_up).with('notes').set(1)
  registry.histogram(CATALOGUE.mcp.request_duration_seconds).with('notes', 'tools/call', 'notes').observe(0.3)
  registry.summary(CATALOGUE.mcp.request_size_bytes).with('notes', 'tools/call', 'notes').observe(120)
  return registry
}
