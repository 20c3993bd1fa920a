/**
 * The documents of the dashboard: what `/admin/api/…` answers, version 1, and what its page reads. Types alone.
 * Those of tables and of single things are in `api-views.ts`.
 *
 * Times that end in `At`, and `at`, `from`, `to` and `until`, are milliseconds since 1970-01-01 UTC. The unit of any other
 * number ends its name: `Ms`, `Seconds`, `Bytes`, `Tokens`, `Usd`, `PerSecond`; a `Ratio` is a share from 0 to 1; a name
 * without a unit counts. What is not known is absent, never 0. Within version 1 fields may be added; none goes or changes its
 * meaning. Names, versions and texts come from servers and clients: show them as text alone.
 */

/** Begins every document. */
export interface Dated {
  readonly version: 1
  /** When it was made: how old what is shown is. */
  readonly at: number
}

/** An answer with a status of 400 and more. */
export interface ProblemDocument {
  /** What is wrong, in a sentence for a person. */
  readonly error: string
}

/** `none`: nobody, who may log in. `viewer` reads. `admin` acts as well. */
export type Role = 'none' | 'viewer' | 'admin'

/** `GET /admin/api/session`, `POST /admin/api/login`, `POST /admin/api/logout`: who asks. Open to everybody. */
export interface SessionDocument extends Dated {
  readonly role: Role
  /** Who logged in: a user of the configuration, or `admin token` for who showed that, or the owner’s. */
  readonly user?: string
  /** What gave the role: a session by cookie, a token in the header, or that the caller is on this machine. */
  readonly by?: 'session' | 'token' | 'loopback'
  /** How one can log in; nobody can where both are false. */
  readonly login: {
    readonly user: boolean
    /** By the admin token, or on this machine the owner’s. */
    readonly adminToken: boolean
    /** Where the owner’s token stands; told on this machine alone. */
    readonly ownerTokenFile?: string
  }
  /** Goes into the header `X-CSRF-Token` of each post; of a session alone. */
  readonly csrf?: string
  /** When the session ends at the latest, and how long it may rest before. */
  readonly expiresAt?: number
  readonly idleSeconds?: number
}

/** Body of `POST /admin/api/login`, as application/json. */
export type LoginRequest = { readonly user: string; readonly password: string } | { readonly token: string }

/** Body of `POST /admin/api/logout`, as application/json. */
export interface LogoutRequest {
  /** Ends all sessions of this user. */
  readonly everywhere?: boolean
}

export type Colour = 'GREEN' | 'YELLOW' | 'RED'
export type ComponentStatus = 'healthy' | 'degraded' | 'unhealthy' | 'maintenance' | 'unknown'
export type Severity = 'CRITICAL' | 'HIGH' | 'MEDIUM' | 'LOW'

/** How long calls took; all absent where none ended. */
export interface Quantiles {
  readonly p50Ms?: number
  readonly p95Ms?: number
  readonly p99Ms?: number
}

/** Calls in a time, and how they ended. A cancelled call is no failure. */
export interface Counted {
  readonly calls: number
  readonly failures: number
  /** `failures` of `calls`; 0 where there are none. */
  readonly errorRatio: number
}

/** `GET /admin/api/dashboard`, and each message of `GET /admin/api/stream`: the overview. */
export interface DashboardDocument extends Dated {
  readonly product: {
    readonly version: string
    readonly environment: string
    readonly demo: boolean
    readonly uptimeSeconds: number
    /** Names of metrics begin with it: `mcp`. */
    readonly metricsPrefix: string
  }
  readonly health: {
    readonly colour: Colour
    /** Why it is not GREEN. */
    readonly reasons: readonly string[]
    readonly components: readonly ComponentRow[]
  }
  readonly traffic: Traffic
  readonly servers: { readonly total: number; readonly up: number; readonly down: number; readonly unknown: number }
  /** `available`: of those whose server says that they exist and is up. */
  readonly tools: { readonly total: number; readonly available: number }
  readonly sessions: { readonly active: number }
  readonly agents: { readonly active: number }
  readonly voice: { readonly active: number }
  readonly queue: {
    /** Requests passed on and not ended yet. */
    readonly inFlight: number
    /** Jobs that wait in queues of plugins. */
    readonly waiting: number
    readonly queues: readonly QueueRow[]
    readonly plugins: readonly PluginRow[]
  }
  readonly providers: readonly ProviderRow[]
  readonly usage: Usage
  readonly capacity: Capacity
  readonly alerts: {
    /** False where `alerts.enabled` is. */
    readonly enabled: boolean
    /** Acknowledged ones among them. */
    readonly firing: number
    readonly acknowledged: number
    readonly pending: number
    /** What fires or pends, the gravest first, then what ended last; 20 at most. */
    readonly recent: readonly AlertRow[]
  }
  /** Of the last 24 hours, the newest first; 50 at most. */
  readonly changes: readonly ChangeMark[]
}

