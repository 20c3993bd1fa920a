import { getEventListeners } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, onTestFinished, test, vi } from 'vitest'
import { type Check, ownSignal, runBounded } from '../../../packages/server/src/checks/index.js'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const PATIENCE_MS = 60_000
const well: Check = { run: async () => ({ ok: true, latencyMs: 1 }) }
/** Lets go as soon as it is aborted. */
const hung: Check = {
  run: (signal) =>
    new Promise((resolve) => {
      const leave = () => resolve({ ok: false, latencyMs: 1, reason: 'timeout' })
      if (signal.aborted) leave()
      else signal.addEventListener('abort', leave, { once: true })
    }),
}

/** A weak reference and its place in a set would be 60 bytes and more. */
const LEAST_TRACE_BYTES = 20

/** How many bytes each of many rounds leaves behind. */
async function traceOf(round: () => Promise<unknown>): Promise<number> {
  const rounds = 50_000
  const heapBytes = async () => {
    await new Promise(setImmediate)
    collect()
    collect()
    return process.memoryUsage().heapUsed
  }
  const runMany = async () => {
    for (let done = 0; done < rounds; done++) await round()
  }
  await runMany()
  const before = await heapBytes()
  await runMany()
  return ((await heapBytes()) - before) / rounds
}

test('what ends all checks ends one that runs, and one that begins after that', async () => {
  const closing = new AbortController()
  const running = runBounded(hung, PATIENCE_MS, closing.signal)
  closing.abort()
  expect(await running.answer).toMatchObject({ ok: false })
  expect(await runBounded(hung, PATIENCE_MS, closing.signal).answer).toMatchObject({ ok: false })
  await running.cleared
})

test('a run leaves nothing at the signal that outlives it, nor does one that was late', async () => {
  const { signal } = new AbortController()
  await runBounded(well, PATIENCE_MS, signal).answer
  const late = runBounded(hung, 1, signal)
  expect(await late.answer).toEqual({ ok: false, latencyMs: 1, reason: 'timeout' })
  await late.cleared
  expect(getEventListeners(signal, 'abort')).toEqual([])

  expect(await traceOf(() => runBounded(well, PATIENCE_MS, signal).cleared)).toBeLessThan(LEAST_TRACE_BYTES)
})

test('as many as run at a time are no leak to warn of', async () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  onTestFinished(() => warned.mockRestore())
  const closing = new AbortController()
  const runs = Array.from({ length: 64 }, () => runBounded(hung, PATIENCE_MS, closing.signal))
  expect(getEventListeners(closing.signal, 'abort')).toHaveLength(64)
  closing.abort()
  await Promise.all(runs.map(({ cleared }) => cleared))
  expect(warned).not.toHaveBeenCalled()
})

test('nor does what is short and has a signal of its own, which ends with the outer one', async () => {
  const closing = new AbortController()
  expect(await traceOf(async () => ownSignal(closing.signal).release())).toBeLessThan(LEAST_TRACE_BYTES)
  const [over, running] = [ownSignal(closing.signal), ownSignal(closing.signal)]
  over.release()
  closing.abort()
  expect([over.signal.aborted, running.signal.aborted, ownSignal(closing.signal).signal.aborted]).toEqual([
    false,
    true,
    true,
  ])
})
