// What the library costs in a server's own process, against nothing, a floor written by hand, prom-client by hand, and
// the peers that are installed beside it: time and CPU of a tool call over an in-memory pair, and of a server for one request.
// A part of it runs by `node bench/library.mjs --sdk 1 --what fresh --alone`: one SDK, one measure, no peers.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { importTimes } from './library/import.mjs'
import { installPeers } from './library/peers.mjs'
import { MISSED, median } from './support/measure.mjs'

const CHILD = new URL('./library/child.mjs', import.meta.url).pathname
const OURS = 'mcp-vitals'
const WITH_SPANS = 'mcp-vitals and spans'
const SPAN_BY_HAND = 'a span by hand'
/**
 * Processes of each candidate, one after the other. What a process happens to be for its life (which code the engine compiled how, where
 * its objects lie, how large its heap grew) differs between two of the same program by more than what is measured here.
 */
const LIVES = 3
const ROUNDS = 9
/**
 * Rounds before the first that counts, in each life. A server runs for days: what it costs is what it costs once the engine has
 * compiled it, which takes some 30,000 calls. Garbage is collected when the engine finds it time, as in a server: a full collection
 * that is asked for before each round has it forget what it learned of the code that runs, and lets the calls behind pay.
 */
const WARM_UP_ROUNDS = 3
/** Peers cost so much that fewer rounds tell their cost, too. */
const PEER_ROUNDS = 3
/** It changes no ratio by a tenth. */
const PEER_WARM_UP_ROUNDS = 1
const PROBE_CALLS = 20
const { values: asked } = parseArgs({
  options: {
    sdk: { type: 'string', multiple: true, default: ['1', '2'] },
    what: { type: 'string', multiple: true },
    alone: { type: 'boolean', default: false },
  },
})
/** `calls` of a round; `peerCalls`: peers are slow enough to be measured by fewer. */
const MEASURES = [
  {
    ...{ name: 'echo', label: 'echo of 16 bytes, one at a time', what: 'sequential', tool: 'echo' },
    ...{ calls: 10_000, peerCalls: 2000 },
  },
  {
    ...{ name: 'at-once', label: 'echo of 16 bytes, 64 at once', what: 'at once', tool: 'echo' },
    ...{ calls: 10_000, peerCalls: 2000 },
  },
  {
    ...{ name: 'text', label: 'text of 32 KB, one at a time', what: 'sequential', tool: 'text' },
    ...{ calls: 10_000, peerCalls: 1000 },
  },
  {
    ...{ name: 'rows', label: 'structured content of 32 KB, one at a time', what: 'sequential', tool: 'rows' },
    ...{ calls: 10_000, peerCalls: 500 },
  },
  {
    ...{ name: 'fresh', label: 'a fresh server with ten tools for each call', what: 'fresh', tool: 'echo' },
    ...{ calls: 1000, peerCalls: 100 },
  },
].filter(({ name }) => asked.what === undefined || asked.what.includes(name))
/** What ours may add at most, microseconds; and how many times cheaper (by CPU) it must be than these. */
const MOST_CALL_MICROS = 2
const MOST_FRESH_MICROS = 40
const TIMES_CHEAPER = 10
/** What importing the main entry may take, milliseconds beyond what an empty module takes. */
const MOST_IMPORT_MILLIS = 5
const MUST_BE_DEARER = ['Sentry', 'PostHog', 'AgentCat', 'agnost']

/** A peer has sent what it put off when nothing came from it for so long; nobody waits longer than the second. */
const QUIET_MS = 250
const MOST_QUIET_MS = 30_000

/** Takes whatever peers send, in this process, so that it is no cost of theirs. */
const received = { bytes: 0, lastAt: 0 }
const sink = createServer((request, response) => {
  request
    .on('data', ({ length }) => {
      received.bytes += length
      received.lastAt = performance.now()
    })
    .on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'))
}).listen(0, '127.0.0.1')
await once(sink, 'listening')
const sinkUrl = `http://127.0.0.1:${sink.address().port}`
const peers = asked.alone ? [] : installPeers()

async function quiet() {
  const start = performance.now()
  while (performance.now() - Math.max(start, received.lastAt) < QUIET_MS) {
    if (performance.now() - start > MOST_QUIET_MS) return
    await pause(QUIET_MS / 5)
  }
}

async function start(name, major) {
  const stdio = ['ignore', 'ignore', 'ignore', 'ipc']
  const child = fork(CHILD, [name, String(major), sinkUrl], { stdio })
  const gone = once(child, 'exit').then(() => undefined)
  const hear = () =>
    Promise.race([new Promise((resolve) => child.removeAllListeners('message').once('message', resolve)), gone])
  const tell = (message) => {
    if (!child.connected) return undefined
    child.send(message)
    return hear()
  }
  await hear()
  const isPeer = peers.includes(name)
  const ask = async ({ what, tool, calls, peerCalls = calls }) => {
    const time = await tell({ what, tool, calls: isPeer ? peerCalls : calls })
    if (isPeer) await quiet()
    const cost = time && (await tell('cost'))
    return cost && { ...time, ...cost }
  }
  return { name, isPeer, ask, end: () => child.kill('SIGKILL') }
}

