/**
 * Verifies the log of a folder once, and prints how many rows it had, the seconds that it took, by the clock and of the processor,
 * the most memory held, and the most of it that was still needed after a collection, looked at every 32 MiB of the log.
 */
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { setupOf, verifyPieces } from './audit-file.mjs'

const LOOK_EVERY_BYTES = 32 * 1_048_576
const [dir] = process.argv.slice(2)
let neededBytes = 0

async function* pieces() {
  let left = LOOK_EVERY_BYTES
  for await (const piece of createReadStream(join(dir, 'rows.jsonl'))) {
    yield piece
    left -= piece.length
    if (left > 0) continue
    left = LOOK_EVERY_BYTES
    // Memory of buffers is given back a turn after they were collected.
    globalThis.gc()
    await new Promise(setImmediate)
    globalThis.gc()
    const { heapUsed, arrayBuffers } = process.memoryUsage()
    neededBytes = Math.max(neededBytes, heapUsed + arrayBuffers)
  }
}

const from = performance.now()
const rows = await verifyPieces(pieces(), setupOf(dir))
const seconds = (performance.now() - from) / 1000
const { user, system } = process.cpuUsage()
console.log(
  JSON.stringify({
    rows,
    seconds,
    cpuSeconds: (user + system) / 1e6,
    neededBytes,
    maxRssKb: process.resourceUsage().maxRSS,
  }),
)
