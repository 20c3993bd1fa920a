/**
 * What lets a caller in at a route. A condition on the configuration stands behind the comma.
 *
 * - `nothing`: whoever asks.
 * - `owner token`: what stands in the state directory, where its owner alone can read it.
 * - `heartbeat token`: that of the component which the path names.
 * - `session viewer`, `session admin`: that somebody of that role, or of more, logged in at the dashboard; for what changes
 *   anything with the session's CSRF token as well.
 * - `ingest token`, `key`, `signature`: asked for by the ingest, by the doors of the gateway, and by what Twilio calls,
 *   themselves.
 */
export type Opener =
  | 'nothing'
  | 'nothing, with listen.openScrape'
  | 'nothing, with status.public'
  | 'nothing, without doors.keys'
  | 'admin token'
  | 'owner token'
  | 'session viewer'
  | 'session admin'
  | 'signature'
  | 'ingest token'
  | 'heartbeat token'
  | 'nothing, without a heartbeat token'
  | 'key'

/** One route: who is let in, by where the connection comes from. Each of the openers alone is enough. */
export interface Route {
  /** `any`: the gateway answers for the method itself, as the protocol's revisions differ. */
  readonly method: 'GET' | 'POST' | 'GET, POST' | 'any'
  readonly path: string
  /** For a connection from the loopback interface. */
  readonly here: readonly Opener[]
  /** For any other. */
  readonly elsewhere: readonly Opener[]
  /** The configuration with which it is there, where not with any. */
  readonly when?: 'with gateway.front' | 'without gateway.front'
}

const SCRAPED = {
  method: 'GET',
  here: ['nothing'],
  elsewhere: ['admin token', 'nothing, with listen.openScrape'],
} as const
/** What acts on the daemon, or tells who did: on this machine too not for every program of every user. */
const OWNED = {
  here: ['owner token', 'admin token', 'session viewer'],
  elsewhere: ['admin token', 'session viewer'],
} as const
const ACTED = {
  here: ['owner token', 'admin token', 'session admin'],
  elsewhere: ['admin token', 'session admin'],
} as const
const SHOWN = { method: 'GET', here: ['nothing'], elsewhere: ['admin token'] } as const
/** Where it is public, it tells everybody the same, so that a reverse proxy on this machine opens no more. */
const PUBLISHED = {
  method: 'GET',
  here: ['nothing'],
  elsewhere: ['admin token', 'nothing, with status.public'],
} as const
/** What tells of itself has a token of its own, and need not have one on this machine. */
const TOLD = {
  method: 'GET, POST',
  here: ['heartbeat token', 'nothing, without a heartbeat token'],
  elsewhere: ['heartbeat token'],
} as const
/** What the dashboard reads: on this machine it is shown like any face. */
const VIEWED = { method: 'GET', here: ['nothing'], elsewhere: ['session viewer', 'admin token'] } as const
/** The page, which has nothing in it, and the way in. */
const OPEN = { here: ['nothing'], elsewhere: ['nothing'] } as const
/** The doors of the gateway ask for keys themselves. */
const SERVED = { method: 'any', here: ['key', 'nothing, without doors.keys'], elsewhere: ['key'] } as const
/** The server at the front. */
const FRONT = { ...SERVED, when: 'with gateway.front' } as const
/** What fires, and who knows of it, is not for every program on this machine. */
const AGENTS = { method: 'POST', here: ['owner token', 'admin token'], elsewhere: ['admin token'] } as const
/** What is asked may be longer than an address. */
const ASKED = { ...SHOWN, method: 'GET, POST' } as const

/**
 * The one table of what this process answers: route × address × credential. The HTTP server goes by it, whatever it says,
 * the test walks every cell of it against the running daemon, and docs/reference/routes.md is written from it.
 */
