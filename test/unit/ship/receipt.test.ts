import { expect, test } from 'vitest'
import { outcomeOf, receiptOf } from '../../../packages/instrument/src/ship/index.js'

test('a mark is how far the daemon is', () => {
  expect(receiptOf(200, '{"highWater":0}')).toEqual({ highWater: 0 })
  expect(receiptOf(200, '{"accepted":2,"highWater":7,"rejected":[]}')).toEqual({ highWater: 7 })
})

test.each([400, 413, 422])('%i refuses a batch for ever, whatever the body says', (status) => {
  expect(receiptOf(status, 'no JSON')).toBe('refused')
  expect(outcomeOf(status)).toBe('refused')
})

test.each([
  ['no mark', '{"accepted":2}'],
  ['a mark that is a text', '{"highWater":"7"}'],
  ['a mark that is null', '{"highWater":null}'],
  ['a mark that is no whole number', '{"highWater":1.5}'],
  ['a mark below zero', '{"highWater":-1}'],
  ['a mark without measure', '{"highWater":1e999}'],
  ['null', 'null'],
  ['no JSON', '<html>'],
  ['nothing', ''],
])('an answer with %s settles nothing', (_, text) => {
  expect(() => receiptOf(200, text)).toThrow()
})

test.each([0, 204, 301, 401, 403, 404, 408, 429, 500, 503])('nor does status %i', (status) => {
  expect(() => receiptOf(status, '{"highWater":7}')).toThrow(String(status))
  expect(() => outcomeOf(status)).toThrow(String(status))
})
