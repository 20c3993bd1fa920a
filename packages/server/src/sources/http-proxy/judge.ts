import { oneLine } from './bytes.js'
import type { Pass } from './door.js'
import { decodedHeader } from './http-headers.js'
import { hasTwins } from './json-twins.js'
import { jsonOf, type Message, readParcel } from './message.js'
import { CODES, errorMessage, type Refusal } from './respond.js'

/** What becomes of a body. */
export type Judged =
  | { readonly refusal: Refusal }
  | {
      /** What passes; the body itself where all of it does, undefined where nothing does. */
      readonly forward: Buffer | undefined
      /** What is refused and wants an answer. */
      readonly errors: readonly { readonly message: string; readonly refusal: Refusal; readonly batch: boolean }[]
      /** Whether a request for tools in it asks for the first page. */
      readonly first: boolean
      /** Whether it asks for tools at all. */
      readonly lists: boolean
    }

interface Envelope {
  readonly method?: unknown
  readonly params?: { readonly name?: unknown; readonly arguments?: unknown; readonly cursor?: unknown }
}

const REFUSED = { status: 400, code: CODES.invalidRequest } as const

/**
 * Judges each message of a body by itself: JSON-RPC answers each request of a batch for itself, so what is refused gets
 * its error and the others pass. What two readers could read in two ways is refused whole, since the server is another
 * reader than the door. `nameHeader`: the `Mcp-Name` header, which a server may go by.
 */
export function judgeBody(body: Buffer, pass: Pass, nameHeader: string | undefined): Judged {
  const parcel = isText(body) ? readParcel(oneLine(body) ?? Buffer.alloc(0)) : undefined
  if (!parcel) return { refusal: { status: 400, code: CODES.parseError, message: 'The body is no JSON-RPC message.' } }
  const { messages, batch } = parcel
  if (hasTwins(body))
    return { refusal: { ...REFUSED, message: 'A key stands twice in the body, so it can be read in two ways.' } }
  const passing: Message[] = []
  const errors: { message: string; refusal: Refusal; batch: boolean }[] = []
  let first = false
  let lists = false
  for (const message of messages) {
    const { params, method } = jsonOf(message) as Envelope
    if (nameHeader !== undefined && decodedHeader(nameHeader) !== params?.name && message.method === 'tools/call')
      return { refusal: { ...REFUSED, code: CODES.headerMismatch, message: MISMATCH, id: message.id } }
    const kind = message.kind === 'other' ? 'request' : message.kind
    const word = typeof method === 'string' ? method : undefined
    const refused = pass.admit({ kind, method: word, name: params?.name, arguments: params?.arguments })
    if (!refused) {
      passing.push(message)
      if (method === 'tools/list') lists = true
      if (method === 'tools/list' && params?.cursor === undefined) first = true
      continue
    }
    const refusal = { ...refused, id: message.id }
    // One that wants no answer gets none, unless it is all that was sent.
    if (kind === 'request' || !batch) errors.push({ message: errorMessage(refusal), refusal, batch })
  }
  if (passing.length === messages.length) return { forward: body, errors, first, lists }
  return { forward: passing.length === 0 ? undefined : join(passing), errors, first, lists }
}

const MISMATCH = 'Bad Request: the Mcp-Name header must repeat what the body says.'

function join(messages: readonly Message[]): Buffer {
  const parts = messages.flatMap(({ bytes }, at) => [Buffer.from(at === 0 ? '[' : ','), bytes])
  return Buffer.concat([...parts, Buffer.from(']')])
}

function isText(body: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
    return true
  } catch {
    return false
  }
}
