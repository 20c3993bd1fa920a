import { type ChildProcess, spawn } from 'node:child_process'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Line, Lines } from '../../../packages/instrument/src/ship/index.js'
import {
  type AdoptedBatch,
  adoptSpools,
  createDiskSpool,
  type SpoolLimits,
} from '../../../packages/server/src/spool/index.js'
import { pack, unpack } from '../ship/lines.js'

const sender = { kind: 'wrap', name: 'notes', version: '1' }
const limits = { maxEvents: 3, maxBytes: 1_000_000 }
const line = (seq: number, event: unknown = { v: 1 }): Line => ({ seq, event })
const lines = (from: number, to: number) =>
  pack(Array.from({ length: to - from + 1 }, (_, index) => line(from + index)))
const numbers = (found: Lines) => unpack(found).map(({ seq }) => seq)

let root: string
let dir: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'spool-'))
  dir = join(root, 'spool')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const open = (stream = 's', given?: Partial<SpoolLimits>) =>
  createDiskSpool({ dir, stream, sender, ...(given ? { limits: given } : {}) })

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('the condition was not met in time')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

describe('the spool of a living process', () => {
  test('gives the oldest first, keeps them until they are acknowledged, and leaves no file behind', () => {
    const spool = open()
    expect(existsSync(dir)).toBe(false)
    expect(spool.append(lines(1, 2))).toBe(true)
    expect(spool.append(lines(3, 5))).toBe(true)
    expect(numbers(spool.read(limits))).toEqual([1, 2, 3])
    expect(numbers(spool.read(limits))).toEqual([1, 2, 3])
    spool.ack(2)
    expect(numbers(spool.read(limits))).toEqual([3, 4, 5])
    expect(spool.waiting).toBe(3)
    spool.ack(5)
    expect(spool.waiting).toBe(0)
    expect(readdirSync(dir)).toEqual([])
    spool.append(lines(6, 6))
    expect(numbers(spool.read(limits))).toEqual([6])
  })

  test('acknowledges what was never read, across segments', () => {
    const spool = open('s', { segmentBytes: 1 })
    for (let seq = 1; seq <= 6; seq++) spool.append(pack([line(seq)]))
    expect(readdirSync(dir)).toHaveLength(6)
    spool.ack(4)
    expect(readdirSync(dir)).toHaveLength(2)
    expect(spool.waiting).toBe(2)
    expect(spool.dropped).toBe(0)
  })

  test('reads lines longer than its buffer, and bounds a batch by length', () => {
    const spool = open()
    const long = line(1, 'ü'.repeat(400_000))
    spool.append(pack([long, line(2)]))
    expect(unpack(spool.read({ maxEvents: 10, maxBytes: 1000 }))).toEqual([long])
    spool.ack(1)
    expect(unpack(spool.read(limits))).toEqual([line(2)])
  })

  test('its files are for this user alone', () => {
    open().append(lines(1, 1))
    const [name] = readdirSync(dir)
    expect(statSync(join(dir, name!)).mode & 0o777).toBe(0o600)
    expect(statSync(dir).mode & 0o777).toBe(0o700)
  })

  test('at the bound the oldest segments go, counted', () => {
    const spool = open('s', { segmentBytes: 1000, streamBytes: 5000 })
    for (let seq = 1; seq <= 1000; seq++) spool.append(pack([line(seq)]))
    const size = readdirSync(dir).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0)
    expect(size).toBeLessThanOrEqual(5000 + 100)
    expect(spool.dropped).toBeGreaterThan(0)
    expect(spool.dropped + spool.waiting).toBe(1000)
    expect(spool.read(limits).first).toBe(spool.dropped + 1)
  })

  test('what the dead of all streams left is bounded too; what the living write is not touched', () => {
    const living = open('living')
    living.append(lines(1, 100))
    const header = readFileSync(join(dir, readdirSync(dir)[0]!), 'utf8').split('\n')[0]!
    const dead = header.replace(/"pid":\d+/, '"pid":4194999')
    for (const [index, name] of ['a', 'b'].entries()) {
      const path = join(dir, `${name}.000000.jsonl`)
      writeFileSync(path, `${dead}\n${'x'.repeat(3000)}\n`)
      utimesSync(path, 1000 + index, 1000 + index)
    }
    open('new', { directoryBytes: 6500 }).append(lines(1, 1))
    expect(readdirSync(dir).sort()).toEqual(['b.000000.jsonl', 'living.000000.jsonl', 'new.000000.jsonl'])
  })

  test('a directory that cannot be made is an answer, not an error', () => {
    writeFileSync(join(root, 'spool'), 'a file')
    const spool = open()
    expect(spool.append(lines(1, 1))).toBe(false)
    expect([spool.waiting, spool.read(limits).count]).toEqual([0, 0])
    spool.close()
  })

  test('a full disk takes nothing, and leaves no half of a line', () => {
    const script = `
      import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module'
      const write = fs.writeSync; let full = false
      fs.writeSync = (fd, bytes, from, length, at) => {
        if (!full) return write(fd, bytes, from, length, at)
        if (length > 4) return write(fd, bytes, from, 4, at)
        throw Object.assign(new Error('full'), { code: 'ENOSPC' })
      }
      syncBuiltinESMExports()
      const { createDiskSpool } = await import(${JSON.stringify(new URL('../../../packages/server/dist/spool/index.js', import.meta.url).href)})
      const spool = createDiskSpool({ dir: ${JSON.stringify(dir)}, stream: 's', sender: ${JSON.stringify(sender)} })
      const lines = (seq) => ({ bytes: Buffer.from('{"seq":' + seq + ',"event":{}}\\n'), count: 1, first: seq, last: seq })
      const out = [spool.append(lines(1))]
      full = true; out.push(spool.append(lines(2)))
      full = false; out.push(spool.append(lines(2)))
      const { count, first, last } = spool.read({ maxEvents: 9, maxBytes: 999 })
      console.log(JSON.stringify([out, [count, first, last]]))`
    return expect(run(script)).resolves.toBe('[[true,false,true],[2,1,2]]')
  })
})

