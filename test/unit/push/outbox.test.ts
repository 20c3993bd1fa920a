import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Outbox } from '../../../packages/server/src/push/outbox.js'

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'outbox-'))
  onTestFinished(() => rmSync(made, { recursive: true }))
  return join(made, 'way')
}

function outbox(dir: string, limits: Partial<ConstructorParameters<typeof Outbox>[1]> = {}) {
  const faults: unknown[] = []
  const box = new Outbox(dir, { memoryBytes: 1000, spoolBytes: 1000, ...limits }, (error) => faults.push(error))
  return { box, faults }
}

const body = (word: string, size = 100, items = 2) => ({ bytes: new Uint8Array(Buffer.alloc(size, word)), items })

/** Takes all that is there, and tells by which letter each was made. */
async function emptied(box: Outbox): Promise<string> {
  let words = ''
  for (let one = await box.first(); one; one = await box.first()) {
    words += String.fromCharCode(one.bytes[0]!)
    await one.done()
  }
  return words
}

test('what is on disk is older than what is in memory, and comes first', async () => {
  const { box } = outbox(folder())
  for (const word of 'ab') box.add(body(word))
  await box.spill()
  for (const word of 'cd') box.add(body(word))
  expect(box.stats()).toEqual({ waitingItems: 8, spoolBytes: 200, memoryBytes: 200, droppedItems: 0 })
  expect(await emptied(box)).toBe('abcd')
  expect(box.stats()).toEqual({ waitingItems: 0, spoolBytes: 0, memoryBytes: 0, droppedItems: 0 })
})

test('in memory the oldest go beyond the bound, but for the one that is being sent', async () => {
  const { box } = outbox(folder(), { memoryBytes: 300 })
  box.add(body('a'))
  const sending = await box.first()
  for (const word of 'bcdef') box.add(body(word))
  expect(box.stats()).toMatchObject({ memoryBytes: 300, droppedItems: 6 })
  await sending!.done()
  expect(await emptied(box)).toBe('ef')
})

test('on disk the oldest go beyond the bound', async () => {
  const dir = folder()
  const { box } = outbox(dir, { spoolBytes: 300 })
  for (const word of 'abcde') {
    box.add(body(word))
    await box.spill()
  }
  expect(box.stats()).toMatchObject({ spoolBytes: 300, droppedItems: 4 })
  expect(await emptied(box)).toBe('cde')
  await expect.poll(() => readdirSync(dir)).toEqual([])
})

test('the next process has what was on disk, within its own bound, and numbers on from there', async () => {
  const dir = folder()
  const { box } = outbox(dir)
  for (const word of 'abc') box.add(body(word))
  await box.spill()
  const { box: next } = outbox(dir, { spoolBytes: 250 })
  await next.load()
  expect(next.stats()).toMatchObject({ waitingItems: 4, spoolBytes: 200, droppedItems: 2 })
  next.add(body('d'))
  await next.spill()
  const { box: last } = outbox(dir)
  await last.load()
  expect(await emptied(last)).toBe('cd')
})

test('a disk that takes nothing is told of once, and what waits stays in memory until it takes something', async () => {
  const dir = folder()
  writeFileSync(dir, 'a file where the folder should be')
  const { box, faults } = outbox(dir)
  box.add(body('a'))
  await box.spill()
  await box.spill()
  expect(faults).toHaveLength(1)
  expect(box.stats()).toMatchObject({ memoryBytes: 100, spoolBytes: 0, droppedItems: 0 })
  rmSync(dir)
  await box.spill()
  expect(box.stats()).toMatchObject({ memoryBytes: 0, spoolBytes: 100 })
  expect(await emptied(box)).toBe('a')
})

test('what was taken while it was written leaves no file', async () => {
  const dir = folder()
  const { box } = outbox(dir)
  box.add(body('a'))
  const sending = await box.first()
  const spilled = box.spill()
  await sending!.done()
  await spilled
  expect(readdirSync(dir)).toEqual([])
  expect(box.stats()).toEqual({ waitingItems: 0, spoolBytes: 0, memoryBytes: 0, droppedItems: 0 })
})

test('a file that somebody deleted is passed over and counted', async () => {
  const dir = folder()
  const { box } = outbox(dir)
  for (const word of 'ab') box.add(body(word))
  await box.spill()
  rmSync(join(dir, readdirSync(dir)[0]!))
  expect(await emptied(box)).toBe('b')
  expect(box.stats().droppedItems).toBe(2)
})
