import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_ITEMS, NO_TOKEN } from '../../packages/instrument/src/mcp/bounds.js'
import type { Head } from '../../packages/instrument/src/mcp/head.js'
import { MAX_DEPTH } from '../../packages/instrument/src/mcp/nesting.js'
import { EACH, PATHS, type Path } from '../../packages/instrument/src/mcp/paths.js'
import { Skimmer } from '../../packages/instrument/src/mcp/skim.js'

const RUNS = { numRuns: 1500 }
const STEPS: Path['path'] = Object.values(PATHS).flatMap(({ path }) => [...path])
const PATH_KEYS = [...new Set(STEPS.filter((step) => typeof step === 'string'))]

const space = fc.constantFrom('', '', '', ' ', '\t', '\r\n', ' \n ')
const letter = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'Z', '0', ' ', '/', '}', ']', ',', ':') },
  { weight: 2, arbitrary: fc.constantFrom('é', '€', '😀', '\u2028', '\ufeff', '\u007f', '\ud800', '\udc00') },
  fc.constantFrom('\\"', '\\\\', '\\/', '\\b', '\\f', '\\n', '\\r', '\\t'),
  fc.constantFrom('\\u0041', '\\uD83D\\uDE00', '\\ud800', '\\uDc00', '\\u0000', '\\u00e9', '\\u201C'),
)
const stringText = fc
  .oneof(
    { weight: 8, arbitrary: fc.array(letter, { maxLength: 12 }) },
    fc.array(letter, { minLength: 100, maxLength: 700 }),
    fc.constantFrom('2.0', 'tools/call', 'input_required').map((text) => [text]),
  )
  .map((letters) => `"${letters.join('')}"`)
const numberText = fc.oneof(
  fc.constantFrom(
    '0',
    '-0',
    '1',
    '1.0',
    '1e0',
    '10E-1',
    '-1',
    '1e400',
    '-1e400',
    '1e-400',
    '-32601',
    '123456789012345678901',
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
)
/** A key, written plainly or with its first letter as an escape. */
const keyText = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...PATH_KEYS).map((key) => JSON.stringify(key)) },
  fc.constantFrom(...PATH_KEYS).map((key) => `"\\u00${key.charCodeAt(0).toString(16)}${key.slice(1)}"`),
  fc.constantFrom(...PATH_KEYS).map((key) => `"${key}x"`),
  stringText,
)

const { value: valueText } = fc.letrec<{ value: string; array: string; object: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('true', 'false', 'null'),
    numberText,
    stringText,
    tie('array'),
    tie('object'),
  ),
  array: fc
    .array(fc.tuple(space, tie('value'), space), { maxLength: 5 })
    .map((parts) => `[${parts.map((part) => part.join('')).join(',')}]`),
  object: fc
    .array(fc.tuple(space, keyText, space, fc.constant(':'), space, tie('value'), space), { maxLength: 6 })
    .map((parts) => `{${parts.map((part) => part.join('')).join(',')}}`),
}))

/** Objects along the allow-list's own paths, with a key given twice now and then. */
const messageText = fc
  .array(fc.tuple(fc.constantFrom(...Object.values(PATHS)), valueText), { maxLength: 14 })
  .map((entries) => {
    const parts = entries.map(([{ path }, leaf]) => {
      const [first, ...rest] = path
      const inner = rest.reduceRight<string>(
        (text, step) => (typeof step === 'string' ? `{${JSON.stringify(step)}:${text}}` : `[${text}]`),
        leaf,
      )
      return `${JSON.stringify(first)}:${inner}`
    })
    return `{${parts.join(', ')}}`
  })
const documentText = fc.oneof(
  { weight: 4, arbitrary: messageText },
  valueText,
  fc.array(messageText, { maxLength: 4 }).map((messages) => `[${messages.join(' ,')}]`),
)
const cuts = fc.array(fc.nat({ max: 40 }), { minLength: 1, maxLength: 8 })

function skim(bytes: Uint8Array, sizes: readonly number[], skimmer?: Skimmer, heads: Head[] = []) {
  const reader = skimmer ?? new Skimmer((head) => heads.push(head))
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes.every((n) => n === 0) ? bytes.length : sizes[i % sizes.length]!
    // A copy that is wiped at once: nothing may refer to a chunk later.
    const chunk = Uint8Array.prototype.slice.call(bytes, at, at + size)
    reader.feed(chunk)
    chunk.fill(0x21)
    at += size
  }
  return { ending: reader.finish(), heads }
}

