import { write as writeFd } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

/** Where lines go: any writable stream. One with a file descriptor that is no terminal is written by that descriptor. */
export interface LogStream {
  write(text: string, done: (error?: Error | null) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  readonly fd?: number | null
  readonly isTTY?: boolean
}

/** Takes whole lines. Rejects when they did not all get out, and tries afresh with the next ones. */
export type Target = (text: string) => Promise<void>

/** How long a reader may take nothing before what waits is given up, and how often it is asked, in milliseconds. */
const STALL_LIMIT_MS = 5_000
const RETRY_MS = 20

/**
 * A stream of Node is destroyed by its first error, be it only a disk that was full for a moment; a descriptor is not.
 * Terminals keep their stream, which knows their encoding.
 */
export function targetOf(stream: LogStream): Target {
  stream.on('error', () => {})
  return typeof stream.fd !== 'number' || stream.isTTY ? streamTarget(stream) : descriptorTarget(stream.fd)
}

function streamTarget(stream: LogStream): Target {
  return (text) =>
    new Promise((resolve, reject) => {
      stream.write(text, (error) => (error ? reject(error) : resolve()))
    })
}

const write = promisify(writeFd)

function descriptorTarget(fd: number): Target {
  // After a failure in the middle of a line, the next write begins a new one.
  let torn = false
  let stalled = false

  async function some(bytes: Uint8Array, offset: number): Promise<number> {
    const giveUpAt = performance.now() + (stalled ? 0 : STALL_LIMIT_MS)
    for (;;) {
      try {
        const { bytesWritten } = await write(fd, bytes, offset)
        stalled = false
        return bytesWritten
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
        if (performance.now() >= giveUpAt) {
          stalled = true
          throw error
        }
        await delay(RETRY_MS)
      }
    }
  }

  return async (text) => {
    const bytes = Buffer.from(torn ? `\n${text}` : text)
    let offset = 0
    try {
      while (offset < bytes.length) offset += await some(bytes, offset)
      torn = false
    } catch (error) {
      torn ||= offset > 0
      throw error
    }
  }
}
