import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { CODES, errorMessage } from './respond.js'
import { createToolFilter, type ToolFilter } from './tool-filter.js'

/** What a door wants of an answer. */
export interface AnswerTap {
  /** Told of the session that the answer names. */
  readonly onSession: (id: string) => void
  /** JSON text of the id of the request that is answered, where it is one alone. */
  readonly id?: string | undefined
  /** Errors of JSON-RPC that belong to the answer as well: what the door refused of a batch. */
  readonly errors?: readonly string[]
  /** The tools that may be seen. Set: the answer is read. */
  readonly visible?: ToolFilter['visible']
  /** Whether a JSON body is held to be read; an event stream is read in any case. */
  readonly holdsJson: boolean
  /** Headers beside those of the answer. */
  readonly headers: Readonly<Record<string, string>>
  /** Most bytes of one message that is held to be read. */
  readonly maxBytes?: number
}

type Headers = [name: string, value: string | number | readonly string[]][]

const UNREADABLE = 'The server’s answer could not be read, so the door of this gateway keeps it back.'

/**
 * Stands between an answer's writer and its client. An event stream is read event by event, a JSON body as a whole;
 * what the tap does not change leaves as it came. Where it cannot read what it should, nothing leaves.
 */
export function tapAnswer(res: ServerResponse, tap: AnswerTap): void {
  const { writeHead, write, end, flushHeaders } = res
  const { visible, errors = [], maxBytes = 0 } = tap
  let held: { status: number; headers: Headers } | undefined
  let chunks: Buffer[] = []
  let heldBytes = 0

  const added: Headers = Object.entries(tap.headers)

  function open(): void {
    Object.assign(res, { write, end, flushHeaders })
  }

  function send(status: number, headers: Headers, body: Buffer): void {
    open()
    const kept = headers.filter(
      ([name]) => !/^(content-length|content-type|content-encoding|transfer-encoding)$/i.test(name),
    )
    const flat = [...kept, ['Content-Type', 'application/json'], ['Content-Length', String(body.length)]].flat()
    writeHead.call(res, status, flat as unknown as OutgoingHttpHeaders)
    end.call(res, body, 'utf8')
  }

  res.writeHead = ((status: number, ...rest: unknown[]) => {
    const headers = [...listOf(rest.at(-1)), ...added]
    const session = headerIn(headers, 'mcp-session-id')
    if (session !== undefined && status < 300) tap.onSession(session)
    res.writeHead = writeHead
    const type = headerIn(headers, 'content-type') ?? ''
    // The phrase behind the status stays, where there is one.
    const phrase = typeof rest[0] === 'string' ? [rest[0]] : []
    const head = added.length === 0 ? [status, ...rest] : [status, ...phrase, headers.flat()]
    if (!visible) return writeHead.apply(res, head as unknown as Parameters<typeof writeHead>)
    // Of the codings of the transfer, only what is more than chunks is said here.
    const isEncoded =
      (headerIn(headers, 'content-encoding') ?? 'identity') !== 'identity' ||
      headerIn(headers, 'transfer-encoding') !== undefined
    if (/^text\/event-stream/i.test(type) && !isEncoded) return beginStream(status, headers)
    const isHeld = tap.holdsJson && (/^application\/json/i.test(type) || status === 202)
    if (isHeld || isEncoded) return hold(status, headers, isEncoded)
    return writeHead.apply(res, head as unknown as Parameters<typeof writeHead>)
  }) as typeof writeHead

  function beginStream(status: number, headers: Headers): ServerResponse {
    const filter = createToolFilter(visible!, maxBytes)
    const flat = headers.filter(([name]) => !/^content-length$/i.test(name)).flat()
    writeHead.call(res, status, flat as unknown as OutgoingHttpHeaders)
    const pass = (bytes: Buffer | undefined): boolean => {
      if (bytes === undefined) {
        res.destroy()
        return false
      }
      return bytes.length === 0 || write.call(res, bytes, 'utf8')
    }
    for (const error of errors) pass(Buffer.from(`event: message\ndata: ${error}\n\n`))
    res.write = ((chunk: unknown) => pass(unlessBroken(() => filter.events(bytesOf(chunk))))) as typeof write
    res.end = ((chunk?: unknown) => {
      if (chunk !== undefined && typeof chunk !== 'function') pass(unlessBroken(() => filter.events(bytesOf(chunk))))
      open()
      return end.call(res, filter.rest(), 'utf8')
    }) as typeof end
    return res
  }

  function hold(status: number, headers: Headers, isEncoded: boolean): ServerResponse {
    held = { status, headers }
    const take = (chunk: unknown) => {
      const bytes = bytesOf(chunk)
      heldBytes += bytes.length
      if (heldBytes <= maxBytes) chunks.push(bytes)
      else chunks = []
    }
    // Another head takes the place of one that is held: its writer failed before the end.
    res.writeHead = ((later: number, ...rest: unknown[]) => {
      held = { status: later, headers: [...listOf(rest.at(-1)), ...added] }
      chunks = []
      heldBytes = 0
      return res
    }) as typeof writeHead
    res.flushHeaders = () => {}
    res.write = ((chunk: unknown) => {
      take(chunk)
      return true
    }) as typeof write
    res.end = ((chunk?: unknown) => {
      if (chunk !== undefined && typeof chunk !== 'function') take(chunk)
      const filter = createToolFilter(visible!, maxBytes)
      const readable = !isEncoded && heldBytes <= maxBytes
      const body = readable ? unlessBroken(() => filter.body(Buffer.concat(chunks), errors)) : undefined
      if (body) send(held!.status === 202 ? 200 : held!.status, held!.headers, body)
      else send(502, [], Buffer.from(errorMessage({ code: CODES.transport, message: UNREADABLE, id: tap.id })))
      return res
    }) as typeof end
    return res
  }
}

function listOf(headers: unknown): Headers {
  if (Array.isArray(headers))
    return Array.isArray(headers[0])
      ? (headers as Headers)
      : headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1]] as Headers[number]] : []))
  if (typeof headers !== 'object' || headers === null) return []
  return Object.entries(headers as OutgoingHttpHeaders).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as Headers[number]],
  )
}

/** What is nested deeper than the stack cannot be written anew, and is an answer that cannot be read. */
function unlessBroken<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

function headerIn(headers: Headers, name: string): string | undefined {
  return headers.find(([found]) => found.toLowerCase() === name)?.[1].toString()
}

function bytesOf(chunk: unknown): Buffer {
  return typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk as Uint8Array)
}
