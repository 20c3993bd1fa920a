import { describe, expect, test } from 'vitest'
import {
  createHeartbeats,
  decodeMemory,
  encodeMemory,
  type Heartbeats,
} from '../../../packages/server/src/monitor/index.js'

const JOB = { type: 'heartbeat', periodMs: 60_000, graceMs: 10_000 } as const
let now = 0

const look = (heartbeats: Heartbeats) => heartbeats.checkOf('job', JOB).run(AbortSignal.timeout(1000))
/** What the next daemon reads of what this one kept. */
function kept(heartbeats: Heartbeats) {
  const text = encodeMemory({ components: {}, told: {}, remedies: {}, beats: heartbeats.memory() })
  return decodeMemory(text).beats
}

describe('heartbeats', () => {
  test('are missing after their period and their grace, from the start on and from each on', async () => {
    now = 5
    const heartbeats = createHeartbeats(['job'], {}, () => now)
    expect(heartbeats.take('nobody', { ok: true })).toBeUndefined()
    now = 70_004
    expect(await look(heartbeats)).toEqual({ ok: true, latencyMs: 0 })
    expect(heartbeats.take('job', { ok: true })).toBe(false)
    now += 69_999
    expect((await look(heartbeats)).ok).toBe(true)
    now += 1
    expect(await look(heartbeats)).toEqual({ ok: false, latencyMs: 0, reason: 'heartbeat_late' })
    expect(heartbeats.take('job', { ok: true })).toBe(true)
    expect((await look(heartbeats)).ok).toBe(true)
  })

  test('that tell of a failure are one until the next that does not', async () => {
    const heartbeats = createHeartbeats(['job'], {}, () => now)
    expect(heartbeats.take('job', { ok: false, status: 3 })).toBe(true)
    expect(await look(heartbeats)).toMatchObject({ ok: false, reason: 'heartbeat_failed', code: 'EXIT_3' })
    expect(heartbeats.take('job', { ok: false })).toBe(false)
    expect(await look(heartbeats)).toMatchObject({ code: 'EXIT_1' })
    expect(heartbeats.take('job', { ok: true, status: 0 })).toBe(true)
    expect((await look(heartbeats)).ok).toBe(true)
  })

  test('last over restarts; one that came due while nobody listened is waited for once more, a missing one is not', async () => {
    now = 0
    const first = createHeartbeats(['job'], {}, () => now)
    first.take('job', { ok: true })
    now = 60_000
    const soon = createHeartbeats(['job'], kept(first), () => now)
    now = 70_000
    expect((await look(soon)).ok).toBe(false)
    const later = createHeartbeats(['job'], kept(soon), () => now)
    expect((await look(later)).ok).toBe(false)

    now = 500_000
    const away = createHeartbeats(['job'], kept(first), () => now)
    expect((await look(away)).ok).toBe(true)
    now += 70_000
    expect((await look(away)).ok).toBe(false)
  })
})
