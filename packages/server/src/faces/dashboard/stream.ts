import { problem } from './answers.js'

/** A text that is sent, and what of it tells whether anything has changed. */
export interface Snapshot {
  readonly text: string
  readonly essence: string
}

export interface StreamSetup {
  readonly snapshot: () => Promise<Snapshot>
  /** Whether who began a stream may still read it. */
  readonly mayRead: (key: string | undefined) => boolean
}

export interface StreamFace {
  /** `key`: the session that the stream is of; undefined where it is of none. */
  open(isHead: boolean, key: string | undefined): Promise<Response>
  /** Cuts the streams whose session is over. */
  sweep(): void
  /** Ends all. */
  close(): void
}

/** Most streams at a time. */
export const MAX_STREAMS = 64
const TICK_MS = 1000
/** What did not change is sent again after so long, so that the page knows how old it is. */
const AGAIN_MS = 10_000
/** Messages that may wait for a reader, beside what the system holds; who leaves more is cut, and comes again. */
const MAX_WAITING = 8

const HEADERS = { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' }

interface Reader {
  readonly key: string | undefined
  readonly controller: ReadableStreamDefaultController<Uint8Array>
}

/**
 * The newest snapshot to all who listen, as server-sent events: when it changed, at most each second, and each ten seconds as
 * a heartbeat. It is made once for all, and not at all while nobody listens.
 */
export function createStreamFace({ snapshot, mayRead }: StreamSetup): StreamFace {
  const readers = new Set<Reader>()
  let timer: NodeJS.Timeout | undefined
  let isMaking = false
  let essence = ''
  let sentAt = 0
  let number = 0
  let isClosed = false

  async function tick(): Promise<void> {
    if (isMaking) return
    isMaking = true
    try {
      sweep()
      const made = await snapshot()
      const now = performance.now()
      if (made.essence === essence && now - sentAt < AGAIN_MS) return
      essence = made.essence
      sentAt = now
      const message = messageOf(made)
      for (const reader of readers) send(reader, message)
    } catch {
      // What could not be made is made at the next tick; who listens sees how old the last one is.
    } finally {
      isMaking = false
    }
  }

  function messageOf({ text }: Snapshot): Uint8Array {
    number++
    return new TextEncoder().encode(`event: dashboard\nid: ${number}\ndata: ${text}\n\n`)
  }

  function send(reader: Reader, message: Uint8Array): void {
    if ((reader.controller.desiredSize ?? 0) > 0) reader.controller.enqueue(message)
    else {
      leave(reader)
      reader.controller.error(new Error('the reader is too slow'))
    }
  }

  function leave(reader: Reader): void {
    readers.delete(reader)
    if (readers.size > 0) return
    clearInterval(timer)
    timer = undefined
  }

  function end(reader: Reader): void {
    leave(reader)
    try {
      reader.controller.close()
    } catch {
      // It ended by itself meanwhile.
    }
  }

  function sweep(): void {
    for (const reader of readers) if (!mayRead(reader.key)) end(reader)
  }

  return {
    async open(isHead, key) {
      if (isHead) return new Response(null, { headers: HEADERS })
      if (isClosed || readers.size >= MAX_STREAMS)
        return problem(503, `There are ${MAX_STREAMS} streams already: ask /admin/api/dashboard instead.`, {
          'retry-after': '30',
        })
      let reader: Reader | undefined
      const body = new ReadableStream<Uint8Array>(
        {
          start(controller) {
            reader = { key, controller }
            readers.add(reader)
            timer ??= setInterval(() => void tick(), TICK_MS).unref()
          },
          cancel() {
            if (reader) leave(reader)
          },
        },
        { highWaterMark: MAX_WAITING },
      )
      try {
        const first = await snapshot()
        if (reader && readers.has(reader)) send(reader, messageOf(first))
      } catch {
        // The next tick tries again.
      }
      return new Response(body, { headers: HEADERS })
    },
    sweep,
    close() {
      isClosed = true
      for (const reader of readers) end(reader)
    },
  }
}
