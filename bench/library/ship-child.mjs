// A busy server's process: makes calls as it is told, ships them to the address that is its argument, and says what it holds.
import { setTimeout as pause } from 'node:timers/promises'
import { ship } from '../../packages/instrument/dist/node/index.js'
import { configure, recordToolCall } from '../../packages/instrument/dist/record.js'

const CALLS_PER_SECOND = 300
const MEASURED_EVERY_MS = 1000
const MB = 1024 * 1024

configure({ server: 'busy' })
const shipping = ship({ url: process.argv[2], token: 'token' })

/** What lives, after a collection: objects and buffers, megabytes. */
function heldMb() {
  global.gc()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / MB
}

async function calls(seconds) {
  const count = seconds * CALLS_PER_SECOND
  const before = heldMb()
  let most = before
  let measuredAt = performance.now()
  const began = measuredAt
  for (let made = 0; made < count; ) {
    await pause(10)
    const at = performance.now()
    const due = Math.min(count, Math.ceil(((at - began) / 1000) * CALLS_PER_SECOND))
    for (; made < due; made++) recordToolCall('work', () => made)
    if (at - measuredAt < MEASURED_EVERY_MS) continue
    measuredAt = at
    most = Math.max(most, heldMb())
  }
  return { made: count, memoryMb: Math.max(most, heldMb()) - before }
}

// What is loaded at the first call is the program's, and none of what waits.
recordToolCall('work', () => 0)
process.on('message', async (message) =>
  process.send(message === 'stats' ? shipping.stats() : await calls(message.seconds)),
)
process.send('ready')
