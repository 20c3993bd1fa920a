/** From least to most grave (CONTRACT.md, F7). */
export const SEVERITIES = ['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'] as const
export type Severity = (typeof SEVERITIES)[number]

/** The name for all times. */
export const ALWAYS = 'always'

/** Names and values; `alertname` says what is wrong, `severity` how grave it is. */
export type Labels = Readonly<Record<string, string>>

/** One thing that holds, as who watches it says. */
export interface Condition {
  /** With `alertname`. Equal labels are the same alert. */
  readonly labels: Labels
  /** For people: `summary`, `description` … May change while it holds. */
  readonly annotations: Labels
  readonly value?: number
  /** The server that it concerns, where its labels do not say so: what is wrong with that hides it. */
  readonly server?: string
  /** Since when it holds, milliseconds since 1970; default: when it is first reported. */
  readonly activeAt?: number
  /** Whether it fires, where its source decides that by itself. Default: by `forMs`. */
  readonly fires?: boolean
}

/**
 * What a report rests on. `no_data`: there was nothing to judge by. `error`: judging failed. Neither says that all is well,
 * so each has a policy of its own.
 */
export type Evidence = 'seen' | 'no_data' | 'error'

/**
 * What becomes of a source's alerts when it cannot tell. `keep`: what fires goes on firing. `resolve`: as if nothing held.
 * `alert`: what fires goes on, and the missing evidence is an alert itself.
 */
export const POLICIES = ['keep', 'resolve', 'alert'] as const
export type Policy = (typeof POLICIES)[number]

/** All that holds at one time, as one source (a rule) sees it: what it named before and does not name now is over. */
export interface Report {
  readonly source: string
  readonly evidence: Evidence
  /** None unless `evidence` is `seen`. */
  readonly conditions: readonly Condition[]
  /** How long a condition must hold before it is told of. Default 0. */
  readonly forMs?: number
  /** How long an alert goes on firing after its condition ended. Default 0. */
  readonly keepFiringForMs?: number
  /** How often the source reports, where that is seldom: what it names is not given up before four times as long. */
  readonly everyMs?: number
  /** Default: `keep` without data, `alert` on an error. */
  readonly policies?: { readonly noData?: Policy; readonly error?: Policy }
  /** Labels of the alert that missing evidence is: with `alertname`. Default: the source's name as `alertname`, MEDIUM. */
  readonly about?: Labels
}

/** Something happened that wants telling: it holds for a while, and longer each time that it happens again. */
export interface Pulse {
  readonly source: string
  readonly labels: Labels
  readonly annotations: Labels
  /** How long after the last time it is over. */
  readonly holdMs: number
  /** How often it happened. Default 1; 0: it is told again, after a restart, and may have been counted before. */
  readonly count?: number
  /** It is over: an alert with these labels is resolved, and none is raised. */
  readonly isOver?: boolean
}

/** `pending`: it holds, not long enough yet. `acknowledged`: it fires, and a person said that they know, until it is resolved. */
export const STATES = ['pending', 'firing', 'acknowledged', 'resolved'] as const
export type AlertState = (typeof STATES)[number]

/** Who knows of it. */
export interface Acknowledgement {
  /** A name that its owner chose: no person's datum. */
  readonly by: string
  readonly comment: string
  readonly at: number
}

/** An alert as it is kept. Times are milliseconds since 1970. */
export interface AlertRecord {
  readonly fingerprint: string
  readonly source: string
  readonly labels: Labels
  readonly annotations: Labels
  readonly severity: Severity
  readonly state: AlertState
  readonly evidence: Evidence
  readonly value?: number
  readonly server?: string
  /** How often it was seen, where it is told of by pulses. */
  readonly count: number
  readonly activeAt: number
  /** When it began to fire; absent while it is pending. */
  readonly startsAt?: number
  /** When it was resolved. */
  readonly endsAt?: number
  /** When a pending one fires. */
  readonly firesAt: number
  /** When it is over unless it is seen again. */
  readonly expiresAt: number
  /** When its condition ended, while it is kept firing. */
  readonly clearedAt?: number
  readonly keepFiringForMs: number
  readonly acknowledgement?: Acknowledgement
}

