import { type ErrorCode, VitalsError } from '../errors/index.js'

/** What a thread can be asked: name of a call → what is sent and what comes back. */
export type CallTable<C> = { readonly [K in keyof C]: { readonly request: object; readonly reply: unknown } }

/** A call on its way to the thread. */
export type RequestOf<C extends CallTable<C>> = {
  [K in keyof C]: { readonly id: number; readonly call: K } & C[K]['request']
}[keyof C]

/** An error on its way between threads. */
export interface Failure {
  readonly code: ErrorCode
  readonly message: string
}

export function failureOf({ code, message }: VitalsError): Failure {
  return { code, message }
}

/** The error again, on the other side. */
export function fromFailure({ code, message }: Failure): VitalsError {
  return new VitalsError(code, message)
}

/** What a thread says. */
export type MessageOf<C extends CallTable<C>> =
  | { readonly kind: 'ready' }
  /** What it works on cannot be used. The thread ends after it. */
  | { readonly kind: 'unusable'; readonly failure: Failure }
  /** Its file is damaged: it wants to be moved aside. The thread ends after it. */
  | { readonly kind: 'damaged'; readonly reason: string }
  | { readonly kind: 'reply'; readonly id: number; readonly value: C[keyof C]['reply'] }
  | { readonly kind: 'failed'; readonly id: number; readonly failure: Failure }
  /** The disk refused to keep what was committed; without `failure`: it keeps it again. */
  | { readonly kind: 'disk'; readonly failure?: Failure }
  /** It ends because of this, and wants to be started again. */
  | { readonly kind: 'fatal'; readonly failure: Failure }
  /** What its user wants to know. */
  | { readonly kind: 'told'; readonly told: unknown }
  /** Something went wrong, or is to be told, without a caller. */
  | { readonly kind: 'fault'; readonly failure: Failure }
