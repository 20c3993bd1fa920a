import type { Line, Spool } from '../../../packages/instrument/src/ship/index.js'
import { pack, unpack } from './lines.js'

/** The simplest right spool, for tests: `maxLines` bounds it, the oldest go. */
export function memorySpool(maxLines = Number.POSITIVE_INFINITY): Spool & { lines: Line[]; broken: boolean } {
  let dropped = 0
  return {
    lines: [],
    broken: false,
    get waiting() {
      return this.lines.length
    },
    get dropped() {
      return dropped
    },
    append(lines) {
      if (this.broken) return false
      this.lines.push(...unpack(lines))
      while (this.lines.length > maxLines) {
        this.lines.shift()
        dropped++
      }
      return true
    },
    read: function ({ maxEvents }) {
      return pack(this.lines.slice(0, maxEvents))
    },
    ack(seq) {
      this.lines = this.lines.filter((line) => line.seq > seq)
    },
    close() {},
  }
}