export const ROUTES = {
  status: { ...SHOWN, path: '/' },
  overview: { ...PUBLISHED, path: '/status' },
  overviewFull: { ...SHOWN, path: '/status/full' },
  feedRss: { ...PUBLISHED, path: '/status/feed.rss' },
  feedJson: { ...PUBLISHED, path: '/status/feed.json' },
  badge: { ...PUBLISHED, path: '/status/badge.svg' },
  badgeUptime: { ...PUBLISHED, path: '/status/uptime.svg' },
  badgeComponent: { ...PUBLISHED, path: '/status/badge/:name' },
  badgeComponentUptime: { ...PUBLISHED, path: '/status/badge/:name/uptime.svg' },
  healthComponents: { ...SHOWN, path: '/api/health/components' },
  healthIncidents: { ...SHOWN, path: '/api/health/incidents' },
  health: { ...SCRAPED, path: '/health' },
  healthReady: { ...SCRAPED, path: '/health/ready' },
  ready: { ...SCRAPED, path: '/ready' },
  metrics: { ...SCRAPED, path: '/metrics' },
  ingest: { method: 'POST', path: '/v1/events', here: ['ingest token'], elsewhere: ['ingest token'] },
  heartbeat: { ...TOLD, path: '/heartbeat/:name' },
  heartbeatOutcome: { ...TOLD, path: '/heartbeat/:name/:outcome' },
  alerts: { ...OWNED, method: 'GET', path: '/admin/api/alerts' },
  alertsHistory: { ...OWNED, method: 'GET', path: '/admin/api/alerts/history' },
  alertsAct: { ...ACTED, method: 'POST', path: '/admin/api/alerts/act' },
  twilio: { method: 'POST', path: '/v1/alerts/twilio', here: ['signature'], elsewhere: ['signature'] },
  ingestSchema: { ...SHOWN, path: '/v1/events/schema' },
  apiQuery: { ...ASKED, path: '/api/v1/query' },
  apiQueryRange: { ...ASKED, path: '/api/v1/query_range' },
  apiLabels: { ...ASKED, path: '/api/v1/labels' },
  apiLabelValues: { ...SHOWN, path: '/api/v1/label/:name/values' },
  apiSeries: { ...ASKED, path: '/api/v1/series' },
  apiExemplars: { ...ASKED, path: '/api/v1/query_exemplars' },
  apiMetadata: { ...SHOWN, path: '/api/v1/metadata' },
  apiTargets: { ...SHOWN, path: '/api/v1/targets' },
  apiRules: { ...SHOWN, path: '/api/v1/rules' },
  apiAlerts: { ...SHOWN, path: '/api/v1/alerts' },
  apiBuildInfo: { ...SHOWN, path: '/api/v1/status/buildinfo' },
  audit: {
    method: 'GET',
    path: '/admin/api/audit',
    here: ['admin token', 'session viewer'],
    elsewhere: ['admin token', 'session viewer'],
  },
  auditVerify: {
    method: 'GET',
    path: '/admin/api/audit/verify',
    here: ['admin token', 'session viewer'],
    elsewhere: ['admin token', 'session viewer'],
  },
  session: { ...OPEN, method: 'GET', path: '/admin/api/session' },
  login: { ...OPEN, method: 'POST', path: '/admin/api/login' },
  logout: { method: 'POST', path: '/admin/api/logout', here: ['session viewer'], elsewhere: ['session viewer'] },
  dashboardAsset: { ...OPEN, method: 'GET', path: '/admin/dashboard/assets/*' },
  dashboard: { ...OPEN, method: 'GET', path: '/admin/dashboard' },
  dashboardView: { ...OPEN, method: 'GET', path: '/admin/dashboard/*' },
  dashboardData: { ...VIEWED, path: '/admin/api/dashboard' },
  dashboardStream: { ...VIEWED, path: '/admin/api/stream' },
  dashServers: { ...VIEWED, path: '/admin/api/servers' },
  dashTools: { ...VIEWED, path: '/admin/api/tools' },
  dashTool: { ...VIEWED, path: '/admin/api/tools/:server/:tool' },
  dashSessions: { ...VIEWED, path: '/admin/api/sessions' },
  dashSession: { ...VIEWED, path: '/admin/api/sessions/:session' },
  dashChanges: { ...VIEWED, path: '/admin/api/changes' },
  dashSettings: { ...OWNED, method: 'GET', path: '/admin/api/settings' },
  dashQuery: { ...VIEWED, path: '/admin/api/v1/query' },
  dashQueryRange: { ...VIEWED, path: '/admin/api/v1/query_range' },
  dashLabels: { ...VIEWED, path: '/admin/api/v1/labels' },
  dashLabelValues: { ...VIEWED, path: '/admin/api/v1/label/:name/values' },
  dashSeries: { ...VIEWED, path: '/admin/api/v1/series' },
  dashMetadata: { ...VIEWED, path: '/admin/api/v1/metadata' },
  dashRules: { ...VIEWED, path: '/admin/api/v1/rules' },
  dashComponents: { ...VIEWED, path: '/admin/api/health/components' },
  dashIncidents: { ...VIEWED, path: '/admin/api/health/incidents' },
  agent: { ...AGENTS, path: '/admin/mcp' },
  agentMcp: { ...AGENTS, path: '/mcp', when: 'without gateway.front' },
  gateway: { ...SERVED, path: '/mcp/:name' },
  frontMcp: { ...FRONT, path: '/mcp' },
  frontSse: { ...FRONT, path: '/sse' },
  frontMessage: { ...FRONT, path: '/message' },
} as const satisfies Record<string, Route>

/** Every other path: nothing is served there, and that is told to those alone whom it may concern. */
export const UNLISTED: Pick<Route, 'here' | 'elsewhere'> = { here: ['nothing'], elsewhere: ['admin token'] }

export type RouteName = keyof typeof ROUTES
