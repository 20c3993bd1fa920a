import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Event } from '../../../packages/instrument/src/event/index.js'
import { createIdMask, createMask, MAX_LENGTH, redact, redactName } from '../../../packages/server/src/redact/index.js'
import { keys } from '../../fixtures/keys.js'
import { FILES, textOf } from '../../repo/files.js'

/** Names of tools and clients as they are met. */
const ORDINARY = [
  'get_file_contents',
  'botfather.send-message',
  'mcp__github__create_pull_request_review_comment',
  'browser_take_screenshot',
  'resources/templates/list',
  'getKubernetesClusterConfigurationV2ById',
  'CipherChaCha20Poly1305Options',
  'db::add',
  'std::vector',
  'token:refresh',
  'password-reset',
  'task-something-with-a-long-name-2',
  'sequentialthinking',
  '@modelcontextprotocol/server-memory',
  'mcp-remote@0.1.29',
  'Visual Studio Code',
  'Cursor (via mcp-remote 0.1.1)',
  'Model Context Protocol Server',
  'Azure DevOps MCP Server',
  'basic calculator',
  'report 2026-11-21',
  '获取天气',
]

test.each(ORDINARY)('%s is an ordinary name', (name) => {
  expect(redactName(name)).toBe(name)
})

test('no word of this repository is altered, as a name, but for those that are made of random letters', () => {
  const words = new Set(
    FILES.filter((file) => /\.(md|ts)$/.test(file) && !/redact|privacy|keys|sha256|package-lock/.test(file)).flatMap(
      (file) => textOf(file).match(/\b[A-Za-z][\w./-]{2,60}\b/g) ?? [],
    ),
  )
  const altered = [...words].filter((word) => redactName(word) !== word)
  expect(words.size).toBeGreaterThan(5_000)
  expect(
    altered.filter((word) => !/\d{9}|[0-9a-f]{30}|\d\.\d+\.\d+\.\d|[?=]|hooks\.slack|^(?=.*\d)\w{32,}$/.test(word)),
  ).toEqual([])
})

describe.each(Object.entries({ ...keys(1) }))('%s', (_kind, key) => {
  test('is taken out, alone and within a name, and drawn again', () => {
    for (const drawn of [key, keys(2)[_kind]!, keys(3)[_kind]!]) {
      expect(redactName(drawn)).not.toContain(drawn)
      expect(redactName(`send_${drawn}`)).not.toContain(drawn)
    }
  })
})

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['host 203.0.113.9', 'host [ip]'],
  ['2001:db8::8a2e:370:7334', '[ip]'],
  ['mail_ada@example.org', '[email]'],
  ['4111111111111111', '[card]'],
  ['4111111111111112', '[number]'],
  ['+15551234567', '[phone]'],
  ['call 415-555-0123', 'call [phone]'],
  ['My name is Rubija', '[text]'],
])('%s becomes %s', (text, expected) => {
  expect(redactName(text)).toBe(expected)
})

test('no UUID in a name is taken for a number, and what stands beside one is looked at still', () => {
  const joint = fc.constantFrom('', '_', '-', '.', ' ', '/')
  const uuid = fc.tuple(fc.uuid(), fc.boolean()).map(([text, upper]) => (upper ? text.toUpperCase() : text))
  fc.assert(
    fc.property(
      uuid.filter((text) => /[a-f]/i.test(text)),
      joint,
      (id, gap) => {
        expect(redact(`${gap && 'task'}${gap}${id}`)).toBe(`${gap && 'task'}${gap}${id}`)
        expect(cleanId(id)).toBe(id)
        expect(redact(`4111111111111111-${id}`)).toBe(`[card]-${id}`)
        expect(redact(`${id}_+15551234567`)).toBe(`${id}_[phone]`)
        expect(redact(`token=${id}`)).toBe('[secret]')
        expect(redact(`${id}@example.org`)).toBe('[email]')
      },
    ),
    { seed: 11, numRuns: 3_000 },
  )
  // Nothing of a UUID's own is in these.
  expect(redact('41111111-1111-1111-1111-155512345678')).not.toMatch(/\d{4}-\d{4}/)
  expect(redact('x0f8fad5b-4111-1111-1111-111111111111')).toContain('[')
})

const cleanId = createIdMask('key')

test('ids of our own forms and plain ones stay', () => {
  for (const id of [
    '0f8fad5b-d9cb-469f-a165-70867728950e',
    '4bf92f3577b34da6a3ce929d0e0e4736',
    'b1946ac9-19aa1b2c3d4-1f',
    'job-17',
    'c-9',
  ])
    expect(cleanId(id)).toBe(id)
})

