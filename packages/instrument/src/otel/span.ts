import { type Span, SpanStatusCode } from '@opentelemetry/api'
import type { Answer } from './shapes.js'

/** Longest text of a failure in a status, characters. */
const MAX_MESSAGE_LENGTH = 256

/** How it ended: well, where there is no `errorType`. */
export type Ending = Pick<Answer, 'errorType' | 'code' | 'message'>

/** Requests that one side of a connection asked and that wait for their answer, by id. */
export type Lane = Map<unknown, RequestSpan>

/** The span of a request whose answer is to come. */
export class RequestSpan {
  constructor(
    readonly span: Span,
    readonly lane: Lane,
    readonly id: unknown,
    readonly method: string,
    /** Of the tool or prompt, as the caller named it. */
    readonly name: string | undefined,
    /** Whether the span began with that name. */
    readonly named: boolean,
    /** The message as it is sent. */
    readonly message: unknown,
  ) {}

  /** Ends it. `saysWhy`: whether the status tells the failure's own text. */
  end({ errorType, code, message }: Ending, saysWhy: boolean): void {
    const { span } = this
    if (code !== undefined) span.setAttribute('rpc.response.status_code', code)
    if (errorType !== undefined) fail(span, errorType, saysWhy ? message?.slice(0, MAX_MESSAGE_LENGTH) : undefined)
    span.end()
  }
}

/** Marks a span as failed. */
export function fail(span: Span, errorType: string, message?: string): void {
  span.setAttribute('error.type', errorType)
  span.setStatus(message === undefined ? { code: SpanStatusCode.ERROR } : { code: SpanStatusCode.ERROR, message })
}
