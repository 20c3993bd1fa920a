/** Who may bring about a row of a type: `daemon`, this process alone; `ingest`, also a sender at the ingest. */
type Writer = 'daemon' | 'ingest'

/**
 * Every type of row: what happened, and who may say so. What the daemon alone decides or does, nobody else can claim. New
 * ones stand at the end, so that the golden log, which has a row of each, only grows.
 */
export const AUDIT_EVENTS = {
  PROVISION: { doc: 'An agent was provisioned.', writer: 'ingest' },
  DEPROVISION: { doc: 'An agent was deprovisioned.', writer: 'ingest' },
  AUTH_FAILURE: { doc: 'Somebody was refused for want of a right key or token.', writer: 'ingest' },
  AUTH_LOCKOUT: { doc: 'Somebody failed too often and is refused for a while.', writer: 'ingest' },
  CONFIG_CHANGED: { doc: 'The configuration in force changed.', writer: 'daemon' },
  SERVER_STARTED: { doc: 'A server process was started.', writer: 'ingest' },
  SERVER_STOPPED: { doc: 'A server process ended as was wanted.', writer: 'ingest' },
  SERVER_CRASHED: { doc: 'A server process ended by failure.', writer: 'ingest' },
  SESSION_OPENED: { doc: 'A client and a server agreed to talk.', writer: 'ingest' },
  SESSION_CLOSED: { doc: 'A session ended.', writer: 'ingest' },
  TOOL_INTENT: { doc: 'A tool is about to be called; written before the call goes on.', writer: 'daemon' },
  TOOL_CALLED: { doc: 'A call of a tool ended.', writer: 'ingest' },
  TOOL_DEFINITION_CHANGED: {
    doc: 'A server offers other tools than were ever seen of it: to a kind of caller that it had shown its tools (`caller` is `known`), or to one that it had not (`new`), for whom they may have been others before.',
    writer: 'ingest',
  },
  RATE_LIMITED: { doc: 'A rate limit was hit.', writer: 'ingest' },
  SPENDING_LIMIT: { doc: 'Spending reached a part of its limit.', writer: 'ingest' },
  ALERT_FIRED: { doc: 'An alert began.', writer: 'daemon' },
  ALERT_ACKNOWLEDGED: { doc: 'Somebody took an alert on.', writer: 'daemon' },
  ALERT_RESOLVED: { doc: 'An alert ended.', writer: 'daemon' },
  ALERT_SILENCED: { doc: 'Alerts were silenced for a while.', writer: 'daemon' },
  REMEDIATION_RUN: {
    doc: 'A rule of remediation acted on a component, or a check told what came of it.',
    writer: 'daemon',
  },
  ADMIN_LOGIN: {
    doc: 'Somebody was let in at the dashboard; `reason` tells in which role and by what.',
    writer: 'daemon',
  },
  EXPORT: { doc: 'Rows were exported.', writer: 'daemon' },
  ARCHIVE: { doc: 'Rows were moved to an archive.', writer: 'daemon' },
  ERASURE: { doc: 'Committed values were erased.', writer: 'daemon' },
  KEY_ROTATED: { doc: 'Checkpoints are signed by a new key from here on.', writer: 'daemon' },
  LOG_REPAIRED: { doc: 'A torn or unreadable tail was cut off at a start.', writer: 'daemon' },
  ALERT_UNACKNOWLEDGED: { doc: 'Somebody took back that an alert was taken on.', writer: 'daemon' },
  ALERT_UNSILENCED: { doc: 'A silence was ended before its time.', writer: 'daemon' },
  ALERT_TESTED: { doc: 'A test was sent to an alert channel.', writer: 'daemon' },
  TOOL_COMMITTED: {
    doc: 'Values of a call that ended, as commitments: `uncommitted` names those that could not be taken.',
    writer: 'ingest',
  },
} as const satisfies Record<string, { readonly doc: string; readonly writer: Writer }>

export type AuditEventType = keyof typeof AUDIT_EVENTS

/** Whether a text names a type of row. */
export function isAuditEventType(text: string): text is AuditEventType {
  return Object.hasOwn(AUDIT_EVENTS, text)
}
