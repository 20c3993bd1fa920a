import { type EventOf, event, OWN_SERVER } from '@mcp-vitals/instrument/event'
import type { Publish } from '@mcp-vitals/instrument/stream'
import { type HistoryEntry, severityOf } from '../alerts/index.js'

/** Who acts on alerts has shown a token. The name that they give beside it (`by`) is what they say, and proves nothing. */
const ADMIN = 'admin'
const ACTIONS = {
  firing: 'fired',
  acknowledged: 'acknowledged',
  unacknowledged: 'unacknowledged',
  resolved: 'resolved',
  silenced: 'silenced',
  unsilenced: 'unsilenced',
} as const

/** A test that somebody sent to a channel: no alert knows of it. */
export const testEvent = (channel: string, by: string, at: number): EventOf<'alert'> =>
  event('alert', at, { server: OWN_SERVER, agent: ADMIN }, { action: 'tested', alert: channel, by })

/** Publishes what became of alerts, as the pager keeps it; what came before there is somewhere to publish to is told then. */
export function createAlertEvents(): {
  tell(entries: readonly HistoryEntry[]): void
  connect(publish: Publish): void
} {
  const early: HistoryEntry[] = []
  let publish: Publish | undefined
  return {
    tell(entries) {
      if (publish) for (const entry of entries) for (const one of eventOf(entry)) publish(one)
      else early.push(...entries)
    },
    connect(to) {
      publish = to
      this.tell(early.splice(0))
    },
  }
}

/** What happened to an alert or a silence; nothing of a message. */
function eventOf({ at, what, fingerprint, labels, by }: HistoryEntry): EventOf<'alert'>[] {
  if (!isAction(what)) return []
  // Of a component that is no server the rules know the name of its check.
  const concerned = labels.server ?? labels.check
  const fields = {
    action: ACTIONS[what],
    alert: (labels.alertname ?? labels.silence ?? '').slice(0, 256),
    ...(fingerprint !== undefined && { fingerprint, severity: severityOf(labels) }),
    ...(concerned !== undefined && { concerns: concerned.slice(0, 128) }),
    ...(by !== undefined && { by }),
  }
  // Nobody acted where no name is given: an alert came or went, or the daemon ended a silence by itself.
  return [event('alert', at, { server: OWN_SERVER, ...(by !== undefined && { agent: ADMIN }) }, fields)]
}

const isAction = (what: string): what is keyof typeof ACTIONS => Object.hasOwn(ACTIONS, what)