function parse(bytes: Uint8Array): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)) }
  } catch {
    return undefined
  }
}

function cut(text: string, limit: number): string {
  if (text.length <= limit) return text
  return /[\ud800-\udbff]/.test(text[limit - 1]!) ? text.slice(0, limit - 1) : text.slice(0, limit)
}

function asKey(text: string): string {
  const hash = () => createHash('sha256').update(Buffer.from(text, 'utf16le').swap16()).digest('hex').slice(0, 32)
  return text.length <= 128 ? `=${text}` : `#${hash()}`
}

function typeOf(value: unknown): string {
  return value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value
}

function taken({ take, limit }: Path, value: unknown): unknown {
  switch (take) {
    case 'text':
      return typeof value === 'string' ? cut(value, limit) : undefined
    case 'key':
      return typeof value === 'string' ? asKey(value) : undefined
    case 'token':
      if (typeof value === 'string') return `s${asKey(value)}`
      return typeof value === 'number' ? `n${value}` : value === null ? 'null' : NO_TOKEN
    case 'integer':
      return Number.isInteger(value) && Math.abs(value as number) < 1e15 ? String(value) : undefined
    case 'flag':
      return typeof value === 'boolean' ? value : undefined
    case 'type':
      return typeOf(value)
    case 'overflow':
      return Array.isArray(value) && value.length > MAX_ITEMS ? true : undefined
    case 'code':
      return typeof value === 'string' ? /^MCP error (-?\d{1,6}):/.exec(cut(value, limit))?.[1] : undefined
    case 'hash':
      return 'a hash'
  }
}

function walk(value: unknown, steps: Path['path']): unknown {
  const [step, ...rest] = steps
  if (step === undefined) return value
  if (step === EACH) return Array.isArray(value) ? value.map((entry) => walk(entry, rest)) : undefined
  if (typeOf(value) !== 'object' || !Object.hasOwn(value as object, step)) return undefined
  return walk((value as Record<string, unknown>)[step], rest)
}

/** What the table says should be taken, by way of JSON.parse. */
function expected(message: unknown): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  for (const [name, path] of Object.entries(PATHS) as [string, Path][]) {
    const found = walk(message, path.path)
    if (found === undefined) continue
    const value = path.path.includes(EACH)
      ? (found as unknown[]).length > 0
        ? (found as unknown[]).slice(0, MAX_ITEMS).map((entry) => taken(path, entry) ?? '')
        : undefined
      : taken(path, found)
    if (value !== undefined) fields[name] = value
  }
  return fields
}

function comparable({ fields }: Head): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, asParsed(name, value)]))
}

/** Of a whole number beyond 2^53 the reader keeps the digits, which JSON.parse does not; and hashes are of exact bytes. */
function asParsed(name: string, value: unknown): unknown {
  const { take } = PATHS[name as keyof typeof PATHS]
  const told = (hash: unknown) => (/^[0-9a-f]{32}$/.test(String(hash)) ? 'a hash' : hash)
  if (take === 'hash') return Array.isArray(value) ? value.map(told) : told(value)
  const isToken = take === 'token'
  return isToken && /^n-?\d{16,}$/.test(value as string) ? `n${Number((value as string).slice(1))}` : value
}

function expectSameAsParse(bytes: Uint8Array, sizes: readonly number[]): void {
  const { ending, heads } = skim(bytes, sizes)
  const parsed = parse(bytes)
  expect(ending === 'whole').toBe(parsed !== undefined)
  if (!parsed) {
    expect(heads).toEqual([])
    return
  }
  const messages = Array.isArray(parsed.value) ? parsed.value : [parsed.value]
  expect(heads.map(comparable)).toEqual((messages.length > 0 ? messages : [{}]).map(expected))
}

