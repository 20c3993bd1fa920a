import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { between, PROVE, record, seeded } from './prove.js'

const PROOF = 'alerts under kill -9'
const CHANGES = PROVE ? 1000 : 40
const CHILD = join(import.meta.dirname, 'alerts-child.mjs')

interface Received {
  readonly name: string
  readonly id: string
  readonly told: readonly (readonly [alert: string, state: string])[]
}

const linesOf = <T>(file: string): readonly T[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as T)
    : []

/** Runs the child until it killed itself after so many changes, or came to its end. Resolves to its last words. */
async function run(dir: string, seed: number, killAfter: number): Promise<string | undefined> {
  const child = spawn(process.execPath, [CHILD, dir, String(seed), String(CHANGES)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let changes = 0
  let end: string | undefined
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => {
    if (line.startsWith('fault')) throw new Error(line)
    if (line.startsWith('end ')) end = line.slice(4)
    if (line === 'changed' && ++changes === killAfter) child.kill('SIGKILL')
  })
  await once(child, 'close')
  return end
}

test(`killed at any moment of ${CHANGES} changes, nobody is left believing what is not true`, {
  timeout: PROVE ? 1_800_000 : 120_000,
}, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'mcp-vitals-test-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const random = seeded(PROOF)
  let kills = 0
  let end: string | undefined
  while (end === undefined) {
    end = await run(dir, between(random, 1, 1e9), between(random, 1, 25))
    if (end === undefined) kills++
  }
  const truth = linesOf<Readonly<Record<'holding' | 'acknowledged' | 'silenced', readonly string[]>>>(
    join(dir, 'truth.jsonl'),
  ).at(-1)!
  const { states, silences } = JSON.parse(end) as {
    states: Readonly<Record<string, string>>
    silences: readonly string[]
  }
  expect(Object.keys(states).sort()).toEqual([...truth.holding].sort())
  for (const name of truth.acknowledged) expect(states[name]).toBe('acknowledged')
  expect(silences).toEqual(truth.silenced)

  const received = linesOf<Received>(join(dir, 'received.jsonl'))
  for (const channel of ['one', 'two']) {
    const own = received.filter(({ name }) => name === channel)
    const believed = new Map(own.flatMap(({ told }) => told))
    const firing = [...believed].filter(([, state]) => state !== 'resolved').map(([name]) => name)
    const heard = truth.holding.filter((name) => !truth.silenced.includes(name) || believed.get(name) !== undefined)
    expect(
      firing.filter((name) => !truth.holding.includes(name)),
      'told as firing, and over',
    ).toEqual([])
    expect(
      heard.filter((name) => !truth.silenced.includes(name) && !firing.includes(name)),
      'firing, and not told',
    ).toEqual([])
    // What was taken is sent again only when the daemon was killed before it knew.
    const again = own.length - new Set(own.map(({ id }) => id)).size
    expect(again).toBeLessThanOrEqual(kills)
  }
  record(PROOF, 'changes of what holds', CHANGES)
  record(PROOF, 'kills survived', kills)
  record(PROOF, 'messages received', received.length)
  record(PROOF, 'of them twice', received.length - new Set(received.map(({ name, id }) => name + id)).size)
})
