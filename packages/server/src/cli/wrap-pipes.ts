import { fstatSync } from 'node:fs'
import { Socket } from 'node:net'
import { PassThrough, type Readable, type Writable } from 'node:stream'

/** This process’s standard input; an empty one where it was started without. */
export function openStdin(): Readable {
  return isOpen(0) ? process.stdin : new PassThrough().end()
}

/**
 * This process’s standard output. Pipes and sockets get a handle of their own: it never blocks the loop, and it can be
 * closed, so that a server that closes its output is seen to.
 */
export function openStdout(): Writable {
  if (!isOpen(1)) return new PassThrough().resume()
  const stat = fstatSync(1)
  return stat.isFIFO() || stat.isSocket() ? new Socket({ fd: 1, readable: false, writable: true }) : process.stdout
}

function isOpen(fd: number): boolean {
  try {
    fstatSync(fd)
    return true
  } catch {
    return false
  }
}
