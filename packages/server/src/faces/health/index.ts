import type { Vitals } from '../../state/index.js'

/** One thing this process cannot work without, and how it is. */
export interface Check {
  readonly ok: boolean
  /** Why not, in words that name no personal datum. */
  readonly reason?: string
}

export interface HealthInputs {
  readonly version: string
  readonly environment: string
  readonly demoMode: boolean
  /** Since the process started. */
  readonly uptimeSeconds: () => number
  /** Milliseconds since 1970. */
  readonly now: () => number
  readonly vitals: () => Vitals
  /** Checks of what this process itself needs. Answer from memory; a check is never waited for. */
  readonly checks: Readonly<Record<string, () => Check>>
}

/** The document that `/health`, `/health/ready` and `/ready` answer with; only the status code differs. */
export interface HealthDocument {
  readonly status: 'ok'
  /** Seconds. */
  readonly uptime: number
  readonly version: string
  readonly environment: string
  readonly demoMode: boolean
  /** ISO 8601, UTC. */
  readonly timestamp: string
  /** Sessions open now, over all servers. */
  readonly sessions: number
  readonly checks: Readonly<Record<string, { status: 'ok' | 'down'; reason?: string }>>
  readonly servers: Readonly<Record<string, { status: 'up' | 'down' | 'unknown'; reason?: string; tools: number }>>
}

/**
 * Liveness and readiness. `live` answers 200 while the process runs, whatever its dependencies do (contract, F4);
 * `ready` answers 503 when a check fails. A watched server that is down is told in the body and is no reason for 503:
 * the watcher is ready to say so.
 */
export function createHealthFace(inputs: HealthInputs): { live: () => Response; ready: () => Response } {
  const answer = (status: number) =>
    Response.json(describe(inputs), { status, headers: { 'cache-control': 'no-store' } })
  return {
    live: () => answer(200),
    ready: () => answer(Object.values(inputs.checks).every((check) => check().ok) ? 200 : 503),
  }
}

function describe(inputs: HealthInputs): HealthDocument {
  const { servers, sessions } = inputs.vitals()
  return {
    status: 'ok',
    uptime: Math.round(inputs.uptimeSeconds() * 1000) / 1000,
    version: inputs.version,
    environment: inputs.environment,
    demoMode: inputs.demoMode,
    timestamp: new Date(inputs.now()).toISOString(),
    sessions,
    checks: mapValues(inputs.checks, (check) => {
      const { ok, reason } = check()
      return { status: ok ? 'ok' : 'down', ...(reason === undefined ? {} : { reason }) }
    }),
    servers: Object.fromEntries(
      servers.map(({ name, condition, reason, tools }) => [
        name,
        { status: condition, tools: tools.length, ...(reason === undefined ? {} : { reason }) },
      ]),
    ),
  }
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, to: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, to(value)]))
}
