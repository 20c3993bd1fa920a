/** What routes answer that are older than the dashboard, as far as the page reads it. */
import type { Severity } from '../../../server/src/faces/dashboard/api.js'

type Labels = Readonly<Record<string, string>>

/** `GET /admin/api/alerts`. Times are ISO texts. */
export interface AlertsAnswer {
  readonly alerts: readonly Alert[]
  readonly silences: readonly Silence[]
}

export interface Alert {
  readonly fingerprint: string
  readonly state: 'pending' | 'firing' | 'acknowledged' | 'resolved'
  readonly severity: Severity
  readonly labels: Labels
  readonly annotations: Labels
  readonly value?: number
  readonly quiet?: { readonly reason: string; readonly by: string }
  readonly channels: readonly string[]
  readonly activeAt: string
  readonly startsAt?: string
  readonly endsAt?: string
  readonly acknowledgement?: { readonly by: string; readonly comment: string; readonly at: string }
}

export interface Silence {
  readonly id: string
  readonly matchers: readonly string[]
  readonly startsAt: string
  readonly endsAt: string
  readonly by: string
  readonly comment: string
}

/** `GET /admin/api/alerts/history`. */
export interface AlertsHistory {
  readonly entries: readonly {
    readonly at: string
    readonly what: string
    readonly fingerprint?: string
    readonly labels: Labels
    readonly channel?: string
    readonly problem?: string
    readonly by?: string
    readonly comment?: string
    readonly reason?: string
  }[]
}

/** `GET /admin/api/v1/rules`, as Prometheus answers. */
export interface RulesAnswer {
  readonly data: { readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[] }
}

export interface Rule {
  readonly type: 'alerting' | 'recording'
  readonly name: string
  readonly query: string
  readonly state?: 'inactive' | 'pending' | 'firing'
  readonly duration?: number
  readonly labels?: Labels
  readonly annotations?: Labels
  readonly health: string
  readonly lastError?: string
}

/** `GET /admin/api/audit`. */
export interface AuditRows {
  readonly rows: readonly AuditRow[]
  /** `before` of the next page. */
  readonly next?: number
}

export interface AuditRow {
  readonly seq: number
  readonly id?: string
  readonly timestamp?: string
  readonly event_type?: string
  readonly actor?: string
  readonly target?: string
  readonly origin?: string
  readonly details?: Readonly<Record<string, unknown>>
  readonly prev_hash?: string
  readonly row_hash?: string
  /** The stored bytes, where they are no row. */
  readonly unreadable?: string
}

/** `GET /admin/api/audit?seq=…&proof=1`. */
export interface AuditProof {
  readonly row: AuditRow
  readonly proof?: string
}
