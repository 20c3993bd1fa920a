import type { z } from 'zod'
import type { AlertView, Labels, Outcome } from '../../alerts/index.js'
import { deliver } from '../shared/post.js'
import type { alertmanagerOptions } from './options.js'

/** Alerts of one post, as Prometheus has it. */
const BATCH = 256
/** How long the end of an alert is sent, milliseconds: as Prometheus does. */
const RESOLVED_MS = 15 * 60_000
/** How long a test fires, milliseconds: longer than Alertmanager waits for others by default. */
const TEST_MS = 60_000
/** Times of `resendMs` after which Alertmanager resolves what it hears nothing of. */
const PATIENCE = 4

/** What fires, at one moment, for an Alertmanager. */
export interface Feed {
  readonly resendMs: number
  readonly timeoutMs: number
  /** Sends all that fires now, and for a while the end of what did. */
  send(firing: readonly AlertView[], now: number, signal: AbortSignal): Promise<Outcome>
  /** Sends an alert that says that it is a test, and is over by itself. */
  test(now: number, signal: AbortSignal): Promise<Outcome>
}

/** Alertmanager's API: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml */
export function createAlertmanager(
  { url, headers, resendMs, timeoutMs }: z.infer<typeof alertmanagerOptions>,
  tools: { readonly fetch: typeof fetch },
): Feed {
  const known = new Map<string, AlertView>()
  const ended = new Map<string, { readonly alert: AlertView; readonly at: number }>()

  function note(firing: readonly AlertView[], now: number): void {
    const names = new Set(firing.map(({ fingerprint }) => fingerprint))
    for (const [fingerprint, alert] of known) if (!names.has(fingerprint)) ended.set(fingerprint, { alert, at: now })
    known.clear()
    for (const alert of firing) {
      known.set(alert.fingerprint, alert)
      ended.delete(alert.fingerprint)
    }
    for (const [fingerprint, { at }] of ended) if (now - at > RESOLVED_MS) ended.delete(fingerprint)
  }

  const post = (alerts: readonly object[], signal: AbortSignal) =>
    deliver({
      fetch: tools.fetch,
      url: `${url.replace(/\/$/, '')}/api/v2/alerts`,
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(alerts),
      signal,
    })

  return {
    resendMs,
    timeoutMs,
    async send(firing, now, signal) {
      note(firing, now)
      const all = [
        ...firing.map((alert) => posted(alert, now + PATIENCE * resendMs)),
        ...[...ended.values()].map(({ alert, at }) => posted(alert, at)),
      ]
      for (let from = 0; from < all.length; from += BATCH) {
        const outcome = await post(all.slice(from, from + BATCH), signal)
        if (outcome.is !== 'sent') return outcome
      }
      return { is: 'sent' }
    },
    test(now, signal) {
      const labels = { alertname: 'Test', severity: 'info' }
      const annotations = { summary: 'This is a test of mcp-vitals' }
      return post([posted({ labels, annotations, startsAt: now }, now + TEST_MS)], signal)
    },
  }
}

function posted(
  { labels, annotations, startsAt }: Pick<AlertView, 'labels' | 'annotations' | 'startsAt'>,
  endsAt: number,
) {
  const times = { startsAt: new Date(startsAt).toISOString(), endsAt: new Date(endsAt).toISOString() }
  return { labels: filled(labels), annotations: filled(annotations), ...times, generatorURL: '' }
}

/** It refuses values that are empty, which mean the same as none. */
function filled(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ''))
}
