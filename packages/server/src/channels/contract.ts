import type { Limit, Notification, Outcome } from '../alerts/index.js'

/** What channels are given beside their options. */
export interface ChannelTools {
  readonly fetch: typeof fetch
  /** One line of the program's own log. */
  readonly say: (level: 'info' | 'warning' | 'error', event: string, message: string, fields: LineFields) => void
}

type LineFields = Readonly<Record<string, string | number | boolean>>

/** A way to tell people, made of its options. */
export interface Channel {
  /**
   * Sends one message; `name` is the channel's own. What its far end says decides the outcome; a rejection counts as a
   * failure that may pass. Problems never name an address or a key.
   */
  send(notification: Notification, signal: AbortSignal): Promise<Outcome>
}

/** What all channels of a type have in common. */
export interface ChannelKind<O> {
  create(options: O, tools: ChannelTools, name: string): Channel
  /** Whether it has something to say when a person acknowledges. */
  readonly sendsAcknowledged: boolean
  /** Most messages within a time where the options say nothing. */
  readonly limit?: Limit
}
