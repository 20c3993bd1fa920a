import { type EventOf, event, OWN_SERVER } from '@mcp-vitals/instrument/event'
import type { Publish } from '@mcp-vitals/instrument/stream'
import { type HistoryEntry, severityOf } from '../alerts/index.js'

/** Who acts on alerts holds the admin token: a name that somebody gives beside it may be a person's. */
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
export const testEvent = (channel: string, at: number): EventOf<'alert'> =>
  event('alert', at, { server: OWN_SERVER, agent: ADMIN }, { action: 'tested', alert: channel })

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
function eventOf({ at, what, fingerprint, labels }: HistoryEntry): EventOf<'alert'>[] {
  if (!isAction(what)) return []
  const action = ACTIONS[what]
  // Of a component that is no server the rules know the name of its check.
  const concerned = labels.server ?? labels.check
  const isAct = action !== 'fired' && action !== 'resolved'
  const fields = {
    action,
    alert: (labels.alertname ?? labels.silence ?? '').slice(0, 256),
    ...(fingerprint !== undefined && { fingerprint, severity: severityOf(labels) }),
    ...(concerned !== undefined && { concerns: concerned.slice(0, 128) }),
  }
  return [event('alert', at, { server: OWN_SERVER, ...(isAct && { agent: ADMIN }) }, fields)]
}

const isAction = (what: string): what is keyof typeof ACTIONS => Object.hasOwn(ACTIONS, what)