test('an id that could be a personal datum is a pseudonym, by which events join still', () => {
  const found = [
    '4111111111111111',
    '123-45-6789',
    '123456789',
    '555 123 4567',
    '41111111-1111-1111-1111-155512345678',
    '12345678901234567890123456789012',
    'run-20261121093000123',
    'ada@example.org',
    'Ada Lovelace',
    `ghp_${'a1B2'.repeat(9)}`,
  ].map(cleanId)
  expect(found.filter((id) => !/^id-[0-9a-f]{32}$/.test(id))).toEqual([])
  expect(new Set(found).size).toBe(found.length)
  expect(found.map(cleanId)).toEqual(found)
  expect(cleanId('123-45-6789')).toBe(found[1])
  expect(createIdMask('another')('123-45-6789')).not.toBe(found[1])
})

test.each([
  'jane.doe＠example.com',
  'jane.doe(at)example.com',
  'jane.doe [at] example.com',
  'jane\u200b.doe@example.com',
])('%s is an address too', (text) => expect(redactName(`mail_${text}`)).toBe('[email]'))

test('digits of full width are digits', () => expect(redactName('４１１１１１１１１１１１１１１１')).toBe('[card]'))

test('whatever the text, what comes out is not altered again, and is no longer than the cap allows', () => {
  const pieces = fc.array(fc.oneof(fc.string(), fc.constantFrom(...Object.values(keys(4)), ...ORDINARY)), {
    maxLength: 6,
  })
  fc.assert(
    fc.property(pieces, (parts) => {
      const once = redact(parts.join(' '))
      expect(redact(once)).toBe(once)
    }),
  )
  expect(redact('word '.repeat(100_000)).length).toBeLessThanOrEqual(MAX_LENGTH + 1)
})

describe('an event', () => {
  const mask = createMask(cleanId)
  const listed = { v: 1, type: 'tools.listed', at: 1, server: 'notes', tools: ['add'], hashes: ['f'.repeat(32)] }

  test('that holds nothing comes back as it is', () => {
    const event = { ...listed, sizeBytes: 1, complete: true } as unknown as Event
    expect(mask(event)).toBe(event)
  })

  test('that names a tool by a secret names its kind, and the one that came is not changed', () => {
    const event = { ...listed, tools: ['add', `ghp_${'a1B2'.repeat(9)}`] } as unknown as Event
    expect(mask(event)).toEqual({ ...listed, tools: ['add', '[key]'] })
    expect(event).toMatchObject({ tools: ['add', expect.stringMatching(/^ghp_/)] })
  })

  test('keeps the ids of a trace, and has others of their form where they are digits alone', () => {
    const ended = (traceId: string, parentSpanId: string) =>
      ({ v: 1, type: 'request.ended', at: 1, server: 'notes', traceId, parentSpanId }) as unknown as Event
    const usual = ended('0af7651916cd43dd8448eb211c80319c', '123456789012345f')
    expect(mask(usual)).toBe(usual)
    expect(mask(ended('4111'.repeat(8), '4111111111111111'))).toMatchObject({
      traceId: expect.stringMatching(/^(?!(?:4111)+$)[0-9a-f]{32}$/),
      parentSpanId: expect.stringMatching(/^(?!(?:4111)+$)[0-9a-f]{16}$/),
    })
  })

  test('of our own keeps what joins it to an alert, and one of others does not where that could be a number', () => {
    const fired = { v: 1, type: 'alert', at: 1, server: 'mcp-vitals', action: 'fired', alert: 'BruteForce' }
    const event = { ...fired, fingerprint: 'e606527838c70556' } as unknown as Event
    expect(createMask(cleanId, { isOwn: true })(event)).toBe(event)
    expect(mask(event)).toMatchObject({ fingerprint: expect.stringMatching(/^id-[0-9a-f]{32}$/) })
  })

  test('of our own says in a sentence why something is ill, and one of others does not', () => {
    const told = { v: 1, type: 'probe', at: 1, server: 'mcp-vitals', check: 'backup', ok: false, durationMs: 1 }
    const event = { ...told, cause: 'no heartbeat in time, for Ada' } as unknown as Event
    expect(createMask(cleanId, { isOwn: true })(event)).toBe(event)
    expect(mask(event)).toMatchObject({ cause: '[text]' })
    const mail = { ...told, cause: 'no answer, says ada@example.org' } as unknown as Event
    expect(createMask(cleanId, { isOwn: true })(mail)).toMatchObject({ cause: 'no answer, says [email]' })
  })

  test('of a client that invents names is masked still, after more names than are remembered', () => {
    const named = (name: string) => ({ ...listed, type: 'validation', name, reason: 'x' }) as unknown as Event
    for (let count = 0; count < 10_000; count++) mask(named(`tool_${count}`))
    expect(mask(named('ada@example.org'))).toMatchObject({ name: '[email]' })
    expect(mask(named('tool_1'))).toMatchObject({ name: 'tool_1' })
  })
})
