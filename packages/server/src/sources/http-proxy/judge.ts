import { oneLine } from './bytes.js'
import type { DoorRefusal, Pass } from './door.js'
import { decodedHeader } from './http-headers.js'
import { folded, hasTwins } from './json-twins.js'
import { jsonOf, type Message, readParcel } from './message.js'
import { CODES, errorMessage, type Refusal } from './respond.js'

/** What becomes of a body. */
export type Judged = { readonly refusal: Refusal } | Passing

export interface Passing {
  /** What passes; the body itself where all of it does, undefined where nothing does, and then there are errors. */
  readonly forward: Buffer | undefined
  /** What is refused and wants an answer. */
  readonly errors: readonly { readonly message: string; readonly refusal: Refusal; readonly batch: boolean }[]
  /** The messages of `forward`. */
  readonly passing: readonly Message[]
  readonly batch: boolean
  /** Whether it asks for tools. */
  readonly lists: boolean
}

interface Envelope {
  readonly method?: unknown
  readonly params?: { readonly name?: unknown; readonly arguments?: unknown }
}

/** What the headers say of a request. */
interface Said {
  readonly method: string | undefined
  readonly name: string | undefined
}

/** Most messages of one body: each costs its judgement, an event and an error, and a byte or two of the client's. */
const MAX_MESSAGES = 1000
const REFUSED = { status: 400, code: CODES.invalidRequest } as const

/**
 * Judges each message of a body by itself: JSON-RPC answers each request of a batch for itself, so what is refused gets
 * its error and the others pass. What two readers could read in two ways is refused whole, since the server is another
 * reader than the door. `said`: the headers `Mcp-Method` and `Mcp-Name`, which a server may go by.
 */
export function judgeBody(body: Buffer, pass: Pass, said: Said): Judged {
  const parcel = isText(body) ? readParcel(oneLine(body) ?? Buffer.alloc(0)) : undefined
  if (!parcel) return { refusal: { status: 400, code: CODES.parseError, message: 'The body is no JSON-RPC message.' } }
  const { messages, batch } = parcel
  if (messages.length > MAX_MESSAGES)
    return { refusal: { ...REFUSED, message: `A body that a door reads may hold ${MAX_MESSAGES} messages at most.` } }
  if (hasTwins(body))
    return { refusal: { ...REFUSED, message: 'A key stands twice in the body, so it can be read in two ways.' } }
  const passing: Message[] = []
  const errors: { message: string; refusal: Refusal; batch: boolean }[] = []
  let unanswered: Refusal | undefined
  let lists = false
  for (const message of messages) {
    const envelope = jsonOf(message) as Envelope
    const { params, method } = envelope
    const kind = message.kind === 'other' ? 'request' : message.kind
    const whole = { ...REFUSED, id: message.id, isMute: kind === 'notification' && !batch }
    const key =
      misspeltIn(envelope, ENVELOPE_KEYS) ?? (method === 'tools/call' ? misspeltIn(params, CALL_KEYS) : undefined)
    if (key !== undefined) return { refusal: { ...whole, message: misspelt(key) } }
    if (contradicts(said, method, params?.name))
      return { refusal: { ...whole, code: CODES.headerMismatch, message: MISMATCH } }
    const word = typeof method === 'string' ? method : undefined
    const refused = pass.admit({ kind, method: word, name: params?.name, arguments: params?.arguments })
    if (!refused) {
      passing.push(message)
      if (method === 'tools/list') lists = true
      continue
    }
    const refusal = { ...refused, id: message.id }
    if (kind === 'request') errors.push({ message: errorMessage(refusal), refusal, batch })
    else unanswered ??= refusal
  }
  if (unanswered && passing.length + errors.length === 0) return { refusal: { ...unanswered, isMute: true } }
  if (passing.length === messages.length) return { forward: body, errors, passing, batch, lists }
  return { forward: passing.length === 0 ? undefined : join(passing), errors, passing, batch, lists }
}

/** Refuses what passed so far, and all of it: each request gets its error. */
export function refuseRest({ errors, passing, batch }: Passing, refused: DoorRefusal): Judged {
  const requests = passing.filter(({ kind }) => kind === 'request')
  const all = [
    ...errors,
    ...requests.map(({ id }) => {
      const refusal = { ...refused, id }
      return { message: errorMessage(refusal), refusal, batch }
    }),
  ]
  if (all.length === 0) return { refusal: { ...refused, isMute: true } }
  return { forward: undefined, errors: all, passing: [], batch, lists: false }
}

/** Keys of the protocol's own objects, where a reader that does not tell case apart finds more than the door does. */
const ENVELOPE_KEYS: ReadonlySet<string> = new Set(['jsonrpc', 'id', 'method', 'params', 'result', 'error'])
const CALL_KEYS: ReadonlySet<string> = new Set(['name', 'arguments'])

function misspeltIn(object: object | null | undefined, known: ReadonlySet<string>): string | undefined {
  return Object.keys(object ?? {}).find((key) => !known.has(key) && known.has(folded(key)))
}

function misspelt(key: string): string {
  return `The key ${JSON.stringify(key)} must be written ${JSON.stringify(folded(key))}.`
}

const MISMATCH = 'Bad Request: the Mcp-Method and Mcp-Name headers must repeat what the body says.'

/** Whether the headers speak of another call than the message. The name counts for a call, as it means other things elsewhere. */
function contradicts(said: Said, method: unknown, name: unknown): boolean {
  if (said.method !== undefined && said.method !== method) return true
  return said.name !== undefined && method === 'tools/call' && decodedHeader(said.name) !== name
}

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