/** All requests of clients, on any transport. */
export interface Traffic extends Counted, Quantiles {
  /** What rates, shares and quantiles look back on. */
  readonly windowSeconds: number
  readonly requestsPerSecond: number
  readonly toolCallsPerSecond: number
  /** The last 60 minutes, the oldest first; the last one goes on. */
  readonly points: readonly TrafficPoint[]
}

export interface TrafficPoint extends Quantiles {
  /** Begin of the minute. */
  readonly at: number
  readonly calls: number
  readonly failures: number
}

export interface ComponentRow {
  readonly name: string
  /** `mcp`, `http`, `tcp` …: what looks at it. */
  readonly type: string
  readonly status: ComponentStatus
  readonly reasons: readonly string[]
  /** Of the newest check. */
  readonly latencyMs?: number
}

export interface QueueRow {
  readonly server: string
  readonly plugin: string
  /** Jobs that wait. */
  readonly size: number
  /** Over the last minute. */
  readonly processedPerSecond: number
  readonly waitP50Ms?: number
  readonly waitP95Ms?: number
}

export interface PluginRow {
  readonly server: string
  readonly plugin: string
  readonly condition: 'up' | 'failing' | 'down'
  readonly executions: number
  /** Of the last 100. */
  readonly errorRatio: number
  /** Absent before its first run. */
  readonly lastAt?: number
}

export interface ProviderRow {
  readonly name: string
  readonly type: string
  /** Whether readiness depends on it. */
  readonly required: boolean
  readonly status: 'up' | 'down' | 'unknown'
  readonly latencyMs?: number
  /** A word out of a bounded list. */
  readonly reason?: string
}

/** What was used and spent. Days are of UTC; today goes on. */
export interface Usage {
  readonly today: UsageOfDay
  /** The last 30 days, the oldest first, today the last; days of which nothing is known have zeros. */
  readonly days: readonly UsageOfDay[]
  readonly budgets: readonly BudgetRow[]
}

export interface UsageOfDay extends Counted {
  /** `2026-11-29`. */
  readonly date: string
  /** Calls of tools among the calls. */
  readonly toolCalls: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly costUsd: number
  /** Whether one of the figures of tokens or money is an estimate. */
  readonly estimated: boolean
}

export interface BudgetRow {
  readonly budget: string
  readonly spentUsd: number
  readonly limitUsd: number
  readonly spentRatio: number
  /** What a budget by the month comes to by its end. */
  readonly forecastUsd?: number
}

/** What to plan by. */
export interface Capacity {
  readonly requestsPerSecond: number
  /** Requests of the last 7 whole days, and of the 7 before. */
  readonly callsLast7Days: number
  readonly callsBefore7Days: number
  /** By how much the former are more (0.1: a tenth) or fewer than the latter; absent where these had none. */
  readonly trendRatio?: number
  /** Requests of the next 30 days if each goes like the last 7 on average; absent before the first whole day. */
  readonly forecastCalls30Days?: number
  readonly forecastTokens30Days?: number
  readonly forecastUsd30Days?: number
  readonly queueDepth: number
  /** Calls in flight and jobs that waited, at the end of each of the last 60 minutes, the oldest first. */
  readonly queueDepths: readonly number[]
}

export interface AlertRow {
  readonly fingerprint: string
  readonly name: string
  readonly state: 'pending' | 'firing' | 'resolved'
  readonly severity: Severity
  readonly summary?: string
  readonly server?: string
  readonly startsAt?: number
  readonly endsAt?: number
  /** Somebody took it on. */
  readonly acknowledged: boolean
  /** A silence, a window of maintenance or another alert keeps it quiet. */
  readonly quiet: boolean
}

/**
 * `started`: this daemon. `deploy`: another version of a server answers.
 * `tools`: a server offers other tools. `config`: the configuration changed. `incident`: a component was unhealthy.
 */
export interface ChangeMark {
  readonly at: number
  /** End of what lasted; absent where it goes on, or is of one moment. */
  readonly until?: number
  readonly kind: 'started' | 'deploy' | 'tools' | 'config' | 'incident'
  /** In words of our own, but for names. */
  readonly title: string
  readonly server?: string
  readonly component?: string
}