describe('the skimmer, beside JSON.parse', () => {
  it('accepts any JSON in any pieces, and takes the same values', () => {
    fc.assert(
      fc.property(documentText, space, cuts, (text, around, sizes) => {
        expectSameAsParse(Buffer.from(around + text + around), sizes)
      }),
      RUNS,
    )
  })

  it('accepts no more and no less when bytes are changed, added or missing', () => {
    const mutation = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      remove: fc.nat({ max: 2 }),
      add: fc.uint8Array({ maxLength: 2 }),
    })
    fc.assert(
      fc.property(documentText, fc.array(mutation, { minLength: 1, maxLength: 2 }), cuts, (text, mutations, sizes) => {
        let bytes = Buffer.from(text)
        for (const { at, remove, add } of mutations) {
          const from = Math.floor(at * bytes.length)
          bytes = Buffer.concat([bytes.subarray(0, from), add, bytes.subarray(from + remove)])
        }
        expectSameAsParse(bytes, sizes)
      }),
      RUNS,
    )
  })

  it('takes of what comes whole the same as of what comes byte by byte, whatever was read before', () => {
    const heads: Head[] = []
    const skimmer = new Skimmer((head) => heads.push(head))
    const change = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), to: fc.nat({ max: 255 }) })
    fc.assert(
      fc.property(documentText, fc.option(change), (text, changed) => {
        const bytes = Buffer.from(text)
        if (changed) bytes[Math.floor(changed.at * (bytes.length - 1))] = changed.to
        heads.length = 0
        const { ending } = skim(bytes, [0], skimmer)
        expect({ ending, heads }).toEqual(skim(bytes, [1]))
      }),
      RUNS,
    )
  })

  it('accepts no more and no less of what only looks like JSON', () => {
    const bit = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '-',
      '0',
      '1',
      '.',
      'e',
      '+',
      'true',
      'nul',
      ' ',
      '\\',
    )
    fc.assert(
      fc.property(fc.array(bit, { maxLength: 10 }), cuts, (bits, sizes) => {
        expectSameAsParse(Buffer.from(bits.join('')), sizes)
      }),
      { numRuns: 5000 },
    )
  })

  it('hashes the exact bytes of each tool', () => {
    fc.assert(
      fc.property(fc.array(valueText, { minLength: 1, maxLength: 4 }), cuts, (tools, sizes) => {
        const { heads } = skim(Buffer.from(`{"result":{"tools":[ ${tools.join(' , ')} ]}}`), sizes)
        const hashes = tools.map((tool) => createHash('sha256').update(tool).digest('hex').slice(0, 32))
        expect(heads[0]?.fields.toolHashes).toEqual(hashes)
      }),
      { numRuns: 500 },
    )
  })

  it('reads a right document after any other, whatever state that one left', () => {
    fc.assert(
      fc.property(documentText, fc.nat(), cuts, messageText, (before, cutAt, sizes, after) => {
        const heads: Head[] = []
        const skimmer = new Skimmer((head) => heads.push(head))
        const bytes = Buffer.from(before)
        skim(bytes.subarray(0, cutAt % (bytes.length + 1)), sizes, skimmer)
        heads.length = 0
        skim(Buffer.from(after), sizes, skimmer)
        expect(heads.map(comparable)).toEqual([expected(parse(Buffer.from(after))?.value)])
      }),
      RUNS,
    )
  })

  it('tells where each message and each id lies', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.oneof(numberText, stringText), space), { minLength: 1, maxLength: 3 }),
        cuts,
        (ids, sizes) => {
          const messages = ids.map(([id, gap]) => `{${gap}"id"${gap}:${gap}${id}${gap}}`)
          const bytes = Buffer.from(`[ ${messages.join(' , ')} ]`)
          const { heads } = skim(bytes, sizes)
          const slice = ([from, to]: readonly [number, number]) => bytes.subarray(from, to).toString()
          expect(heads.map(({ start, end }) => slice([start, end]))).toEqual(
            messages.map((m) => Buffer.from(m).toString()),
          )
          expect(heads.map(({ ranges }) => slice(ranges.id!))).toEqual(ids.map(([id]) => Buffer.from(id).toString()))
        },
      ),
      { numRuns: 500 },
    )
  })

  it('reads to its limit of depth and no deeper', () => {
    const nested = (depth: number) => Buffer.from(`${'[{"params":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`)
    expect(skim(nested(MAX_DEPTH), [7]).ending).toBe('whole')
    expect(skim(nested(MAX_DEPTH + 2), [7]).ending).toBe('too_deep')
    expect(skim(nested(200_000), [0]).ending).toBe('too_deep')
  })
})