/** Whether a peer tells anybody of calls: what records nothing costs nothing, and is no peer. */
async function records({ name, ask }, major) {
  const before = received.bytes
  const figures = await ask({ what: 'sequential', tool: 'echo', calls: PROBE_CALLS })
  const problem = !figures ? 'does not work' : received.bytes === before && !figures.recorded ? 'records nothing' : ''
  if (problem) console.log(`${name} ${problem} with SDK ${major}, and is not measured`)
  return !problem
}

/** Adds the figures of interleaved rounds to `taken`, name → figures; who ends in the middle is `gone`. */
async function measure(children, { taken, gone }, what) {
  for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
    for (const { name, isPeer, ask } of children) {
      if (isPeer && (gone.has(name) || round < -PEER_WARM_UP_ROUNDS || round >= PEER_ROUNDS)) continue
      const figures = await ask(what)
      if (!figures) gone.add(name)
      else if (round >= 0) taken.set(name, [...(taken.get(name) ?? []), figures])
    }
  }
}

/**
 * Added microseconds and CPU of every candidate: medians, over all rounds of all lives, of its difference to the bare server of the
 * same round, since what else the machine does changes from round to round.
 */
function addedBy({ taken, gone }) {
  const all = taken.get('bare')
  const bare = { micros: median(all.map(({ micros }) => micros)), cpuMicros: median(all.map((each) => each.cpuMicros)) }
  const added = new Map()
  for (const [name, figures] of taken) {
    const over = (key) => median(figures.map((each, round) => each[key] - all[round][key]))
    if (name !== 'bare' && !gone.has(name)) added.set(name, { micros: over('micros'), cpuMicros: over('cpuMicros') })
  }
  return { bare, added, gone }
}

function report(title, { bare, added, gone }) {
  console.log(`\n${title}: bare ${bare.micros.toFixed(1)} µs, ${bare.cpuMicros.toFixed(1)} µs of CPU`)
  const ours = added.get(OURS)
  for (const [name, { micros, cpuMicros }] of added) {
    const figures = [micros, cpuMicros].map((value) => value.toFixed(2).padStart(9))
    const times = name === OURS || ours.cpuMicros <= 0 ? '' : `  ${(cpuMicros / ours.cpuMicros).toFixed(1)}x`
    console.log(`  ${name.padEnd(20)} + ${figures[0]} µs  + ${figures[1]} µs of CPU${times}`)
  }
  const [spans, byHand] = [WITH_SPANS, SPAN_BY_HAND].map((name) => added.get(name))
  if (spans && byHand)
    console.log(`  a span of ours: ${((spans.cpuMicros - ours.cpuMicros) / byHand.cpuMicros).toFixed(1)}x one by hand`)
  for (const name of gone) console.log(`  ${name.padEnd(20)} does not work with this SDK`)
}

/** What is not as it must be. */
function judge(title, { what }, { added }) {
  const ours = added.get(OURS)
  const most = what === 'fresh' ? MOST_FRESH_MICROS : MOST_CALL_MICROS
  const wrong = []
  if (ours.cpuMicros > most) wrong.push(`${title}: ${ours.cpuMicros.toFixed(2)} µs of CPU, more than ${most}`)
  // 64 at once, and a fresh server, have no median of their own: their time is that of the whole run.
  if (what === 'sequential' && ours.micros > most)
    wrong.push(`${title}: ${ours.micros.toFixed(2)} µs, more than ${most}`)
  for (const name of MUST_BE_DEARER)
    if (added.has(name) && added.get(name).cpuMicros < TIMES_CHEAPER * ours.cpuMicros)
      wrong.push(`${title}: not ${TIMES_CHEAPER} times cheaper than ${name}`)
  return wrong
}

const names = ['bare', OURS, 'by hand', 'prom-client by hand', WITH_SPANS, SPAN_BY_HAND, ...peers]
const wrong = []
const { empty, entry } = await importTimes()
console.log(`import of the main entry: ${entry.toFixed(2)} ms, of an empty module ${empty.toFixed(2)} ms`)
if (entry - empty > MOST_IMPORT_MILLIS)
  wrong.push(`import: ${(entry - empty).toFixed(2)} ms more than nothing, more than ${MOST_IMPORT_MILLIS}`)
for (const major of asked.sdk.map(Number)) {
  const found = new Map(MEASURES.map((each) => [each, { taken: new Map(), gone: new Set() }]))
  for (let life = 0; life < LIVES; life++) {
    const children = []
    // Peers live once: their cost is too large for it to matter.
    for (const name of life === 0 ? names : names.filter((each) => !peers.includes(each))) {
      const child = await start(name, major)
      if (!peers.includes(name) || (await records(child, major))) children.push(child)
      else child.end()
    }
    for (const [each, figures] of found) await measure(children, figures, each)
    for (const { end } of children) end()
  }
  for (const [each, figures] of found) {
    const title = `SDK ${major}: ${each.label}`
    const added = addedBy(figures)
    report(title, added)
    wrong.push(...judge(title, each, added))
  }
}
sink.close()
sink.closeAllConnections()
if (wrong.length > 0) {
  console.log(`\nnot as asked:\n${wrong.map((each) => `  ${each}`).join('\n')}`)
  process.exitCode = MISSED
}
