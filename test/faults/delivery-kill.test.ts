import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import {
  askStore,
  type DaemonProcess,
  processesOf,
  spoolFiles,
  startDaemonProcess,
  temporaryDir,
} from './daemon-process.js'
import { between, PROVE, record, seeded } from './prove.js'
import { eventually, type Life, liveOnce } from './wrap-client.js'

const PROOF = 'delivery under kill -9 of daemon and wraps'
const LENGTH_MS = PROVE ? 150_000 : 6_000
/** Wraps at a time. */
const WIDTH = PROVE ? 4 : 3
/** What a wrap may hold in memory for so long before it posts or spools it (`flushMs`), and the lateness of a busy machine. */
const FLUSH_MS = 250
const LATENESS_MS = 2_000

/** Kills and starts the daemon until `over`, often before it listens. Resolves to the kills, with a last one running. */
async function daemonThatDies(dataDir: string, over: () => boolean): Promise<{ kills: number; last: DaemonProcess }> {
  const random = seeded(PROOF)
  let kills = 0
  for (;;) {
    const daemon = startDaemonProcess(dataDir)
    if (over()) return { kills, last: daemon }
    if (random() < 0.8) await daemon.listening
    await delay(between(random, 0, 1200))
    await daemon.end('SIGKILL')
    kills++
    if (random() < 0.3) await delay(between(random, 0, 1500))
  }
}

/** Lives of wraps, one after another. */
async function wraps(dataDir: string, share: number, over: () => boolean): Promise<Life[]> {
  const random = seeded(PROOF, share)
  const lives: Life[] = []
  while (!over())
    lives.push(await liveOnce(dataDir, random, { calls: between(random, 1, 120), killed: random() < 0.4 }))
  return lives
}

test('kill -9 the daemon and wraps at any moment: each call that was seen is kept once, and no process is left', {
  timeout: LENGTH_MS + 120_000,
}, async () => {
  const dataDir = temporaryDir()
  const end = performance.now() + LENGTH_MS
  const over = () => performance.now() > end
  const [{ kills, last }, ...all] = await Promise.all([
    daemonThatDies(dataDir, over),
    ...Array.from({ length: WIDTH }, (_, index) => wraps(dataDir, 1 + index, over)),
  ])
  await last.listening
  await eventually(
    () => spoolFiles(dataDir).length === 0,
    () => `spools are left: ${spoolFiles(dataDir)}`,
  )
  await last.end('SIGTERM')
  await eventually(
    () => processesOf(dataDir).length === 0,
    () => `processes are left: ${processesOf(dataDir)}`,
  )
  const lives = all.flat()
  const killed = lives.filter(({ killedAtMs }) => killedAtMs !== undefined)
  expect(kills).toBeGreaterThan(0)
  expect(killed.length).toBeGreaterThan(0)
  const kept = keptCalls(dataDir, lives.length - killed.length)
  const tailsMs = lives.map((life) => judge(life, kept))
  const total = (count: (life: Life) => number) => lives.reduce((sum, life) => sum + count(life), 0)
  record(PROOF, 'daemon killed and started again', kills)
  record(PROOF, 'wraps that ended as they should: no call missing', lives.length - killed.length)
  record(PROOF, 'wraps killed', killed.length)
  record(
    PROOF,
    'calls that their clients saw end, none kept twice',
    total(({ seen }) => seen.length),
  )
  record(
    PROOF,
    'of these missing, the last ones of killed wraps',
    total((life) => missing(life, kept).length),
  )
  record(PROOF, 'oldest of the missing, before the kill', Math.ceil(Math.max(...tailsMs)), 'ms')
})

/** Tool → outcome, after a look that nothing is there twice, and that streams of whole wraps have an end for each start. */
function keptCalls(dataDir: string, wholeWraps: number): ReadonlyMap<string, string> {
  const isCall = `type = 'request.ended' AND body ->> 'method' = 'tools/call'`
  // The last event of a wrap that ended as it should.
  const whole = `SELECT stream FROM events WHERE type = 'process.ended'`
  const [calls, twice, streams, odd] = askStore<Readonly<Record<string, string | number>>>(
    dataDir,
    `SELECT body ->> 'name' AS name, body ->> 'outcome' AS outcome FROM events WHERE ${isCall}`,
    `SELECT stream, seq, count(*) AS count FROM events GROUP BY 1, 2 HAVING count > 1 AND stream IS NOT NULL`,
    whole,
    `SELECT stream, body ->> 'operation' AS operation, sum(type = 'request.started') AS started,
       sum(type = 'request.ended') AS ended
     FROM events WHERE stream IN (${whole}) AND type IN ('request.started', 'request.ended')
     GROUP BY 1, 2 HAVING started > 1 OR ended <> 1`,
  )
  expect([twice, odd]).toEqual([[], []])
  expect(streams).toHaveLength(wholeWraps)
  const kept = new Map(calls!.map(({ name, outcome }) => [String(name), String(outcome)]))
  expect(kept.size).toBe(calls!.length)
  return kept
}

const missing = ({ seen }: Life, kept: ReadonlyMap<string, string>) => seen.filter(({ name }) => !kept.has(name))

/** Compares one life to the store; answers how long before its kill the first missing call was over, 0 where none is. */
function judge({ seen, killedAtMs }: Life, kept: ReadonlyMap<string, string>): number {
  const first = seen.findIndex(({ name }) => !kept.has(name))
  const there = first < 0 ? seen : seen.slice(0, first)
  for (const { name, outcome } of there) expect([name, kept.get(name)]).toEqual([name, outcome])
  if (first < 0) return 0
  expect(killedAtMs).toBeDefined()
  // What is missing is the end: nothing that came later is there.
  expect(seen.slice(first).filter(({ name }) => kept.has(name))).toEqual([])
  const tailMs = killedAtMs! - seen[first]!.atMs
  expect(tailMs).toBeLessThan(FLUSH_MS + LATENESS_MS)
  return tailMs
}
