/** What happens on days when alerts fire: servers and components that are not well, and what their applications tell of. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

/** Sections of a configuration: beside the servers one that is gone, and components that are slow, slower, gone or cut off. */
export async function worse(servers: object): Promise<object> {
  const site = createServer(({ url }, response) => {
    setTimeout(() => response.end('ok'), url === '/slow' ? 500 : 1500)
  })
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    site.closeAllConnections()
    site.close()
  })
  const url = `http://127.0.0.1:${(site.address() as AddressInfo).port}`
  // Of a refusal the monitor knows that there is a way; of a name that nobody has it does not.
  const nowhere = { type: 'tcp', host: 'nowhere.invalid', port: 9 }
  return {
    servers: { ...servers, gone: { url: 'http://127.0.0.1:1/mcp' } },
    monitor: {
      intervalMs: 1000,
      healthy: { latencyMs: 300 },
      degraded: { latencyMs: 1000 },
      connectivity: { targets: [nowhere] },
      components: {
        slow: { type: 'http', url: `${url}/slow` },
        slower: { type: 'http', url: `${url}/slower` },
        closed: { type: 'tcp', host: '127.0.0.1', port: 1 },
        elsewhere: nowhere,
      },
    },
  }
}

/** Sessions that stay open, in the first round. */
const SESSIONS = 101

/** What one more round brings: ever longer queues, slow answers, failures, refusals, spending. */
export function dayOf(round: number): readonly object[] {
  const times = (count: number, event: (index: number) => object) => Array.from({ length: count }, (_, at) => event(at))
  const listed = { type: 'tools.listed', sizeBytes: 400, complete: true, hashes: ['', ''] }
  const call = { type: 'request.ended', direction: 'client_to_server', method: 'tools/call', name: 'search' }
  const failed = { outcome: 'timeout', status: 504, durationMs: 9000, requestBytes: 9, responseBytes: 9 }
  const post = { type: 'http', method: 'POST', path: '/mcp', status: 503, requestBytes: 9, responseBytes: 9 }
  return [
    ...(round > 0 ? [] : times(SESSIONS, (at) => ({ type: 'session.opened', session: `many-${at}`, era: 'legacy' }))),
    // A tool that was there is not any more.
    { ...listed, tools: ['search', 'find'] },
    { ...call, ...failed, name: 'find', outcome: 'protocol_error', status: 404, operation: `f-${round}` },
    // Calls that nobody answers.
    ...times(5, (at) => ({ ...call, type: 'request.started', operation: `q-${round}-${at}` })),
    ...times(200, (at) => ({ ...call, ...failed, operation: `w-${round}-${at}` })),
    ...times(3, () => ({ ...post, durationMs: 9000 })),
    { type: 'queue', plugin: 'mail', action: 'entered', size: 150 + 10 * round },
    ...times(12, () => ({ type: 'auth', action: 'refused', reason: 'unauthorized' })),
    ...times(3, () => ({ type: 'limit', limitType: 'agent', layer: 'mcp' })),
    { type: 'provider', provider: 'payments', ok: false, durationMs: 40, errorCode: '503' },
    ...times(5, () => ({ type: 'error', errorType: 'SmtpError', name: 'search', reason: 'internal' })),
    { type: 'usage', provider: 'acme', model: 'm', inputTokens: 9, outputTokens: 3, costUsd: 50, estimated: false },
  ]
}
