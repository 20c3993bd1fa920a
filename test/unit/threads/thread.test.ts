import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import type { VitalsError } from '../../../packages/server/src/errors/index.js'
import { vitalsError } from '../../../packages/server/src/errors/index.js'
import { startThread } from '../../../packages/server/src/threads/index.js'
import { tempDir, until } from '../store/support.js'

type Empty = Record<never, never>
interface Calls {
  count: { request: Empty; reply: number }
  wait: { request: Empty; reply: null }
  fall: { request: Empty; reply: null }
  close: { request: Empty; reply: null }
}

/** A thread that answers `count` with the number of the thread, never answers `wait`, and dies at `fall`. */
const PROGRAM = `
  import { parentPort, workerData } from 'node:worker_threads'
  import { readFileSync, writeFileSync } from 'node:fs'
  const counter = workerData.file
  let count = 0
  try { count = Number(readFileSync(counter, 'utf8')) } catch {}
  writeFileSync(counter, String(++count))
  parentPort.on('message', ({ id, call }) => {
    if (call === 'fall') throw new Error('the thread fell over')
    if (call === 'close') parentPort.close()
    if (call !== 'wait') parentPort.postMessage({ kind: 'reply', id, value: count })
  })
  parentPort.postMessage({ kind: 'ready' })
`

async function crashingThread() {
  const dir = tempDir()
  writeFileSync(join(dir, 'program.mjs'), PROGRAM)
  const faults: VitalsError[] = []
  const thread = await startThread<Calls>({
    program: pathToFileURL(join(dir, 'program.mjs')),
    data: () => ({ file: join(dir, 'count') }),
    failed: (action, reason) => vitalsError('STORE_FAILED', { file: 'count', action, reason }),
    onFault: (error) => faults.push(error),
  })
  onTestFinished(() => thread.close())
  return { thread, faults }
}

test('a thread that crashes fails those who wait, says so, and comes back', async () => {
  const { thread, faults } = await crashingThread()
  expect(await thread.call('count', {})).toBe(1)
  const waiting = thread.call('wait', {})
  const fatal = thread.call('fall', {})
  for (const lost of [waiting, fatal])
    await expect(lost).rejects.toMatchObject({ code: 'STORE_FAILED', message: /the thread fell over/ })
  expect(thread.fault()?.message).toContain('the thread fell over')
  await expect(thread.call('count', {})).rejects.toMatchObject({ code: 'STORE_FAILED' })
  await until(() => thread.fault() === undefined)
  expect(await thread.call('count', {})).toBe(2)
  expect(thread.restarts()).toBe(1)
  expect(faults.map(({ code }) => code)).toEqual(['STORE_FAILED'])
})

test('a thread that is closed while it is down does not come back', async () => {
  const { thread } = await crashingThread()
  await thread.call('fall', {}).catch(() => {})
  await thread.close()
  await expect(thread.call('count', {})).rejects.toMatchObject({ message: /it is closed/ })
  expect(thread.restarts()).toBe(0)
})
