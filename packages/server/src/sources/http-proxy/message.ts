import { type Message as Head, readMessages, tokenKey } from '@mcp-vitals/instrument/mcp'
import type { LineEnds } from './lines.js'

/** One JSON-RPC message on its way. Ranges count from the start of `bytes`. */
export interface Message extends Head {
  /** The message alone; of a batch's, without what stands around it. */
  readonly bytes: Buffer
}

/** What one body or line holds: a message, or those of a batch. */
export interface Parcel {
  /** The whole, on one line, without a byte order mark. */
  readonly line: Buffer
  readonly messages: readonly Message[]
  readonly batch: boolean
}

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf] as const

/**
 * Reads one body or line; undefined where any part of it is no JSON-RPC. `text` has no line break. A byte order mark at
 * its start is left out, as RFC 8259 (8.1) allows a reader: whoever gets the message of us may know of none.
 */
export function readParcel(text: Buffer): Parcel | undefined {
  const line = isMarked(text) ? text.subarray(BYTE_ORDER_MARK.length) : text
  const heads = isMarked(line) ? 'unreadable' : readMessages(line)
  if (heads === 'unreadable' || heads.length === 0 || heads.some(isOther)) return undefined
  const batch = isArray(line)
  // Ranges of a batch's messages are of no use to anybody: rewriting belongs to an era without batches.
  const messages = heads.map((head) => withBytes(head, batch ? line.subarray(...head.range) : line))
  return { line, messages, batch }
}

function isOther({ kind }: Head): boolean {
  return kind === 'other'
}

/** The head, which is nobody else's, with its bytes: a copy of its many fields would cost as much as reading them. */
function withBytes(head: Head & { bytes?: Buffer }, bytes: Buffer): Message {
  head.bytes = bytes
  return head as Message
}

/** The value of a message that was read: `bytes` are a message's own. It has nowhere to fail any more. */
export function jsonOf({ bytes }: Pick<Message, 'bytes'>): unknown {
  return JSON.parse(bytes.toString('utf8'))
}

/** The key of an id or progress token that was given as JSON text. */
export function keyOf(token: string | undefined): string | undefined {
  return token === undefined ? undefined : tokenKey(token)
}

function isMarked(bytes: Buffer): boolean {
  return bytes[0] === BYTE_ORDER_MARK[0] && bytes[1] === BYTE_ORDER_MARK[1] && bytes[2] === BYTE_ORDER_MARK[2]
}

function isArray(bytes: Buffer): boolean {
  for (const byte of bytes) if (byte > 0x20 && byte < 0x80) return byte === 0x5b
  return false
}

const ID = String.raw`"id"\s*:\s*(-?\d{1,16}|"(?:[^"\\]|\\.){0,128}")`
const VERSION = String.raw`"jsonrpc"\s*:\s*"2\.0"`
const RESPONSE_HEAD = new RegExp(String.raw`^\s*\{\s*(?:(?:${ID}|${VERSION})\s*,\s*)*"(?:result|error)"\s*:`)
const ID_AT_HEAD = new RegExp(String.raw`^\s*\{\s*(?:${VERSION}\s*,\s*)?${ID}\s*,`)
const ID_AT_TAIL = new RegExp(String.raw`,\s*${ID}\s*(?:,\s*${VERSION}\s*)?\}\s*$`)

/**
 * The id, as JSON text, of the request that a line answers of which only the ends are known. It stands beside the
 * result, at the one end or the other, so nothing inside the result can be taken for it. Undefined where the line is no
 * response, or is written in another order.
 */
export function answeredId({ head, tail }: LineEnds): string | undefined {
  if (!RESPONSE_HEAD.test(head)) return undefined
  return (ID_AT_HEAD.exec(head) ?? ID_AT_TAIL.exec(tail))?.[1]
}
