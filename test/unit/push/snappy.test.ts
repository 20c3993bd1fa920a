import fc from 'fast-check'
import { expect, test } from 'vitest'
import { snappy } from '../../../packages/server/src/push/remote-write/snappy.js'
import { unpacked } from '../../fixtures/push-far-ends.js'

test('what is packed comes out as it was, whatever it is', () => {
  const pieces = fc.array(fc.tuple(fc.uint8Array({ maxLength: 80 }), fc.integer({ min: 1, max: 400 })), {
    maxLength: 40,
  })
  fc.assert(
    fc.property(pieces, (parts) => {
      const bytes = Buffer.concat(parts.flatMap(([piece, times]) => Array<Uint8Array>(times).fill(piece)))
      expect(unpacked(snappy(bytes)).equals(bytes)).toBe(true)
    }),
    { numRuns: 200 },
  )
})

test.each([0, 1, 15, 16, 59, 60, 61, 255, 256, 257, 65_535, 65_536, 65_537, 200_000])(
  '%i bytes that repeat nothing, and as many that are all the same',
  (length) => {
    let state = 1
    const noise = Uint8Array.from({ length }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return state >>> 24
    })
    expect(unpacked(snappy(noise)).equals(Buffer.from(noise))).toBe(true)
    expect(snappy(noise).length).toBeLessThanOrEqual(32 + length + length / 6)
    const same = Buffer.alloc(length, 7)
    expect(unpacked(snappy(same)).equals(same)).toBe(true)
    if (length > 256) expect(snappy(same).length).toBeLessThan(length / 15)
  },
)
