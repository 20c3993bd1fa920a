/** Answers that many share for a moment: none outlives it, and each is what its own caller asked for. */
import { expect, test } from 'vitest'
import { createShared, createSharedBy } from '../../../packages/server/src/faces/dashboard/shared.js'

test('by key, what is made anew is what is asked then, and not what the first caller asked', async () => {
  let at = 0
  const shared = createSharedBy<string>(1000, () => at)
  const ask = (key: string, answer: string) => shared(key, async () => answer)
  expect(await Promise.all([ask('a', '1'), ask('a', '2'), ask('b', '3')])).toEqual(['1', '1', '3'])
  at = 999
  expect(await ask('a', '4')).toBe('1')
  at = 1000
  expect(await ask('a', '5')).toBe('5')
  for (let key = 0; key < 64; key++) await ask(`other ${key}`, 'x')
  expect(await ask('a', '6')).toBe('6')
})

test('what failed is made again at once', async () => {
  let made = 0
  const make = async () => {
    made++
    if (made === 1) throw new Error('once')
    return made
  }
  const shared = createShared(make, 1000, () => 0)
  await expect(shared()).rejects.toThrow('once')
  expect([await shared(), await shared()]).toEqual([2, 2])
})
