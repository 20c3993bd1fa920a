import { readFileSync } from 'node:fs'
import { checkEvent, ENVELOPE, EVENTS, type EventType, expected, type Field } from '@mcp-vitals/instrument/event'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { answerSchema, batchSchema } from '../../packages/server/src/sources/ingest/index.js'

const ajv = new Ajv2020({ strict: true, strictRequired: false, allErrors: false })
ajv.addSchema(batchSchema(), 'batch')
const accepts = (definition: string) => ajv.getSchema(`batch#/$defs/${definition}`)!
const isEvent = accepts('event')
const isBatch = ajv.getSchema('batch')!

/** Texts around every bound, of characters that are one UTF-16 unit, two, or half a pair. */
const anyText = fc
  .tuple(
    fc.constantFrom('a', 'é', '\u{1f600}', '\ud800', '\udc00', ''),
    fc.constantFrom(1, 16, 32, 64, 65, 128, 129, 256, 257),
  )
  .map(([character, count]) => character.repeat(count))
const anyJson = fc.oneof(
  anyText,
  fc.string(),
  fc.constantFrom(-1, -0, 0, 1, 1.5, 2 ** 53 - 1, 2 ** 53, 1e300),
  fc.boolean(),
  fc.constant(null),
  fc.array(anyText, { maxLength: 3 }),
  fc.constant(Array.from({ length: 1001 }, () => 'x')),
  fc.dictionary(fc.string(), fc.string()),
)

/** The value, or once in a while anything at all. */
function mostly(value: unknown): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 40, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: anyJson })
}

/** A text of each form that a field may want, by its words. */
const FORMED: Readonly<Record<string, string>> = Object.fromEntries(
  (
    [
      [ENVELOPE.traceId, '4bf92f3577b34da6a3ce929d0e0e4736'],
      [EVENTS['request.ended'].fields.parentSpanId, '00f067aa0ba902b7'],
      [EVENTS['session.opened'].fields.protocolVersion, '2025-11-25'],
      [EVENTS['tools.listed'].fields.hashes, 'f'.repeat(32)],
    ] as const
  ).map(([field, text]) => [expected(field).replace(/^.*, each /, ''), text]),
)

/** A value that fits, for each kind of field. */
function fitting(field: Field<unknown>): unknown {
  const word = FORMED[field.form?.words ?? ''] ?? 'word'
  return { text: word, number: 1, flag: false, choice: field.choices?.[0], texts: [word] }[field.kind]
}

const fieldsOf = (type: EventType): [string, Field<unknown>][] =>
  Object.entries({ ...ENVELOPE, ...EVENTS[type].fields })

/** Events of which hardly a field is wrong or absent, with others that no event has. */
const anyCandidate = fc.constantFrom(...(Object.keys(EVENTS) as EventType[])).chain((type) => {
  const values = Object.fromEntries(fieldsOf(type).map(([name, field]) => [name, mostly(fitting(field))]))
  const required = fieldsOf(type).flatMap(([name, field]) => (field.optional ? [] : [name]))
  const own = fc.record(
    { v: mostly(1), type: mostly(type), ...values },
    { requiredKeys: ['v', 'type', ...(required as [])] },
  )
  const foreign = fc.dictionary(fc.constantFrom('x', 'arguments'), anyJson)
  return fc.tuple(foreign, own).map(([others, fields]) => ({ ...others, ...fields }))
})

describe('the published schema', () => {
  test('agrees with the check, on events that are right and on those that are nearly so', () => {
    const seen = { right: 0, wrong: 0 }
    fc.assert(
      fc.property(anyCandidate, (given) => {
        const right = 'event' in checkEvent(given)
        seen[right ? 'right' : 'wrong']++
        expect(isEvent(given)).toBe(right)
      }),
      { numRuns: 3000 },
    )
    // Neither side of the border went untried.
    expect(Math.min(seen.right, seen.wrong)).toBeGreaterThan(100)
  })

  test('agrees with the check on every field of every event, one wrong or absent at a time', () => {
    for (const type of Object.keys(EVENTS) as EventType[]) {
      const values = Object.fromEntries(fieldsOf(type).map(([name, field]) => [name, fitting(field)]))
      const whole: Record<string, unknown> = { v: 1, type, ...values }
      expect([isEvent(whole), 'event' in checkEvent(whole)], type).toEqual([true, true])
      for (const name of Object.keys(whole)) {
        const { [name]: _, ...without } = whole
        expect(isEvent(without), `${type} without ${name}`).toBe('event' in checkEvent(without))
        const wrong = { ...whole, [name]: { nested: 'object' } }
        expect([isEvent(wrong), 'event' in checkEvent(wrong)], `${type} with a wrong ${name}`).toEqual([false, false])
      }
    }
  })

  test('agrees with the check on forms and on the bounds of numbers, and both refuse what could be somebody’s number', () => {
    const opened = { v: 1, type: 'session.opened', at: 1, server: 's', era: 'legacy' }
    const listed = { v: 1, type: 'tools.listed', at: 1, server: 's', tools: [], sizeBytes: 1, complete: true }
    const spent = { v: 1, type: 'usage', at: 1, server: 's', provider: 'p', estimated: true }
    const cases: [Record<string, unknown>, string, boolean][] = [
      [{ ...opened, protocolVersion: '2024-11-05' }, 'protocolVersion', true],
      [{ ...opened, protocolVersion: 'DRAFT-2026-v1' }, 'protocolVersion', true],
      [{ ...opened, protocolVersion: '123-45-6789' }, 'protocolVersion', false],
      [{ ...opened, protocolVersion: '1984-05-12' }, 'protocolVersion', false],
      [{ ...opened, traceId: '4bf92f3577b34da6a3ce929d0e0e4736' }, 'traceId', true],
      [{ ...opened, traceId: '4111111111111111' }, 'traceId', false],
      [{ ...listed, hashes: ['', 'a1'.repeat(16)] }, 'hashes', true],
      [{ ...listed, hashes: ['4111111111111111'] }, 'hashes', false],
      [{ ...spent, costUsd: 1e15 }, 'costUsd', true],
      [{ ...spent, costUsd: 1e308 }, 'costUsd', false],
    ]
    for (const [given, field, right] of cases) {
      const checked = checkEvent(given)
      expect([isEvent(given), 'problem' in checked ? checked.problem.field : field]).toEqual([right, field])
      expect('event' in checked).toBe(right)
    }
  })

  test('tells a numbered batch from a simple post, whose events may lack the version and the time', () => {
    const sender = { kind: 'script', name: 'orders', version: '1' }
    const bare = { type: 'webhook', server: 's', kind: 'k' }
    const numbered = { stream: 's-1', sender, events: [{ seq: 1, event: { v: 1, at: 1, ...bare } }] }
    expect(isBatch(numbered)).toBe(true)
    expect(isBatch({ sender, events: [bare, { v: 1, at: 1, ...bare }] })).toBe(true)
    expect(isBatch({ ...numbered, events: [{ seq: 1, event: bare }] })).toBe(false)
    expect(isBatch({ ...numbered, stream: 'a b' })).toBe(false)
    expect(isBatch({ sender: { kind: 'script', name: '' }, events: [] })).toBe(false)
  })

  test('is the file of the reference, and what is served', async () => {
    const served = answerSchema()
    expect(served.headers.get('content-type')).toBe('application/schema+json')
    const file = JSON.parse(readFileSync(new URL('../../docs/reference/events.schema.json', import.meta.url), 'utf8'))
    expect([await served.json(), file]).toEqual([batchSchema(), batchSchema()])
  })
})
