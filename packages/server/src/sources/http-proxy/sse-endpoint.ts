/** Longest `endpoint` event that is taken, in bytes: far more than an address needs. */
export const MAX_ENDPOINT_BYTES = 8192

const LF = 0x0a
const CR = 0x0d
/** As much of a line as tells a byte order mark and `event: endpoint` from all else. */
const HEAD_BYTES = 20
const MARK = '\xef\xbb\xbf'
const DATA_LINE = /(?<=^(?:\xef\xbb\xbf)?|[\r\n])data(?:(:)( ?)([^\r\n]*))?(?=[\r\n])/g

/** Thrown where an announced address is not used; the message says why, as the end of a sentence. */
export class EndpointRefused extends Error {}

/** Passes the bytes of an event stream on, with another address in each `endpoint` event. */
export interface EndpointRewriter {
  /**
   * What may pass now, in order: pieces of the chunk itself wherever nothing was held. Throws EndpointRefused; nothing
   * may pass after that.
   */
  feed(chunk: Buffer): readonly Buffer[]
  /** What is left at the end of the stream: an event that was cut off, and so says nothing. */
  end(): readonly Buffer[]
}

/**
 * Only the data of `endpoint` events is changed (WHATWG HTML, 9.2, says what those are: chunks are cut anywhere, lines end
 * with CR, LF or both, fields stand in any order). `replace` gets the announced address and gives ours, or throws
 * EndpointRefused. The lines of an event are held until it is known to be another one, or has more than
 * `MAX_ENDPOINT_BYTES`; a reader can do nothing with them before the event's end.
 */
export function createEndpointRewriter(replace: (announced: string) => string): EndpointRewriter {
  return new Rewriter(replace)
}

class Rewriter implements EndpointRewriter {
  readonly #replace: (announced: string) => string
  #out: Buffer[] = []
  #held: Buffer[] = []
  #heldBytes = 0
  /** The start of the current line, one character a byte. */
  #head = ''
  #isFirstLine = true
  /** What is known of the current event. A `passing` one is no `endpoint`, as far as it may still become none. */
  #event: 'unknown' | 'endpoint' | 'passing' = 'unknown'
  /** Nothing but comments came since the last event. */
  #isBetween = true
  #afterReturn = false

  constructor(replace: (announced: string) => string) {
    this.#replace = replace
  }

  feed(chunk: Buffer): readonly Buffer[] {
    this.#out = []
    let done = 0
    let at = this.#skipFeed(chunk)
    if (at > 0 && this.#isBetween && this.#heldBytes === 0) done = this.#pass(chunk, 0, at)
    while (at < chunk.length) {
      const end = lineEnd(chunk, at)
      this.#look(chunk, at, end)
      if (end === chunk.length) break
      this.#afterReturn = chunk[end] === CR
      at = end + 1 + this.#skipFeed(chunk.subarray(end + 1))
      done = this.#lineEnded(chunk, done, at)
    }
    if (done < chunk.length) this.#rest(chunk, done)
    return this.#out
  }

  end(): readonly Buffer[] {
    return this.#held.splice(0)
  }

  /** 1 where the chunk begins with the second half of a line's end. */
  #skipFeed(chunk: Buffer): 0 | 1 {
    if (!this.#afterReturn || chunk.length === 0) return 0
    this.#afterReturn = false
    return chunk[0] === LF ? 1 : 0
  }

  #look(chunk: Buffer, from: number, to: number): void {
    const missing = HEAD_BYTES - this.#head.length
    if (missing > 0) this.#head += chunk.toString('latin1', from, Math.min(to, from + missing))
  }

