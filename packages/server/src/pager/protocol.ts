import type {
  AlertsOptions,
  AlertsPage,
  AlertsQuery,
  ChannelTraits,
  HistoryEntry,
  MessageRecord,
  OutboxLimits,
  Outcome,
  Pulse,
  QuietTimes,
  Report,
  Silence,
} from '../alerts/index.js'
import type { MessageOf, RequestOf } from '../threads/index.js'

/** What people do. */
export type Act =
  | { readonly do: 'acknowledge'; readonly fingerprint: string; readonly by: string; readonly comment: string }
  | { readonly do: 'unacknowledge'; readonly fingerprint: string; readonly by: string }
  | { readonly do: 'silence'; readonly silence: Silence }
  | { readonly do: 'unsilence'; readonly id: string; readonly by: string }
  | { readonly do: 'delivered'; readonly channel: string; readonly receipt: string; readonly problem?: string }

/** What the thread tells unasked: what became of alerts and silences, once it is kept. */
export type Told = readonly HistoryEntry[]

/** What happened since the turn before. */
export interface Turn {
  readonly reports: readonly Report[]
  readonly pulses: readonly Pulse[]
  readonly settled: readonly { readonly id: string; readonly outcome: Outcome }[]
}

/** What is to be done next: messages to send, each to a channel of its own, and when to come back. */
export interface Orders {
  readonly messages: readonly MessageRecord[]
  /** Milliseconds since 1970; infinite while nothing is due. */
  readonly dueAt: number
  readonly figures: Figures
}

/** Counts and sizes. */
export interface Figures {
  readonly pending: number
  readonly firing: number
  readonly acknowledged: number
  /** Of those that fire or were acknowledged, how many are CRITICAL. */
  readonly critical: number
  readonly waitingMessages: number
  readonly silences: number
  readonly refusedAlerts: number
  readonly lostMessages: number
}

export interface HistoryQuery {
  /** Most entries, 1 to 1000. */
  readonly limit: number
  readonly fingerprint?: string
  /** Entries before this one, by its id. */
  readonly before?: number
}

/** What the thread can be asked. Times are milliseconds since 1970. */
export interface Calls {
  turn: { request: { readonly turn: Turn; readonly now: number }; reply: Orders }
  /** False: there is nothing of that kind to act on. */
  act: { request: { readonly act: Act; readonly now: number }; reply: boolean }
  alerts: { request: { readonly query: AlertsQuery; readonly now: number }; reply: AlertsPage }
  /** Keeps quiet by these times from now on. */
  keepQuiet: { request: { readonly wanted: QuietTimes }; reply: null }
  silences: { request: Record<never, never>; reply: readonly Silence[] }
  /** The newest first. */
  history: { request: HistoryQuery; reply: readonly (HistoryEntry & { readonly id: number })[] }
  close: { request: Record<never, never>; reply: null }
}

export type Request = RequestOf<Calls>
export type Message = MessageOf<Calls>

/** What the thread is started with. */
export interface WorkerData {
  readonly file: string
  readonly options: AlertsOptions
  readonly graveToo: readonly string[]
  readonly traits: Readonly<Record<string, ChannelTraits & OutboxLimits>>
}
