import { checkEvent, ENVELOPE, EVENTS, type EventType } from '@mcp-vitals/instrument/event'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyEvent } from '../fixtures/any-event.js'

describe('checkEvent', () => {
  test('takes every event that keeps its declaration, unchanged', () => {
    fc.assert(
      fc.property(anyEvent, (given) => {
        expect(checkEvent(given)).toEqual({ event: given })
      }),
    )
  })

  test('drops every field that is not declared: a payload has nowhere to stay', () => {
    const payload = fc.constantFrom('arguments', 'content', 'headers', 'params', 'toString', '__proto__x')
    fc.assert(
      fc.property(anyEvent, payload, fc.anything(), (given, name, value) => {
        expect(checkEvent({ ...given, [name]: value })).toEqual({ event: given })
      }),
    )
  })

  test('names the field that is missing or wrong', () => {
    fc.assert(
      fc.property(anyEvent, fc.nat(), (given, pick) => {
        const fields: Readonly<Record<string, { readonly optional?: boolean }>> = {
          ...ENVELOPE,
          ...EVENTS[given.type as EventType].fields,
        }
        const names = Object.keys(fields).filter((name) => !fields[name]?.optional)
        const name = names[pick % names.length] as string
        const { [name]: _, ...without } = given
        expect(checkEvent(without)).toMatchObject({ problem: { field: name } })
        expect(checkEvent({ ...given, [name]: { nested: 'object' } })).toMatchObject({ problem: { field: name } })
      }),
    )
  })

  test('never throws, whatever comes', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withNullPrototype: true }), (value) => void checkEvent(value)),
    )
    for (const [field, value] of [
      ['at', Number.NaN],
      ['at', Number.POSITIVE_INFINITY],
      ['at', -1],
      ['server', 'x'.repeat(129)],
      ['pid', 1.5],
      ['pid', 2 ** 53],
    ] as const)
      expect(checkEvent({ v: 1, type: 'process.started', at: 1, server: 's', pid: 1, [field]: value })).toMatchObject({
        problem: { field },
      })
  })
})
