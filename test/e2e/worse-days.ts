/** What happens on days when alerts fire: servers and components that are not well, and what their applications tell of. */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { fill, smallDisk } from '../faults/broken-disk.js'
import { pushFarEnd } from '../fixtures/push-far-ends.js'
import { post } from './presets-harness.js'
import { DAY_MS } from './stack.js'

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

/** Most events in one post. */
const POSTED = 1000
/** Requests a second at first; twice as many come after each half of a week, until all begins anew after two weeks and a half. */
const FIRST_RATE = 200
const DOUBLED_MS = (7 * DAY_MS) / 2
const OVER_MS = 5 * DOUBLED_MS

const times = (count: number, event: (index: number) => object) => Array.from({ length: count }, (_, at) => event(at))
const call = { type: 'request.ended', direction: 'client_to_server', method: 'tools/call', name: 'search' }
const failed = { outcome: 'timeout', status: 504, durationMs: 9000, requestBytes: 9, responseBytes: 9 }

/** What one more round brings: ever longer queues, slow answers, failures, refusals, spending. */
export function dayOf(round: number): readonly object[] {
  const listed = { type: 'tools.listed', sizeBytes: 400, complete: true, hashes: ['', ''] }
  const exchange = { type: 'http', method: 'POST', path: '/mcp', status: 503, requestBytes: 9, responseBytes: 9 }
  return [
    ...(round > 0 ? [] : times(SESSIONS, (at) => ({ type: 'session.opened', session: `many-${at}`, era: 'legacy' }))),
    // A tool that was there is not any more.
    { ...listed, tools: ['search', 'find'] },
    { ...call, ...failed, name: 'find', outcome: 'protocol_error', status: 404, operation: `f-${round}` },
    // Calls that nobody answers.
    ...times(5, (at) => ({ ...call, type: 'request.started', operation: `q-${round}-${at}` })),
    ...times(200, (at) => ({ ...call, ...failed, operation: `w-${round}-${at}` })),
    ...times(3, () => ({ ...exchange, durationMs: 9000 })),
    { type: 'queue', plugin: 'mail', action: 'entered', size: 150 + 10 * round },
    ...times(12, () => ({ type: 'auth', action: 'refused', reason: 'unauthorized' })),
    ...times(3, () => ({ type: 'limit', limitType: 'agent', layer: 'mcp' })),
    { type: 'provider', provider: 'payments', ok: false, durationMs: 40, errorCode: '503' },
    ...times(5, () => ({ type: 'error', errorType: 'SmtpError', name: 'search', reason: 'internal' })),
    { type: 'usage', provider: 'acme', model: 'm', inputTokens: 9, outputTokens: 3, costUsd: 50, estimated: false },
  ]
}

/** What befalls the daemon itself. */
export interface Troubles {
  /** Sections of its configuration, where its output goes, and its environment. */
  readonly config?: object
  readonly redirection?: string
  readonly env?: Readonly<Record<string, string>>
  begin(): void
  /** One more round; `told`: the alerts that were seen. */
  round(daemon: { readonly url: string; readonly dataDir: string }, told: ReadonlySet<string>): Promise<void>
}

/** Of those whose rules watch the daemon, by the name of their guide. */
export const TROUBLES: Readonly<Record<string, (home: string) => Promise<Troubles>>> = {
  /**
   * A receiver that refuses, an anchor in a place that is none, ever more requests, and a disk that is full: the daemon's
   * output and its audit log have it to themselves, so that its store goes on taking what the days bring.
   */
  async letta(home) {
    const disk = smallDisk('16m')
    mkdirSync(join(home, 'state'), { mode: 0o700 })
    symlinkSync(join(disk, 'audit.db'), join(home, 'state/audit.db'))
    const far = await pushFarEnd()
    let more = () => 0
    return {
      config: {
        push: { loki: { url: `${far.url}/loki/api/v1/push` } },
        audit: { anchors: { away: { file: join(home, 'mcp.json/checkpoints') } }, checkpoints: { everyMs: 1000 } },
      },
      redirection: `> ${join(disk, 'output.log')}`,
      begin() {
        far.reply({ status: 400 })
        fill(join(disk, 'of others'))
        more = growth()
      },
      async round(daemon, told) {
        if (told.has('RequestsGrowing')) return
        for (let left = more(); left > 0; left -= POSTED)
          await post(
            daemon,
            times(Math.min(left, POSTED), () => ({ ...call, ...failed, operation: 'more' })),
          )
      },
    }
  },
  /** A process that takes more memory and CPU than it should. */
  async dust(home) {
    const file = join(home, 'burden')
    const burden = fileURLToPath(new URL('../fixtures/burden.mjs', import.meta.url))
    return {
      env: { NODE_OPTIONS: `--import ${burden}`, BURDEN_FILE: file },
      begin: () => writeFileSync(file, ''),
      async round(_, told) {
        if (told.has('HighMemoryUsage') && told.has('HighCPUUsage')) rmSync(file, { force: true })
      },
    }
  },
}

/** How many requests more are to come since it was asked last. By time, not by rounds, which take longer on a busy machine. */
function growth(): () => number {
  const begun = performance.now()
  let last = begun
  return () => {
    const now = performance.now()
    const rate = FIRST_RATE * 2 ** (((now - begun) % OVER_MS) / DOUBLED_MS)
    const more = Math.round((rate * (now - last)) / 1000)
    last = now
    return more
  }
}
