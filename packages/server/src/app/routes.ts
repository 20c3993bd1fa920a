/**
 * The one table of what this process answers: route × method × the credential that it asks of a caller on this machine and
 * of one elsewhere. The HTTP server goes by it, and the test walks it against the running daemon. What is not here is not
 * served, and to callers elsewhere not even told of without the admin token.
 */
export const ROUTES = {
  status: { method: 'GET', path: '/', here: 'none', elsewhere: 'admin token' },
  health: { method: 'GET', path: '/health', here: 'none', elsewhere: 'admin token or open scrape' },
  healthReady: { method: 'GET', path: '/health/ready', here: 'none', elsewhere: 'admin token or open scrape' },
  ready: { method: 'GET', path: '/ready', here: 'none', elsewhere: 'admin token or open scrape' },
  metrics: { method: 'GET', path: '/metrics', here: 'none', elsewhere: 'admin token or open scrape' },
  ingest: { method: 'POST', path: '/v1/events', here: 'ingest token', elsewhere: 'ingest token' },
  ingestSchema: { method: 'GET', path: '/v1/events/schema', here: 'none', elsewhere: 'admin token' },
  gateway: { method: 'any', path: '/mcp/:name', here: 'key where doors.keys is set', elsewhere: 'key' },
} as const satisfies Record<string, Route>

/**
 * What a caller has to show. The ingest and the doors ask for theirs themselves, wherever a caller is; `open scrape`:
 * nothing, where `listen.openScrape` is set.
 */
export type Credential =
  | 'none'
  | 'ingest token'
  | 'admin token'
  | 'admin token or open scrape'
  | 'key'
  | 'key where doors.keys is set'

export interface Route {
  /** `any`: the gateway answers for the method itself, as the protocol's revisions differ. */
  readonly method: 'GET' | 'POST' | 'any'
  readonly path: string
  /** For a connection from the loopback interface. */
  readonly here: Credential
  /** For any other. */
  readonly elsewhere: Credential
}

export type RouteName = keyof typeof ROUTES
