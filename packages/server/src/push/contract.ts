import type { Event } from '@mcp-vitals/instrument/event'
import type { Collectable } from '@mcp-vitals/instrument/metrics'
import type { TargetState } from '../engine/index.js'
import type { Answer } from '../http-post/index.js'

/** One request as it will be posted: encoded and packed once, so that what is sent again is the same to the byte. */
export interface Body {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Lines, spans or samples in it. */
  readonly items: number
}

/** A line of the log. */
export interface PushedLine {
  readonly level: 'debug' | 'info' | 'warning' | 'error' | 'critical'
  /** Milliseconds since 1970. */
  readonly at: number
  /** What happened, out of a bounded list. */
  readonly event: string
  readonly message: string
  readonly fields: Readonly<Record<string, string | number | boolean>>
  /** The whole line as the log's file has it, without its break. */
  readonly text: string
}

/** What an answer means. Problems name no address and nothing that was sent to prove who sends. */
export type Verdict =
  /** `rejected`: items of it that were not taken and never will be. */
  | { readonly is: 'taken'; readonly rejected?: number; readonly problem?: string }
  /** It is sent again, not before `retryAfterMs`. */
  | { readonly is: 'failed'; readonly problem: string; readonly retryAfterMs?: number | undefined }
  /** It would never be taken. */
  | { readonly is: 'refused'; readonly problem: string }

/** Where bodies of one kind go. Each way has a queue of its own: what waits for one delays no other. */
export interface Way {
  /** Name in metrics, in the log and of its folder: `otlp_traces`. */
  readonly name: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  judge(answer: Answer): Verdict
}

/** A way for things that come one by one. */
export interface FedWay<I> extends Way {
  /** Nothing where none of them is to be sent. */
  encode(items: readonly I[]): Promise<Body | undefined>
}

/** A way for metrics as they are at a time. */
export interface SampledWay extends Way {
  readonly intervalMs: number
  sample(atMs: number): Promise<readonly Body[]>
}

/** What a receiver takes. */
export interface Receiver {
  readonly lines?: FedWay<PushedLine>
  readonly events?: FedWay<Event>
  readonly samples?: SampledWay
}

/** What is known of this daemon. */
export interface About {
  readonly version: string
  /** `job`, `instance` and what the configuration adds: the labels of every series. */
  readonly labels: Readonly<Record<string, string>>
  /** When counting began, milliseconds since 1970. */
  readonly startedAtMs: number
  /** What `/metrics` shows. */
  readonly shown: Collectable
  /** The same, with OpenTelemetry's metrics whether they are shown there or not. */
  readonly whole: Collectable
  /** What `up` says. */
  readonly targets: () => readonly TargetState[]
}

/** A kind of receiver, made of its options. */
export interface ReceiverKind<O> {
  /** Where it is; absent where it is off. */
  addressOf(options: O): string | undefined
  create(options: O, address: string, about: About): Receiver
}

/** Most items in one body. */
export const BATCH_ITEMS = 1000
