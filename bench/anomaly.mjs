/**
 * Anomaly detection: false alarms of tools that do as ever, how soon faults are found, and what a call costs. Simulated
 * tools of one call a second (of the daily cycle: between 0.2 and 1.8 a second, durations between 0.67 and 1.5 times the
 * middle), 30 days each without a fault; tools with a fault after 500 calls of history; and tools whose nightly job comes
 * no more. Seeds are fixed, so that the figures are the same at each run. `MCP_VITALS_ANOMALY_TOOLS` sets how many tools of each kind (default 4).
 */
import { createDetector } from '../packages/server/dist/detect/index.js'
import {
  callsToFind,
  DAY_MS,
  FAULTS,
  falseAlarms,
  quantile,
  random,
  silenceToFind,
  TRAFFIC,
  volumeToFind,
} from './support/traffic.mjs'

const TOOLS = Number(process.env.MCP_VITALS_ANOMALY_TOOLS ?? 4)
const FAULTY_TOOLS = 1000
const DAYS = 30
const VOLUME_TOOLS = 20
const VOLUME_DAYS = 3
const detector = () => createDetector({ maxTools: 1 })
const seeds = (count) => Array.from({ length: count }, (_, index) => 1 + index)

console.log(`\nfalse alarms, ${TOOLS} tools of each kind, ${DAYS} days each, all signals together`)
let [cpu, all] = [0, 0]
for (const [name, traffic] of Object.entries(TRAFFIC)) {
  const before = process.cpuUsage()
  const runs = seeds(TOOLS).map((seed) => falseAlarms({ detector: detector(), traffic, seed, days: DAYS }))
  cpu += process.cpuUsage(before).user
  all += runs.reduce((sum, { calls }) => sum + calls, 0)
  const found = runs.map((run) => run.found.length)
  const total = found.reduce((sum, count) => sum + count, 0)
  const signals = [...new Set(runs.flatMap((run) => run.found.map(({ signal }) => signal)))].join(', ')
  console.log(
    `  ${name.padEnd(19)} ${(total / TOOLS).toFixed(2)} a tool, most ${Math.max(...found)}${signals && ` (${signals})`}`,
  )
}
console.log(`  a call of the simulation and the detector: ${(cpu / all).toFixed(2)} µs CPU`)

console.log(`\nfaults after 500 calls of history, ${FAULTY_TOOLS} tools each`)
for (const fault of FAULTS) {
  const calls = seeds(FAULTY_TOOLS).map((seed) => callsToFind(detector(), fault, seed))
  const inTime = calls.filter((count) => count <= fault.within).length
  console.log(
    `  ${fault.name.padEnd(21)} ${((100 * inTime) / FAULTY_TOOLS).toFixed(1)} % within ${fault.within} calls; median ${quantile(calls, 0.5)}, 90 % within ${quantile(calls, 0.9)}`,
  )
}

console.log('\nsilence after 500 calls, 1000 tools each: waited, in usual gaps (all but one in a thousand are shorter)')
for (const [name, traffic] of Object.entries(TRAFFIC)) {
  const waits = seeds(FAULTY_TOOLS).map((seed) => silenceToFind(detector(), traffic, seed))
  const gaps = waits.map(({ waitedMs, usualMs }) => waitedMs / usualMs)
  const seconds = waits.map(({ waitedMs }) => waitedMs / 1000)
  console.log(
    `  ${name.padEnd(19)} median ${quantile(gaps, 0.5).toFixed(2)}, 90 % within ${quantile(gaps, 0.9).toFixed(2)}; median ${quantile(seconds, 0.5).toFixed(1)} s`,
  )
}

console.log(`\nvolume: a job of an hour comes no more after ${VOLUME_DAYS} nights, ${VOLUME_TOOLS} tools`)
const minutes = seeds(VOLUME_TOOLS).map((seed) => volumeToFind(detector(), seed, VOLUME_DAYS))
const inItsHour = minutes.filter((waited) => waited <= 60).length
console.log(
  `  ${((100 * inItsHour) / VOLUME_TOOLS).toFixed(1)} % found in its hour; median ${quantile(minutes, 0.5).toFixed(0)} min after it should have begun, 90 % within ${quantile(minutes, 0.9).toFixed(0)}`,
)

const event = {
  v: 1,
  type: 'request.ended',
  server: 'notes',
  direction: 'client_to_server',
  method: 'tools/call',
  name: 'search',
  operation: 'o',
  outcome: 'ok',
  status: 200,
  requestBytes: 100,
}
/** CPU of a call alone, with values made before. */
function cost() {
  const { see } = detector()
  const numbers = random(7)
  const kind = TRAFFIC['lognormal, σ = 0.5'](numbers)
  let at = 0
  const calls = Array.from({ length: 100_000 }, () => {
    at += kind.gapMs()
    return { ...event, at, durationMs: kind.durationMs(), responseBytes: Math.round(kind.sizeBytes()) }
  })
  const before = process.cpuUsage()
  for (const one of calls) see(one)
  return process.cpuUsage(before).user / calls.length
}
const costs = Array.from({ length: 9 }, cost)
console.log(`\na call: ${quantile(costs, 0.5).toFixed(2)} µs CPU (median of ${costs.length} runs)`)
const many = createDetector({ maxTools: 1000 })
globalThis.gc?.()
const { heapUsed, arrayBuffers } = process.memoryUsage()
for (let tool = 0; tool < 1000; tool++)
  many.see({ ...event, name: `tool-${tool}`, at: DAY_MS, durationMs: 10, responseBytes: 100 })
globalThis.gc?.()
const after = process.memoryUsage()
const bytes = (after.heapUsed - heapUsed + after.arrayBuffers - arrayBuffers) / many.stats().tools
console.log(`a tool: ${(bytes / 1000).toFixed(1)} kB, however many calls`)
