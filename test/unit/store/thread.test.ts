import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import type { VitalsError } from '../../../packages/server/src/errors/index.js'
import { vitalsError } from '../../../packages/server/src/errors/index.js'
import { startThread } from '../../../packages/server/src/store/thread.js'
import { tempDir, until } from './support.js'

/** A thread that answers `mark` with the number of the thread, and dies at `stats`. */
const PROGRAM = `
  import { parentPort, workerData } from 'node:worker_threads'
  import { readFileSync, writeFileSync } from 'node:fs'
  const counter = workerData.file
  let count = 0
  try { count = Number(readFileSync(counter, 'utf8')) } catch {}
  writeFileSync(counter, String(++count))
  parentPort.on('message', ({ id, call }) => {
    if (call === 'stats') throw new Error('the thread fell over')
    if (call === 'close') parentPort.close()
    if (call !== 'append') parentPort.postMessage({ kind: 'reply', id, value: count })
  })
  parentPort.postMessage({ kind: 'ready' })
`

async function crashingThread() {
  const dir = tempDir()
  writeFileSync(join(dir, 'program.mjs'), PROGRAM)
  const faults: VitalsError[] = []
  const thread = await startThread({
    program: pathToFileURL(join(dir, 'program.mjs')),
    data: { file: join(dir, 'count'), options: { retentionDays: 1, maxBytes: 2 ** 20 } },
    moveAside: () => vitalsError('STORE_FAILED', { file: '', action: '', reason: '' }),
    onFault: (error) => faults.push(error),
  })
  onTestFinished(() => thread.close())
  return { thread, faults }
}

test('a thread that crashes fails those who wait, says so, and comes back', async () => {
  const { thread, faults } = await crashingThread()
  expect(await thread.call('mark', { stream: 's' })).toBe(1)
  const waiting = thread.call('append', { blocks: [], rows: 0 })
  const fatal = thread.call('stats', {})
  for (const lost of [waiting, fatal])
    await expect(lost).rejects.toMatchObject({ code: 'STORE_FAILED', message: /the thread fell over/ })
  expect(thread.fault()?.message).toContain('the thread fell over')
  await expect(thread.call('mark', { stream: 's' })).rejects.toMatchObject({ code: 'STORE_FAILED' })
  await until(() => thread.fault() === undefined)
  expect(await thread.call('mark', { stream: 's' })).toBe(2)
  expect(thread.restarts()).toBe(1)
  expect(faults.map(({ code }) => code)).toEqual(['STORE_FAILED'])
})

test('a thread that is closed while it is down does not come back', async () => {
  const { thread } = await crashingThread()
  await thread.call('stats', {}).catch(() => {})
  await thread.close()
  await expect(thread.call('mark', { stream: 's' })).rejects.toMatchObject({ message: /it is closed/ })
  expect(thread.restarts()).toBe(0)
})