/** Alerts that are told together. */
export interface GroupRecord {
  readonly key: string
  /** The route that made it. */
  readonly route: string
  readonly labels: Labels
  /** When it is looked at next. */
  readonly flushAt: number
  /** What was told, by fingerprint: which episode (`startsAt`), and whether as acknowledged. */
  readonly told: Readonly<Record<string, Told>>
  readonly toldAt?: number
  /** Who was told, and so is told of the end. */
  readonly toldTo: readonly string[]
  /** Since when something fires that was told and nobody acknowledged. */
  readonly unknownSince?: number | undefined
  /** Steps of escalation that were taken since then. */
  readonly steps: number
  /**
   * Number of the last notification, counted from the time when the group was made, milliseconds: a group that ended and
   * was made anew repeats no number, which a receiver would take for a message that it has.
   */
  readonly sequence: number
}

export interface Told {
  readonly startsAt: number
  readonly acknowledged: boolean
}

/** Keeps alerts quiet whose labels match, for a time, for a reason. */
export interface Silence {
  readonly id: string
  /** As `severity=~"LOW|MEDIUM"`; all must match. */
  readonly matchers: readonly string[]
  readonly startsAt: number
  readonly endsAt: number
  readonly by: string
  readonly comment: string
}

/** What a channel was sent lately, and what it was not sent for the sake of its limit. */
export interface ChannelRecord {
  readonly name: string
  /** Times of what was sent within the limit's window. */
  readonly sentAt: readonly number[]
  /** Groups that were held back, each with how often. */
  readonly held: Readonly<Record<string, number>>
}

/** Why something is told. */
export const REASONS = ['new', 'repeat', 'resolved', 'acknowledged', 'escalation', 'digest', 'test'] as const
export type Reason = (typeof REASONS)[number]

/** An alert as a channel tells it. */
export interface AlertView {
  readonly fingerprint: string
  readonly state: Exclude<AlertState, 'pending'>
  readonly severity: Severity
  readonly labels: Labels
  readonly annotations: Labels
  readonly evidence: Evidence
  readonly value?: number
  readonly count: number
  readonly startsAt: number
  readonly endsAt?: number
  readonly acknowledgedBy?: string
}

/** One message to one channel. */
export interface Notification {
  /** The same for the same message, however often it is sent: what a far end tells doubles by. */
  readonly id: string
  readonly channel: string
  readonly reason: Reason
  /** Milliseconds since 1970. */
  readonly at: number
  /** The same for all messages of one group: 16 hexadecimal digits. */
  readonly group: string
  readonly groupKey: string
  readonly groupLabels: Labels
  /** The worst first. Those that fire or were resolved since the last message; at most 100. */
  readonly alerts: readonly AlertView[]
  /** Alerts that there was no room for. */
  readonly truncated: number
  readonly firing: number
  readonly resolved: number
  /** Of a digest: how many messages it stands for. */
  readonly held?: number
}

/** A message on its way: kept until its channel took it, or nobody will. */
export interface MessageRecord {
  readonly notification: Notification
  readonly createdAt: number
  /** When it is tried (again); of one that was accepted, until when word of its delivery may come. */
  readonly nextAt: number
  /** How often it was tried. */
  readonly attempts: number
  /** What the far end calls it, where it accepted it and tells later whether it arrived. */
  readonly receipt?: string
  /** Channels that it was meant for before this one. */
  readonly after: readonly string[]
  /** Channels that are told the same by messages of their own. */
  readonly besides: readonly string[]
}

/** What happened, for whoever looks back. */
export interface HistoryEntry {
  readonly at: number
  readonly what:
    | 'pending'
    | 'firing'
    | 'acknowledged'
    | 'unacknowledged'
    | 'resolved'
    | 'silenced'
    | 'unsilenced'
    | 'sent'
    | 'undelivered'
  readonly fingerprint?: string
  readonly labels: Labels
  /** Of a message: where to, which one, and why it did not arrive. */
  readonly channel?: string
  readonly notification?: string
  readonly problem?: string
  readonly by?: string
  readonly comment?: string
  /** Why it was resolved: `cleared`, or `expired` when nobody told of it any more. */
  readonly reason?: 'cleared' | 'expired'
}

/** Everything that lasts, by table and key; `undefined`: gone. */
export interface Records {
  readonly alert: AlertRecord
  readonly group: GroupRecord
  readonly silence: Silence
  readonly channel: ChannelRecord
  readonly message: MessageRecord
}
export type Table = keyof Records
export type Change = {
  [T in Table]: { readonly table: T; readonly key: string; readonly record: Records[T] | undefined }
}[Table]

/** What one step came to: to be kept in one piece. Messages to be sent are among the changes. */
export interface Step {
  readonly changes: readonly Change[]
  readonly history: readonly HistoryEntry[]
}
