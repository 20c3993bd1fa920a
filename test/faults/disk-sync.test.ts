import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { until } from '../fixtures/until.js'
import { breakDisk } from './broken-disk.js'
import { askStore, startDaemonProcess, temporaryDir } from './daemon-process.js'
import { between, PROVE, record, seeded } from './prove.js'

const PROOF = 'disk that refuses fsync (EIO)'
/** Lives of a daemon, and how often its disk goes bad in each: most of a proof's time was the starts of daemons. */
const LIVES = PROVE ? 7 : 1
const ROUNDS = PROVE ? 3 : 1
const DEADLINE_MS = 30_000

/** A sender that numbers events, and knows how many the daemon acknowledged. */
function createSender(url: string, token: string) {
  const stream = randomUUID()
  let acknowledged = 0
  return {
    stream,
    acknowledged: () => acknowledged,
    /** Sends the next events. `mayBeRefused`: a commit that must sync is refused, and its events are sent again by the next. */
    async send(count: number, mayBeRefused = false): Promise<void> {
      const events = Array.from({ length: count }, (_, index) => {
        const seq = acknowledged + 1 + index
        return { seq, event: { v: 1, type: 'business', at: Date.now(), server: 'synced', name: `n${seq}`, value: seq } }
      })
      const answer = await fetch(`${url}/v1/events`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ stream, sender: { kind: 'test', name: 'synced', version: '1' }, dropped: 0, events }),
      })
      if (mayBeRefused && answer.status === 503) return
      expect(answer.status).toBe(200)
      acknowledged = ((await answer.json()) as { highWater: number }).highWater
    },
  }
}

test('a disk that refuses to sync is shown by 503, is used again when it is well, and costs no acknowledged row', {
  timeout: PROVE ? 600_000 : 60_000,
}, async () => {
  const random = seeded(PROOF)
  const dataDir = temporaryDir()
  const marks = new Map<string, number>()
  let refusals = 0
  for (let life = 0; life < LIVES; life++) {
    const daemon = startDaemonProcess(dataDir)
    const url = (await daemon.listening)!
    const sender = createSender(url, readFileSync(join(dataDir, 'token'), 'utf8'))
    const ready = async () => (await fetch(`${url}/health/ready`)).status
    const write = (mayBeRefused = false) => sender.send(between(random, 1, 400), mayBeRefused)
    // Half of the time it dies while the disk is bad.
    const isKilled = random() < 0.5 && PROVE
    for (let round = 1; round <= ROUNDS; round++) {
      await write()
      expect(await ready()).toBe(200)
      const mend = await breakDisk(daemon.process.pid!)
      const shown = async () => {
        await write(true)
        return (await ready()) === 503
      }
      await until(shown, DEADLINE_MS, () => 'the refusal was never shown')
      expect((await fetch(`${url}/health`)).status).toBe(200)
      for (let more = between(random, 0, 20); more > 0; more--) await write(true)
      if (isKilled && round === ROUNDS) {
        await daemon.end('SIGKILL')
        refusals += await mend()
        break
      }
      refusals += await mend()
      await until(
        async () => (await ready()) === 200,
        DEADLINE_MS,
        () => 'it was never ready again',
      )
      await write()
      expect(daemon.output().match(/the disk fails/g)?.length).toBeGreaterThanOrEqual(round)
    }
    await daemon.end('SIGKILL')
    expect(daemon.output()).toContain('the disk fails')
    marks.set(sender.stream, sender.acknowledged())
    expectAll(dataDir, marks)
  }
  record(PROOF, 'lives of a daemon', LIVES)
  record(PROOF, 'times that its disk went bad, each shown by 503 on /health/ready', LIVES * ROUNDS)
  record(PROOF, 'fsyncs refused', refusals)
  record(
    PROOF,
    'acknowledged events, none lost, none twice',
    [...marks.values()].reduce((sum, mark) => sum + mark, 0),
  )
})

function expectAll(dataDir: string, marks: ReadonlyMap<string, number>): void {
  const [rows] = askStore<{ name: string; count: number; numbers: number; last: number }>(
    dataDir,
    `SELECT s.name, count(*) AS count, count(DISTINCT e.seq) AS numbers, max(e.seq) AS last
     FROM streams s JOIN events e ON e.stream = s.id GROUP BY s.id`,
  )
  const found = new Map(rows!.map(({ name, ...figures }) => [name, figures]))
  for (const [stream, mark] of marks) {
    const { count, numbers, last } = found.get(stream)!
    expect(last).toBeGreaterThanOrEqual(mark)
    expect({ count, numbers }).toEqual({ count: last, numbers: last })
  }
}
