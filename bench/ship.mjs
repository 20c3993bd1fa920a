// What of a busy server reaches a daemon that is 50 ms away, and what waits for one that is dead: 300 calls a second, recorded in a
// process of its own, shipped with the defaults. Nothing may be missing or come twice; what the process holds more than before, at most,
// is shown beside the bound of 16 MB. Ends with `ok`, or with `not as asked`.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { MISSED } from './support/measure.mjs'

const CHILD = new URL('./library/ship-child.mjs', import.meta.url).pathname
const LATENCY_MS = 50
const ALIVE_SECONDS = 10
const DEAD_SECONDS = 60
const MOST_MEMORY_MB = 16
/** Longer than the longest pause of a shipper between two tries. */
const MOST_CATCH_UP_MS = 30_000

/** A daemon's ingest: takes each number of a stream once, and answers after a while. */
const sink = { isDead: false, taken: [], repeated: 0, gaps: 0, calls: 0, posts: 0, dropped: 0 }
const server = createServer(async (request, response) => {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  await pause(LATENCY_MS)
  sink.posts++
  if (sink.isDead) return response.writeHead(503).end()
  const { stream, events, dropped = 0 } = JSON.parse(Buffer.concat(chunks).toString())
  // The first post only asks whether there is a daemon.
  if (stream === undefined) return response.end('{"highWater":0}')
  sink.dropped = dropped
  for (const { seq, event } of events) {
    const highWater = sink.taken.at(-1) ?? 0
    if (seq <= highWater) sink.repeated++
    else {
      if (seq !== highWater + 1) sink.gaps++
      sink.taken.push(seq)
      if (event.type === 'request.ended') sink.calls++
    }
  }
  response.end(JSON.stringify({ highWater: sink.taken.at(-1) ?? 0 }))
}).listen(0, '127.0.0.1')
await once(server, 'listening')

const child = fork(CHILD, [`http://127.0.0.1:${server.address().port}`], { execArgv: ['--expose-gc'] })
const ask = async (message) => {
  child.send(message)
  return (await once(child, 'message'))[0]
}
await once(child, 'message')
// The call by which it got ready.
while (sink.calls < 1) await pause(20)

/** Has calls made for so long, and waits until all came. */
async function run(title, seconds) {
  const [before, posts] = [sink.calls, sink.posts]
  const { made, memoryMb } = await ask({ seconds })
  sink.isDead = false
  const since = performance.now()
  let { waiting } = await ask('stats')
  while (waiting > 0 && performance.now() - since < MOST_CATCH_UP_MS) {
    await pause(20)
    waiting = (await ask('stats')).waiting
  }
  const came = sink.calls - before
  const caughtUp = ((performance.now() - since) / 1000).toFixed(1)
  console.log(`${title}: ${made} calls in ${seconds} s`)
  console.log(
    `  came ${came} in ${sink.posts - posts} posts, twice ${sink.repeated}, dropped ${sink.dropped}, gaps ${sink.gaps}`,
  )
  console.log(`  all there ${caughtUp} s after the last call; at most ${memoryMb.toFixed(1)} MB more than before`)
  return came === made && sink.repeated + sink.dropped + sink.gaps === 0 && memoryMb < MOST_MEMORY_MB
}

const delivered = await run(`sink ${LATENCY_MS} ms away`, ALIVE_SECONDS)
sink.isDead = true
const survived = await run('sink dead', DEAD_SECONDS)
child.kill()
server.close()
server.closeAllConnections()
console.log(delivered && survived ? 'ok' : 'not as asked')
if (!delivered || !survived) process.exitCode = MISSED
