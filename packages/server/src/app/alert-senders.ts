import type { AlertView, Outcome } from '../alerts/index.js'
import { viewOf } from '../alerts/index.js'
import type { Feed } from '../channels/index.js'
import type { Config } from '../config/index.js'
import type { Pager } from '../pager/index.js'
import type { Logger } from '../sinks/log/index.js'

/** How often a feed looks for what began or ended since it last sent. Milliseconds. */
const LOOK_MS = 5000
const HEARTBEAT_TIMEOUT_MS = 10_000

/** Sends what fires to an Alertmanager: at once when it changes, and again and again while it lasts. */
export function startFeed(
  name: string,
  feed: Feed,
  pager: Pick<Pager, 'alerts'>,
  logger: Logger,
): { stop(): Promise<void> } {
  let isFailing = false
  let sentAt = 0
  let sent = ''
  let looking: Promise<void> | undefined

  async function look(): Promise<void> {
    const now = Date.now()
    const { alerts } = await pager.alerts()
    const firing: AlertView[] = alerts
      .filter(({ alert, quiet, channels }) => isFiring(alert.state) && quiet === undefined && channels.includes(name))
      .map(({ alert }) => viewOf(alert))
    const what = firing.map(({ fingerprint, startsAt }) => `${fingerprint} ${startsAt}`).join()
    // Prometheus sends nothing while nothing fires; the end of what fired is sent for a while.
    if (what === sent && now - sentAt < feed.resendMs) return
    const outcome = await feed.send(firing, now, AbortSignal.timeout(feed.timeoutMs))
    if (outcome.is === 'sent') {
      sentAt = now
      sent = what
    }
    told(outcome)
  }

  function told(outcome: Outcome): void {
    if (outcome.is === 'failed' || outcome.is === 'refused') {
      if (!isFailing)
        logger.warning('alert_not_sent', `The alert channel ${name} took no alerts: ${outcome.problem}`, {
          channel: name,
        })
      isFailing = true
    } else {
      if (isFailing)
        logger.info('alert_channel_recovered', `The alert channel ${name} takes alerts again`, { channel: name })
      isFailing = false
    }
  }

  const timer = setInterval(
    () => {
      // The pager's thread may be away for a moment, which was told of.
      looking ??= look()
        .catch(() => {})
        .finally(() => {
          looking = undefined
        })
    },
    Math.min(LOOK_MS, feed.resendMs),
  )
  return {
    async stop() {
      clearInterval(timer)
      await looking
    },
  }
}

/**
 * Asks an address while alerts work, so that somebody elsewhere hears it stop. `isWell` may take its time: where it has no
 * answer, nobody is asked.
 */
export function startHeartbeat(
  { url, everyMs }: Config['alerts']['heartbeat'],
  isWell: () => Promise<boolean>,
  logger: Logger,
): { lastAt(): number | undefined; stop(): void } {
  let lastAt: number | undefined
  let isFailing = false
  let isBeating = false
  if (url === undefined) return { lastAt: () => undefined, stop() {} }

  async function beat(): Promise<void> {
    if (!(await isWell())) return
    const problem = await ask(url!)
    if (problem === undefined) lastAt = Date.now()
    else if (!isFailing) logger.warning('heartbeat_failed', `Nobody heard the heartbeat of alerts: ${problem}`)
    isFailing = problem !== undefined
  }
  async function next(): Promise<void> {
    if (isBeating) return
    isBeating = true
    await beat()
    isBeating = false
  }
  void next()
  const timer = setInterval(() => void next(), everyMs)
  return { lastAt: () => lastAt, stop: () => clearInterval(timer) }
}

async function ask(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(HEARTBEAT_TIMEOUT_MS), redirect: 'manual' })
    await response.body?.cancel()
    return response.ok ? undefined : `it answered ${response.status}`
  } catch {
    return 'it could not be reached'
  }
}

function isFiring(state: string): boolean {
  return state === 'firing' || state === 'acknowledged'
}
