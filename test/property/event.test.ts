import { checkEvent, ENVELOPE, EVENTS, type EventType, type Field } from '@mcp-vitals/instrument/event'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

type Fields = Record<string, Field<unknown>>

/** A text is any run of UTF-16 units: lone surrogates too. */
const anyCodeUnit = fc.nat({ max: 0xffff }).map((unit) => String.fromCharCode(unit))

function anyValue(field: Field<unknown>): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case 'text':
      return field.form
        ? fc.stringMatching(new RegExp(field.form.pattern))
        : fc.string({ maxLength: field.maxLength ?? 0, unit: anyCodeUnit })
    case 'number':
      return field.integer ? fc.maxSafeNat() : fc.double({ min: 0, max: 1e15, noDefaultInfinity: true, noNaN: true })
    case 'flag':
      return fc.boolean()
    case 'choice':
      return fc.constantFrom(...(field.choices ?? []))
    case 'texts':
      return fc.array(field.form ? fc.stringMatching(new RegExp(field.form.pattern)) : fc.string(), { maxLength: 5 })
  }
}

const anyEvent = fc.constantFrom(...(Object.keys(EVENTS) as EventType[])).chain((type) => {
  const fields: Fields = { ...ENVELOPE, ...EVENTS[type].fields }
  const required = Object.keys(fields).filter((name) => !fields[name]?.optional)
  const values = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, anyValue(field)]))
  return fc
    .record(values, { requiredKeys: required })
    .map((given) => ({ v: 1 as const, type, ...given }) as Record<string, unknown>)
})

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
        const fields: Fields = { ...ENVELOPE, ...EVENTS[given.type as EventType].fields }
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