describe('adoption', () => {
  const dead = { isAlive: () => false }

  function adopter(options: { isAlive?: (owner: { pid: number }) => boolean } = {}, fail = () => false) {
    const got: AdoptedBatch[] = []
    const faults: unknown[] = []
    const adoption = adoptSpools({
      dir,
      deliver: async (batch) => {
        if (fail()) throw new Error('the store is away')
        got.push(batch)
      },
      onFault: (fault) => faults.push(fault),
      ...options,
    })
    return { adoption, got, faults, seqs: () => got.flatMap(({ events }) => events.map(({ seq }) => seq)) }
  }

  test('takes what the dead left, stream by stream in order, and deletes it', async () => {
    const spool = open('s', { segmentBytes: 1 })
    for (let seq = 1; seq <= 12; seq++) spool.append(pack([line(seq)]))
    spool.close()
    const { adoption, got, seqs } = adopter(dead)
    await adoption.start()
    await adoption.stop()
    expect(seqs()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    expect(got[0]).toEqual({ stream: 's', sender, dropped: 0, events: [{ seq: 1, event: { v: 1 } }] })
    expect([readdirSync(dir), adoption.stats().adopted]).toEqual([[], 12])
  })

  test('passes over a torn last line, a line that stands twice and foreign files', async () => {
    const spool = open()
    spool.append(pack([line(1), line(2), line(3), line(3), line(4)]))
    const path = join(dir, readdirSync(dir)[0]!)
    truncateSync(path, statSync(path).size - 5)
    writeFileSync(join(dir, 'notes.txt'), 'mine')
    writeFileSync(join(dir, 'torn.000000.jsonl'), '{"spool":1,"str')
    const { adoption, seqs } = adopter(dead)
    await adoption.start()
    await adoption.stop()
    expect(seqs()).toEqual([1, 2, 3])
    expect(readdirSync(dir).sort()).toEqual(['notes.txt', 'torn.000000.jsonl'])
  })

  test('a store that is away leaves the file, and the rest of its stream behind it, until it is back', async () => {
    const spool = open('s', { segmentBytes: 1 })
    for (let seq = 1; seq <= 3; seq++) spool.append(pack([line(seq)]))
    let down = true
    const { adoption, seqs, faults } = adopter(dead, () => down)
    await adoption.start()
    expect([seqs(), faults.length]).toEqual([[], 1])
    down = false
    await until(() => seqs().length === 3)
    await adoption.stop()
    expect(seqs()).toEqual([1, 2, 3])
  })

  test('a living writer keeps its spool; when it is killed the spool is adopted without a restart', async () => {
    const { adoption, seqs } = adopter()
    await adoption.start()
    const writer = startWriter()
    await until(() => existsSync(dir) && readdirSync(dir).length === 1)
    await new Promise((resolve) => setTimeout(resolve, 600))
    expect(seqs()).toEqual([])
    writer.kill('SIGKILL')
    await until(() => seqs().length === 2)
    await until(() => readdirSync(dir).length === 0)
    await adoption.stop()
    expect(seqs()).toEqual([1, 2])
  })

  test('a process id that belongs to another process by now is no living writer', async () => {
    open().append(lines(1, 1))
    const path = join(dir, readdirSync(dir)[0]!)
    writeFileSync(path, readFileSync(path, 'utf8').replace(/"started":"\d+"/, '"started":"1"'))
    const { adoption, seqs } = adopter()
    await adoption.start()
    await adoption.stop()
    expect(seqs()).toEqual([1])
  })

  test('says what the spool had dropped', async () => {
    const spool = open('s', { segmentBytes: 1000, streamBytes: 3000 })
    for (let seq = 1; seq <= 500; seq++) spool.append(pack([line(seq)]))
    spool.close()
    const { adoption, got } = adopter(dead)
    await adoption.start()
    await adoption.stop()
    expect(got.at(-1)?.dropped).toBe(spool.dropped)
    expect(spool.dropped).toBeGreaterThan(0)
  })
})

function startWriter(): ChildProcess {
  return node(`
    const { createDiskSpool } = await import(${JSON.stringify(new URL('../../../packages/server/dist/spool/index.js', import.meta.url).href)})
    createDiskSpool({ dir: ${JSON.stringify(dir)}, stream: 'w', sender: ${JSON.stringify(sender)} }).append({ bytes: Buffer.from('{"seq":1,"event":{}}\\n{"seq":2,"event":{}}\\n'), count: 2, first: 1, last: 2 })
    setInterval(() => {}, 1000)`)
}

function node(script: string): ChildProcess {
  return spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
}

function run(script: string): Promise<string> {
  const child = node(script)
  let out = ''
  child.stdout?.on('data', (chunk) => {
    out += chunk
  })
  return new Promise((resolve) => child.on('close', () => resolve(out.trim())))
}
