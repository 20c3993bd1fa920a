/** The dashboards that were exported, and what fills each of their panels. */

/** Where a query is answered by Prometheus's HTTP API. */
export interface Answers {
  readonly api: string
}

const CALL = { direction: 'client_to_server', method: 'tools/call', requestBytes: 90 }
/** What only applications and the worse days bring about. */
export const EVENTS: readonly object[] = [
  { type: 'tools.listed', server: 'app', tools: ['search'], hashes: [''], sizeBytes: 400, complete: true },
  ...['ok', 'tool_error', 'timeout'].map((outcome, index) => ({
    ...{ type: 'request.ended', ...CALL, server: 'app', session: 's-1', name: 'search', operation: `o-${index}` },
    ...{ outcome, status: [200, 500, 504][index], durationMs: 20, responseBytes: 300 },
  })),
  { type: 'session.opened', server: 'app', session: 's-1', era: 'legacy' },
  { type: 'session.closed', server: 'app', session: 's-1', durationMs: 5000, reason: 'client' },
  {
    type: 'notification',
    server: 'app',
    method: 'notifications/progress',
    direction: 'server_to_client',
    sizeBytes: 9,
  },
  {
    type: 'http',
    server: 'app',
    method: 'POST',
    path: '/mcp',
    status: 503,
    durationMs: 9,
    requestBytes: 9,
    responseBytes: 9,
  },
  { type: 'queue', server: 'app', plugin: 'mail', action: 'entered', size: 1 },
  { type: 'queue', server: 'app', plugin: 'mail', action: 'started', waitMs: 30, size: 0 },
  ...['ok', 'tool_error'].map((outcome) => ({
    ...{ type: 'plugin', server: 'app', plugin: 'mail', command: 'send', outcome, durationMs: 15 },
  })),
  { type: 'provider', server: 'app', provider: 'payments', ok: true, durationMs: 40 },
  { type: 'provider', server: 'app', provider: 'dustApi', ok: false, durationMs: 40, errorCode: '503' },
  { type: 'provider', server: 'app', provider: 'database', ok: false, durationMs: 4, errorCode: 'ECONNREFUSED' },
  { type: 'business', server: 'app', name: '3d_generations', value: 1 },
  {
    ...{ type: 'anomaly', server: 'app', name: 'search', signal: 'latency', stage: 'found', severity: 'MEDIUM' },
    ...{ usual: 20, seen: 900, calls: 40 },
  },
  { type: 'auth', server: 'app', action: 'refused', reason: 'unauthorized' },
  { type: 'limit', server: 'app', limitType: 'calls', layer: 'mcp' },
  { type: 'limit', server: 'app', limitType: 'address', layer: 'http' },
  { type: 'validation', server: 'app', name: 'search', reason: 'invalid_input' },
  { type: 'security', server: 'app', kind: 'probing', severity: 'LOW' },
  { type: 'message', server: 'app', channel: 'sms', ok: true },
  { type: 'message', server: 'app', channel: 'sms', ok: false },
  { type: 'webhook', server: 'app', kind: 'delivery' },
  { type: 'agent', server: 'app', action: 'provisioned' },
  { type: 'agent', server: 'app', action: 'used', category: 'support' },
  { type: 'voice', server: 'app', action: 'started', id: 'v-1' },
  {
    type: 'usage',
    server: 'app',
    provider: 'acme',
    model: 'm',
    inputTokens: 9,
    outputTokens: 3,
    costUsd: 1,
    estimated: false,
  },
]

/** The values of an expression's series now. */
export async function valuesOf({ api }: Answers, expression: string): Promise<readonly number[]> {
  const body = new URLSearchParams({ query: expression })
  const answer = await fetch(`${api}/api/v1/query`, { method: 'POST', body })
  const { data, error } = (await answer.json()) as {
    readonly data?: { readonly result: readonly { readonly value: readonly [number, string] }[] }
    readonly error?: string
  }
  if (data === undefined) throw new Error(`${expression}: ${error}`)
  return data.result.map(({ value }) => Number(value[1]))
}

export interface Asked {
  readonly panel: string
  readonly expr: string
}

/** What the panels of dashboards ask, with everything chosen. */
export const askedOf = (boards: readonly { readonly path: string; readonly text: string }[]): readonly Asked[] =>
  boards.flatMap(({ path, text }) =>
    (JSON.parse(text).panels as readonly { title: string; targets: readonly { expr: string }[] }[]).flatMap(
      ({ title, targets }) =>
        targets.map(({ expr }) => ({ panel: `${path}: ${title}`, expr: expr.replace(/\$(server|tool)/g, '.*') })),
    ),
  )

/** Those that have no value, or none that is a number. */
export async function emptyOf(prometheus: Answers, all: readonly Asked[]): Promise<readonly Asked[]> {
  const empty: Asked[] = []
  for (const asked of all)
    if (!(await valuesOf(prometheus, asked.expr)).some((value) => !Number.isNaN(value))) empty.push(asked)
  return empty
}
