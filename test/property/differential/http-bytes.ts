/** Messages of HTTP as they are sent and as they are seen, and what may stand in them. */
import type { IncomingMessage } from 'node:http'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { cutAt, cuts, ID_TOKENS, jsonText } from './strange.js'

export type Headers = readonly (readonly [string, string])[]

/** A message with a body, its length told (`sized`) or not. */
export interface Sent {
  readonly headers: Headers
  readonly body: Buffer
  readonly cuts: readonly number[]
  readonly sized: boolean
}

export interface Answer extends Sent {
  readonly status: number
}

/** What a side saw of a message. */
export interface Seen {
  readonly line: string
  readonly headers: Headers
  readonly body: Buffer
}

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'host', 'date'])

/** As node:http takes them. */
export const raw = ({ headers, body, sized }: Pick<Sent, 'headers' | 'body' | 'sized'>): string[] => [
  ...headers.flat(),
  ...(sized ? ['Content-Length', String(body.length)] : []),
]

/** Writes a body in its pieces; each leaves before the next. */
export async function write(told: Pick<Sent, 'body' | 'cuts'>, to: NodeJS.WritableStream): Promise<void> {
  for (const chunk of cutAt(told.body, told.cuts)) {
    to.write(chunk)
    await turn()
  }
}

export async function send(told: Pick<Sent, 'body' | 'cuts'>, to: NodeJS.WritableStream): Promise<void> {
  await write(told, to)
  to.end()
}

/** Headers in their order and case, without those that speak of one connection. */
export function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const pairs = rawHeaders.flatMap((name, at) => (at % 2 === 0 ? [[name, rawHeaders[at + 1]!] as const] : []))
  return pairs.filter(([name]) => !HOP_BY_HOP.has(name.toLowerCase()))
}

/** A message to its end. */
export async function seen(message: IncomingMessage): Promise<Omit<Seen, 'line'>> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk)
  return { headers: headersOf(message), body: Buffer.concat(chunks) }
}

const headerName = fc.stringMatching(/^[A-Za-z0-9-]{1,12}$/).map((name) => `X-${name}`)
const headerValue = fc.oneof(
  fc.stringMatching(/^[!-~]([ -~]{0,18}[!-~])?$/),
  fc.constantFrom('=?base64?w7xiZXI=?=', 'Bearer a.b.c', '', 'v\u00e4lue'),
)
/** Headers that nobody knows. */
export const extras = fc.array(fc.tuple(headerName, headerValue), { maxLength: 4 })

const end = fc.constantFrom('\n', '\r\n')
/** What may stand where a message should. */
export const message = fc.oneof(
  fc
    .tuple(fc.constantFrom(...ID_TOKENS), jsonText)
    .map(([id, item]) => `{"jsonrpc":"2.0","id":${id},"result":${item}}`),
  jsonText.map((item) => `{"jsonrpc":"2.0","method":"notifications/x","params":${item}}`),
  jsonText,
)
/** Events, whole ones. */
export const events = fc
  .array(
    fc.tuple(
      fc.constantFrom('', 'event: message', 'id: 7', 'retry: 5', ': keep-alive', 'event: other', 'bogus'),
      fc.option(message),
      end,
    ),
    { maxLength: 5 },
  )
  .map((told) =>
    told
      .map(([field, data, eol]) => `${field && field + eol}${data === null ? '' : `data: ${data}${eol}`}${eol}`)
      .join(''),
  )
const junk = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes))
const typed = (type: string, text: fc.Arbitrary<string>) =>
  text.map((given) => [[['Content-Type', type]] as Headers, Buffer.from(given)] as const)
/** Headers that tell what a body is, and the body. */
export const content = fc.oneof(
  typed('application/json', message),
  typed('text/event-stream', events),
  typed('text/event-stream; charset=utf-8', events),
  fc.tuple(fc.constantFrom<Headers>([], [['Content-Type', 'text/html']], [['Content-Encoding', 'gzip']]), junk),
)

/** A message with any content. */
export const sent: fc.Arbitrary<Sent> = fc
  .record({ extras, content, cuts, sized: fc.boolean() })
  .map(({ extras: more, content: [type, body], ...rest }) => ({ ...rest, headers: [...type, ...more], body }))
