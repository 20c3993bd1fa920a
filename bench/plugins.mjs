/**
 * `node bench/plugins.mjs`: what the host of plugins and its queue cost over a bare `child_process.spawn` of the same
 * program, and 1,000 jobs in its queue, of which none may be lost. Both run /bin/true; turns alternate, so that what else
 * the machine does falls on both. Ends with `ok`, or with status 1 where a bound is missed.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pluginsEntry } from '../packages/server/dist/plugins/options.js'
import { createPluginHost } from '../packages/server/dist/sources/plugins/index.js'
import { median } from './support/measure.mjs'

const TURNS = 400
const JOBS = 1000
/** Milliseconds that a call may take longer than the bare start, at the median. */
const MOST_MS = 2

const dir = mkdtempSync(join(tmpdir(), 'mcp-vitals-bench-'))
mkdirSync(join(dir, 'quick'))
const manifest = { program: ['/bin/true'], commands: { run: { words: [], parameters: {} } } }
writeFileSync(join(dir, 'quick/plugin.json'), JSON.stringify(manifest))
const told = new Map()
const clock = () => performance.now()
const host = createPluginHost({
  server: 'bench',
  version: '0',
  entry: pluginsEntry.parse({ plugins: dir, maxWaiting: JOBS, watch: false }),
  publish({ type, action }) {
    const key = action ?? type
    told.set(key, (told.get(key) ?? 0) + 1)
  },
  now: Date.now,
  clock,
})
await host.ready
const connection = host.connect('bench')
const waiting = new Map()
createInterface({ input: connection.stdout }).on('line', (line) => {
  const { id, result } = JSON.parse(line)
  waiting.get(id)?.(result)
  waiting.delete(id)
})
let lastId = 0
const ask = (method, params) =>
  new Promise((resolve) => {
    waiting.set(++lastId, resolve)
    connection.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: lastId, method, params })}\n`)
  })
const call = () => ask('tools/call', { name: 'quick.run', arguments: {} })

/** As a program without a host would do it: output and its end. */
const bare = () =>
  new Promise((resolve) => {
    const child = spawn('/bin/true', [], { stdio: ['pipe', 'pipe', 'pipe'], detached: true })
    child.stdout.resume()
    child.stderr.resume()
    child.stdin.on('error', () => {}).end()
    child.once('close', resolve)
  })

async function timed(run) {
  const began = clock()
  await run()
  return clock() - began
}

for (let turn = 0; turn < 50; turn++) {
  await bare()
  await call()
}
const [alone, hosted] = [[], []]
for (let turn = 0; turn < TURNS; turn++) {
  alone.push(await timed(bare))
  hosted.push(await timed(call))
}
const [one, other] = [median(alone), median(hosted)]
const over = other - one

/** Four at a time, as the host does. */
async function bareJobs(left = { count: JOBS }) {
  const work = async () => {
    while (left.count-- > 0) await bare()
  }
  await Promise.all(Array.from({ length: 4 }, work))
}
const bareMs = await timed(bareJobs)
told.clear()
let answers = []
const hostedMs = await timed(async () => {
  answers = await Promise.all(Array.from({ length: JOBS }, call))
})
const whole = answers.filter((result) => result && !result.isError).length
await host.stop()
rmSync(dir, { recursive: true })

const ms = (value) => value.toFixed(2)
process.stdout.write(`bare spawn        ${ms(one)} ms at the median of ${TURNS}
through the host  ${ms(other)} ms: ${ms(over)} ms more (asked: less than ${MOST_MS}), ${(other / one).toFixed(2)} of the bare
${JOBS} jobs, bare   ${bareMs.toFixed(0)} ms, four at a time
${JOBS} jobs, queued ${hostedMs.toFixed(0)} ms, four at a time: ${(hostedMs / bareMs).toFixed(2)} of the bare; answered ${whole}, started ${told.get('started')}, left ${told.get('left')}
`)
const isWell = over < MOST_MS && whole === JOBS && told.get('started') === JOBS && told.get('left') === JOBS
process.stdout.write(isWell ? 'ok\n' : 'a bound is missed\n')
process.exit(isWell ? 0 : 1)
