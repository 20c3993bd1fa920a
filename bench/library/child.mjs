// One candidate in a process of its own: measures what the parent asks for, and is still in between.
import { setTimeout as pause } from 'node:timers/promises'
import { CANDIDATES, PEER_CANDIDATES } from './candidates.mjs'
import { connect, makeServer } from './servers.mjs'

const [name, majorText, sink] = process.argv.slice(2)
const major = Number(majorText)
const candidate = await (CANDIDATES[name] ?? PEER_CANDIDATES[name])(major, sink)
const { instrument = (server) => server, around, settle = async () => {}, recorded = () => 0 } = candidate
const fresh = async (more) => instrument(makeServer(major, { around, more }))
const { ask } = await connect(major, await fresh(0))
async function call(tool) {
  const { result } = await ask('tools/call', { name: tool, arguments: { text: 'sixteen letters.' } })
  if (!result || result.isError) throw new Error(`${name}: the call failed`)
}

const median = (values) => values.sort()[values.length >> 1]

async function sequential(tool, calls) {
  const micros = new Float64Array(calls)
  for (let i = 0; i < calls; i++) {
    const start = performance.now()
    await call(tool)
    micros[i] = (performance.now() - start) * 1000
  }
  return median(micros)
}

async function atOnce(tool, calls, lanes) {
  const start = performance.now()
  let left = calls
  const lane = async () => {
    while (left-- > 0) await call(tool)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return ((performance.now() - start) * 1000) / calls
}

/** Ten tools, a connection, a call, an end: what a stateless server does for each request. */
async function freshServers(calls) {
  const start = performance.now()
  for (let i = 0; i < calls; i++) {
    const server = await fresh(7)
    const client = await connect(major, server)
    await client.ask('tools/call', { name: 'echo', arguments: { text: 'sixteen letters.' } })
    await client.close()
  }
  return ((performance.now() - start) * 1000) / calls
}

let before = process.cpuUsage()
let counted = 1

async function measure({ what, tool, calls }) {
  before = process.cpuUsage()
  counted = calls
  const micros =
    what === 'fresh'
      ? await freshServers(calls)
      : what === 'at once'
        ? await atOnce(tool, calls, 64)
        : await sequential(tool, calls)
  // What a candidate put off is its cost as well, and gets its time.
  await settle()
  await pause(20)
  return { micros }
}

/** What the last measure cost until now. */
function cost() {
  const { user, system } = process.cpuUsage(before)
  return { cpuMicros: (user + system) / counted, recorded: recorded() }
}

process.on('message', async (message) => process.send(message === 'cost' ? cost() : await measure(message)))
process.send('ready')
