import { oneLine } from './bytes.js'
import { jsonOf, type Message, readParcel } from './message.js'

/** Takes the tools out of answers that their reader may not see. */
export interface ToolFilter {
  /** The tools of one page that may be seen. */
  readonly visible: <T extends { readonly name?: unknown }>(tools: readonly T[]) => readonly T[]
}

interface Answer {
  readonly result?: { readonly tools?: unknown; readonly content?: unknown }
}

/**
 * Builds a filter for one answer. Every message but one that lists tools leaves byte for byte; of that one the bytes
 * around its id stay what they were, and the result is written anew. `undefined` is an answer that cannot be read.
 */
export function createToolFilter(visible: ToolFilter['visible'], maxBytes: number) {
  let waiting = Buffer.alloc(0)
  let scanned = 0

  return {
    /** A whole JSON body, with `errors` added to it, which makes it a list. */
    body(bytes: Buffer, errors: readonly string[]): Buffer | undefined {
      if (bytes.length === 0) return errors.length === 0 ? bytes : listOf(errors.map((text) => Buffer.from(text)))
      const line = oneLine(bytes)
      const parcel = line && readParcel(line)
      if (!parcel) return undefined
      const messages = parcel.messages.map((message) => filtered(message) ?? message.bytes)
      if (errors.length > 0) return listOf([...messages, ...errors.map((text) => Buffer.from(text))])
      if (messages.every((message, at) => message === parcel.messages[at]!.bytes)) return bytes
      return parcel.batch ? listOf(messages) : messages[0]
    },
    /** Bytes of an event stream; gives those of the events that are complete. */
    events(bytes: Buffer): Buffer | undefined {
      waiting = Buffer.concat([waiting, bytes])
      const parts: Buffer[] = []
      for (let end = endOfEvent(waiting, scanned); end > 0; end = endOfEvent(waiting, 0)) {
        const part = event(waiting.subarray(0, end))
        if (!part) return undefined
        parts.push(part)
        waiting = waiting.subarray(end)
      }
      // An end may begin in this chunk and close in the next.
      scanned = Math.max(0, waiting.length - 3)
      return waiting.length > maxBytes ? undefined : Buffer.concat(parts)
    },
    /** What is left at the end: no event, as its end never came; a reader drops it (HTML, 9.2.6), and so does this. */
    rest: () => Buffer.alloc(0),
  }

  function event(bytes: Buffer): Buffer | undefined {
    if (!bytes.includes('tools')) return escapes(bytes) ? undefined : bytes
    const lines = bytes.toString('utf8').split(/\r\n|\r|\n/)
    const data = lines
      .filter((line) => /^\uFEFF?data(:|$)/.test(line))
      .map((line) => line.replace(/^\uFEFF?data:? ?/, ''))
    if (data.length === 0) return bytes
    const line = oneLine(Buffer.from(data.join('\n')))
    const parcel = line && readParcel(line)
    // What is no message names no tool that a client could see.
    if (!parcel) return bytes
    const messages = parcel.messages.map(filtered)
    if (messages.every((message) => message === undefined)) return bytes
    const whole = parcel.messages.map((message, at) => messages[at] ?? message.bytes)
    const text = (parcel.batch ? listOf(whole) : whole[0]!).toString('utf8')
    const others = lines.filter((found) => found !== '' && !/^\uFEFF?data(:|$)/.test(found))
    return Buffer.from([...others, `data: ${text}`, '', ''].join('\n'))
  }

  /** The message with the tools that may be seen; undefined where it lists none or loses none. */
  function filtered(message: Message): Buffer | undefined {
    const { bytes, id } = message
    if (!bytes.includes('tools') && !escapes(bytes)) return undefined
    const { result } = jsonOf(message) as Answer
    if (id === undefined || !Array.isArray(result?.tools) || result.content !== undefined) return undefined
    const tools = visible(result.tools.filter((tool) => typeof tool === 'object' && tool !== null))
    if (tools.length === result.tools.length) return undefined
    return Buffer.from(`{"jsonrpc":"2.0","id":${id},"result":${JSON.stringify({ ...result, tools })}}`)
  }
}

/** A letter of `tools` may be written as an escape. No server does; one that does is not read. */
function escapes(bytes: Buffer): boolean {
  return /"(?:t|\\u0074)(?:o|\\u006[fF]){2}(?:l|\\u006[cC])(?:s|\\u0073)"/.test(bytes.toString('latin1'))
}

function listOf(messages: readonly Buffer[]): Buffer {
  const parts = messages.flatMap((message, at) => [Buffer.from(at === 0 ? '[' : ','), message])
  return Buffer.concat([...parts, Buffer.from(']')])
}

/** Where the first event ends, its blank line included; 0 where it is not complete. */
function endOfEvent(bytes: Buffer, from: number): number {
  const found = /\r\n\r\n|\n\n|\r\r(?!\n)|\n\r\n/.exec(bytes.toString('latin1', from))
  return found ? from + found.index + found[0].length : 0
}