  get #line(): string {
    return this.#isFirstLine && this.#head.startsWith(MARK) ? this.#head.slice(MARK.length) : this.#head
  }

  /** The line that ends at `at` is complete; all of the chunk before `done` was dealt with. Gives the new `done`. */
  #lineEnded(chunk: Buffer, done: number, at: number): number {
    const line = this.#line
    this.#head = ''
    this.#isFirstLine = false
    if (line === '') return this.#eventEnded(chunk, done, at)
    if (line.startsWith(':')) return this.#isBetween ? this.#pass(chunk, done, at) : done
    this.#isBetween = false
    const isEndpoint = line === 'event: endpoint' || line === 'event:endpoint'
    if (this.#event === 'passing') {
      if (isEndpoint) throw new EndpointRefused('it stands in an event that had begun as another')
      return done
    }
    if (isEndpoint) this.#event = 'endpoint'
    else if (line.startsWith('event:') || line === 'event') {
      this.#event = 'passing'
      return this.#pass(chunk, done, at)
    }
    return done
  }

  #eventEnded(chunk: Buffer, done: number, at: number): number {
    const isEndpoint = this.#event === 'endpoint'
    if (isEndpoint) this.#hold(chunk.subarray(done, at))
    this.#event = 'unknown'
    this.#isBetween = true
    if (!isEndpoint) return this.#pass(chunk, done, at)
    this.#out.push(this.#rewritten(Buffer.concat(this.#held)))
    this.#held = []
    this.#heldBytes = 0
    return at
  }

  /** The rest of a chunk, which ends within a line or an event. */
  #rest(chunk: Buffer, done: number): void {
    const isComment = this.#isBetween && this.#line.startsWith(':')
    if (this.#event === 'passing' || isComment) this.#pass(chunk, done, chunk.length)
    else {
      this.#hold(chunk.subarray(done))
      if (this.#heldBytes <= MAX_ENDPOINT_BYTES) return
      this.#event = 'passing'
      this.#isBetween = false
      this.#pass(chunk, 0, 0)
    }
  }

  #hold(bytes: Buffer): void {
    this.#held.push(bytes)
    this.#heldBytes += bytes.length
    if (this.#event === 'endpoint' && this.#heldBytes > MAX_ENDPOINT_BYTES)
      throw new EndpointRefused(`it is longer than ${MAX_ENDPOINT_BYTES} bytes`)
  }

  /** Passes what is held, and the bytes from `from` to `to`. Gives `to`. */
  #pass(chunk: Buffer, from: number, to: number): number {
    this.#out.push(...this.#held)
    this.#held = []
    this.#heldBytes = 0
    if (to > from) this.#out.push(chunk.subarray(this.#follows(chunk, from) ? this.#takeBack(chunk) : from, to))
    return to
  }

  /** True where the last piece that passed ends in this chunk, at `at`: both then leave as one. */
  #follows(chunk: Buffer, at: number): boolean {
    const last = this.#out.at(-1)
    if (!last || last.buffer !== chunk.buffer || last.byteOffset < chunk.byteOffset) return false
    return last.byteOffset + last.length === chunk.byteOffset + at
  }

  /** Takes the last piece back, and gives where it began in this chunk. */
  #takeBack(chunk: Buffer): number {
    return this.#out.pop()!.byteOffset - chunk.byteOffset
  }

  #rewritten(event: Buffer): Buffer {
    const text = event.toString('latin1')
    const [data, ...more] = text.matchAll(DATA_LINE)
    // An event without data says nothing to anybody.
    if (!data) return event
    const [line, colon, space = '', value = ''] = data
    if (more.length > 0 || !colon) throw new EndpointRefused('it is not written on one line')
    const address = this.#replace(Buffer.from(value, 'latin1').toString('utf8'))
    return Buffer.concat([
      event.subarray(0, data.index),
      Buffer.from(`data:${space}${address}`),
      event.subarray(data.index + line.length),
    ])
  }
}

/** Where the line that goes on at `from` ends, or the chunk's length. */
function lineEnd(chunk: Buffer, from: number): number {
  const feed = chunk.indexOf(LF, from)
  const end = feed < 0 ? chunk.length : feed
  const back = chunk.subarray(from, end).indexOf(CR)
  return back < 0 ? end : from + back
}
