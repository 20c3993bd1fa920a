// A daemon's store in a process of its own, for tests that kill it. Prints one line for each thing that is certain.

import { event } from '../../packages/instrument/dist/event/index.js'
import { openDataDir } from '../../packages/server/dist/datadir/index.js'
import { openStore, storeOptions } from '../../packages/server/dist/store/index.js'

const [dir, job] = process.argv.slice(2)
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)

const dataDir = await openDataDir(dir)
try {
  await dataDir.lock()
} catch (error) {
  say({ refused: error.code, message: error.message })
  process.exit(1)
}
const store = await openStore({ dir, options: storeOptions.parse({}), onFault: (error) => say({ fault: error.code }) })
say({ pid: process.pid })
if (job === 'append') await Promise.all(['a', 'b', 'c'].map(appendForever))
else setInterval(() => {}, 60_000)

/** Goes on where the stream's mark is, in batches of one to forty, each announced after its commit alone. */
async function appendForever(stream) {
  let next = (await store.mark(stream)) + 1
  for (;;) {
    const size = 1 + ((next * 7919) % 40)
    // Every batch begins with events that were sent before, as after a lost answer.
    const from = Math.max(1, next - (next % 5))
    const batch = Array.from({ length: next + size - from }, (_, index) => {
      const seq = from + index
      return { seq, event: event('business', Date.now(), { server: stream }, { name: `n${seq}`, value: seq }) }
    })
    const { highWater } = await store.appendStream(stream, batch)
    say({ stream, highWater })
    next = highWater + 1
  }
}
