/**
 * The one table of what this process answers: route × method × credential. Everything is on the loopback interface.
 * What is not here is not served; the test walks the table against the running daemon.
 */
export const ROUTES = {
  status: { method: 'GET', path: '/', credential: 'none' },
  health: { method: 'GET', path: '/health', credential: 'none' },
  healthReady: { method: 'GET', path: '/health/ready', credential: 'none' },
  ready: { method: 'GET', path: '/ready', credential: 'none' },
  metrics: { method: 'GET', path: '/metrics', credential: 'none' },
  ingest: { method: 'POST', path: '/v1/events', credential: 'ingest token' },
  ingestSchema: { method: 'GET', path: '/v1/events/schema', credential: 'none' },
  gateway: { method: 'any', path: '/mcp/:name', credential: 'none' },
} as const satisfies Record<string, Route>

export interface Route {
  /** `any`: the gateway answers for the method itself, as the protocol's revisions differ. */
  readonly method: 'GET' | 'POST' | 'any'
  readonly path: string
  readonly credential: 'none' | 'ingest token'
}

export type RouteName = keyof typeof ROUTES
