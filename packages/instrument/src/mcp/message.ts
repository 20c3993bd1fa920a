import type { Head } from './head.js'
import { isFailure, type Kind, kindOf } from './kind.js'
import { Skimmer } from './skim.js'
import type { ByteRange } from './take.js'

/** One message of a body: what a proxy needs to route it, and where to find what it may have to rewrite. */
export interface Message {
  readonly kind: Kind
  /** The message's place in the body, in bytes; the end exclusive. */
  readonly range: ByteRange
  /** The id's JSON token as it was written, quotes included. */
  readonly id?: string | undefined
  readonly idRange?: ByteRange | undefined
  /** The id in the form in which equal ids are equal text, whoever wrote them: see `tokenKey`. */
  readonly key?: string | undefined
  readonly method?: string | undefined
  /** `params.name`, cut at 128 UTF-16 units. */
  readonly name?: string | undefined
  /** The revision that the request states: in `_meta` (modern) or as `initialize`'s wish (legacy). */
  readonly protocolVersion?: string | undefined
  /** It states its revision in `_meta`, as every request since 2026-07-28 does. */
  readonly modern: boolean
  /** Token and place of a progress token: asked for in `_meta`, or reported by `notifications/progress`. */
  readonly progressToken?: string | undefined
  readonly progressTokenRange?: ByteRange | undefined
  /** Token and place of the id that `notifications/cancelled` names. */
  readonly cancelledId?: string | undefined
  readonly cancelledIdRange?: ByteRange | undefined
  /** Token and place of the id of the `subscriptions/listen` request that the message belongs to. */
  readonly subscriptionId?: string | undefined
  readonly subscriptionIdRange?: ByteRange | undefined
  /** JSON-RPC code of an answer that is an error. */
  readonly errorCode?: string | undefined
  /** The answer is an error. */
  readonly failed: boolean
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
/** Up to so many bytes of ASCII are put together one by one: to ask the decoder costs more. */
const SHORT_BYTES = 24
/** One reader for all bodies: each is read from its first byte to its last in one go, and forgotten. */
const skimmer = new Skimmer((head) => onHead(head))
let onHead: (head: Head) => void = () => {}

/** The messages of one whole body, in order; a batch gives several. `unreadable` where it is not JSON, or is empty. */
export function readMessages(bytes: Uint8Array): readonly Message[] | 'unreadable' {
  const messages: Message[] = []
  onHead = (head) => messages.push(messageOf(head, bytes))
  const marked = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
  // The mark is read as three spaces, so that offsets stay those of the body.
  if (marked) skimmer.feed(new Uint8Array(3).fill(0x20))
  skimmer.feed(bytes, marked ? 3 : 0)
  return skimmer.finish() === 'whole' ? messages : 'unreadable'
}

function messageOf({ fields, ranges, start, end }: Head, bytes: Uint8Array): Message {
  const progress = ranges.progressToken ?? ranges.reportedProgress
  const subscription = ranges.subscription ?? ranges.endedSubscription
  return {
    kind: kindOf(fields),
    range: [start, end],
    id: tokenAt(bytes, ranges.id),
    idRange: ranges.id,
    // Only readers of objects have keys that are no texts.
    key: ranges.id && (fields.id as string),
    method: fields.method,
    name: fields.name,
    protocolVersion: fields.modernVersion ?? fields.protocolVersion,
    modern: fields.modernVersion !== undefined,
    progressToken: tokenAt(bytes, progress),
    progressTokenRange: progress,
    cancelledId: tokenAt(bytes, ranges.cancelledId),
    cancelledIdRange: ranges.cancelledId,
    subscriptionId: tokenAt(bytes, subscription),
    subscriptionIdRange: subscription,
    errorCode: fields.errorCode,
    failed: isFailure(fields),
  }
}

function tokenAt(bytes: Uint8Array, range: ByteRange | undefined): string | undefined {
  if (!range) return undefined
  const [start, end] = range
  let text = ''
  if (end - start <= SHORT_BYTES)
    for (let at = start; at < end && bytes[at]! < 0x80; at++) text += String.fromCharCode(bytes[at]!)
  return text.length === end - start ? text : decoder.decode(bytes.subarray(start, end))
}
