import { expect, test } from 'vitest'
import { createSlots, type Tenant } from '../../../packages/server/src/sources/http-proxy/slots.js'

/** Slots that are all taken by tenants which have been idle for so long. */
function occupied(idleMs: readonly number[], limit = idleMs.length) {
  const ended: number[] = []
  let tenants: Tenant[] = idleMs.map((idle) => ({
    idleMs: () => idle,
    async end() {
      tenants = tenants.filter((tenant) => tenant.idleMs() !== idle)
      ended.push(idle)
      slots.give()
    },
  }))
  const slots = createSlots({ limit, reclaimIdleMs: 60_000, tenants: () => tenants })
  for (const _ of idleMs) slots.take()
  return { slots, ended }
}

test('a claim takes a free place before anybody has to go', async () => {
  const { slots, ended } = occupied([90_000], 2)
  expect(await slots.claim()).toBe(true)
  expect([slots.used, ended]).toEqual([2, []])
})

test('where none is free, the tenant that was idle longest makes room, each for one', async () => {
  const { slots, ended } = occupied([0, 61_000, 90_000, 59_999])
  expect(await Promise.all([slots.claim(), slots.claim(), slots.claim()])).toEqual([true, true, false])
  expect(ended).toEqual([90_000, 61_000])
  expect(slots.used).toBe(4)
})

test('nobody has to go for slots that are closed', async () => {
  const { slots, ended } = occupied([90_000])
  slots.close()
  expect([await slots.claim(), ended]).toEqual([false, []])
})

test.each([
  ['the one that is idle longest', [0, 45_500], 15],
  ['a busy one, which may become idle at once', [0], 60],
  ['one that may go already', [80_000], 1],
])('who is refused comes again in time for %s', (_, idleMs, seconds) => {
  expect(occupied(idleMs).slots.retryAfterSeconds()).toBe(seconds)
})

test('who is refused while a process is ending comes again soon', () => {
  const slots = createSlots({ limit: 1, reclaimIdleMs: 60_000, tenants: () => [] })
  slots.take()
  expect(slots.retryAfterSeconds()).toBe(1)
})
