import { MAX_ITEMS, NO_TOKEN } from './bounds.js'
import { TextCapture } from './capture.js'
import { codeOf, integerText, numberKey, writtenKey } from './keys.js'
import type { Captured, JsonType } from './paths.js'
import { Texts, wholeAt } from './plain.js'
import { Sha256 } from './sha256.js'
import type { Capture, Node, Tree } from './trie.js'

const QUOTE = 0x22
const LETTER_M = 0x4d
const LETTER_T = 0x74
const LETTER_F = 0x66

/** Where a value lies: byte offsets into the document, the end exclusive. */
export type ByteRange = readonly [start: number, end: number]

/** Keeps what the allow-list names of the message being read: told of values by the skimmer, it never sees the rest. */
export class Taker {
  #fields: Record<string, unknown> = {}
  #ranges: Record<string, ByteRange> = {}
  #item: Record<string, unknown> = {}
  /** For each node, the last message (or item) that had it. */
  readonly #seen: Int32Array
  #epoch = 0
  #active: Capture | undefined
  #target: Record<string, unknown> = {}
  #activeByte = 0
  #activeFrom = 0
  readonly #text = new TextCapture()
  readonly #texts = new Texts()
  /** The value of the current string or number, where it came whole and plain. */
  #whole: string | undefined
  #hash: Sha256 | undefined
  #hashDepth = -1
  #hashName = ''
  #hashTarget: Record<string, unknown> = {}

  constructor({ nodeCount }: Tree) {
    this.#seen = new Int32Array(nodeCount)
  }

  /** A message begins. */
  start(): void {
    this.#fields = {}
    this.#ranges = {}
    this.#epoch = (this.#epoch + 1) | 0
    this.drop()
  }

  /** Forgets a value that was never finished. */
  drop(): void {
    this.#active = undefined
    this.#whole = undefined
    this.#hash = undefined
    this.#hashDepth = -1
  }

  get fields(): Captured {
    return this.#fields as Captured
  }

  /** Where the tokens of the message (ids, progress tokens) lie. */
  get ranges(): Readonly<Record<string, ByteRange>> {
    return this.#ranges
  }

  /** Whether the bytes of the current string or number are wanted. */
  get wants(): boolean {
    return this.#active !== undefined
  }

  /** Whether the current bytes, of whatever kind, are wanted for a hash. */
  get hashes(): boolean {
    return this.#hash !== undefined
  }

  /** An element of an array begins: its node, or `undefined` where enough were read. */
  element(array: Node): Node | undefined {
    if (!array.each) return undefined
    const column = this.#fields[array.each.names[0]!] as unknown[] | undefined
    if (column !== undefined && column.length >= MAX_ITEMS) {
      if (array.capture?.take === 'overflow') this.#fields[array.capture.name] = true
      return undefined
    }
    this.#item = {}
    return array.each
  }

  /** An element of an array ended: its values join their lists. An element without the value adds an empty text. */
  elementEnded(array: Node): void {
    const each = array.each
    if (!each) return
    for (const name of each.names) {
      this.#fields[name] ??= []
      const column = this.#fields[name] as unknown[]
      if (column.length < MAX_ITEMS) column.push(this.#item[name] ?? '')
    }
  }

  /** A value begins with byte `c` at offset `at`. */
  begin(node: Node, c: number, at: number, depth: number): void {
    const target = node.inItem ? this.#item : this.#fields
    if (this.#seen[node.index] === this.#epoch) for (const name of node.names) delete target[name]
    else this.#seen[node.index] = this.#epoch
    const capture = node.capture
    if (capture) this.#open(capture, target, c, at, depth)
  }

  /** Takes the inside of the current string, or the current number's text, as far as it came. */
  feed(chunk: Uint8Array, from: number, to: number): void {
    this.#text.feed(chunk, from, to)
  }

  /**
   * Takes the whole inside of the current string, which is ASCII without escapes: the same as `feed`, in one step. An id
   * is another one each time, and is not worth remembering.
   */
  feedPlain(chunk: Uint8Array, from: number, to: number): void {
    const capture = this.#active!
    if (to - from <= capture.limit && capture.take === 'text') this.#whole = this.#texts.at(chunk, from, to)
    // Nothing else can be a code, and most of what stands here is a result's text, which is nobody's business.
    else if (capture.take !== 'code' || chunk[from] === LETTER_M) this.#text.feed(chunk, from, to)
  }

  /** Takes the current number, of which `chunk[from, to)` are all digits. */
  feedWhole(chunk: Uint8Array, from: number, to: number): void {
    if (this.#active!.take === 'token') this.#whole = numberKey(wholeAt(chunk, from, to))
    else this.#text.feed(chunk, from, to)
  }

  /** Takes bytes of the value being hashed. */
  feedHash(chunk: Uint8Array, from: number, to: number): void {
    this.#hash?.update(chunk, from, to)
  }

  /** A value ended at offset `at` (exclusive), and so did the hash that began at its depth. */
  end(at: number, depth: number): void {
    const capture = this.#active
    if (capture) {
      this.#active = undefined
      const value = this.#whole ?? this.#value(capture)
      this.#whole = undefined
      if (value !== undefined) this.#target[capture.name] = value
      if (capture.take === 'token') this.#ranges[capture.name] = [this.#activeFrom, at]
    }
    if (depth !== this.#hashDepth) return
    this.#hashTarget[this.#hashName] = this.#hash?.digest()
    this.drop()
  }

  #open(capture: Capture, target: Record<string, unknown>, c: number, at: number, depth: number): void {
    switch (capture.take) {
      case 'type':
        target[capture.name] = jsonType(c)
        break
      case 'flag':
        if (isFlag(c)) target[capture.name] = c === LETTER_T
        break
      case 'value':
        if (isFlag(c)) target[capture.name] = c === LETTER_T
        else if (isWanted(capture, c)) this.#openText(capture, target, c, at)
        break
      case 'hash':
        this.#hash = new Sha256()
        this.#hashDepth = depth
        this.#hashName = capture.name
        this.#hashTarget = target
        break
      case 'overflow':
        break
      default:
        if (isWanted(capture, c)) this.#openText(capture, target, c, at)
        else if (capture.take === 'token') target[capture.name] = NO_TOKEN
    }
  }

  #openText(capture: Capture, target: Record<string, unknown>, c: number, at: number): void {
    this.#active = capture
    this.#target = target
    this.#activeByte = c
    this.#activeFrom = at
    this.#text.start(capture.limit, capture.take === 'value' ? c !== QUOTE : !isUnkeyed(capture))
  }

  #value(capture: Capture): string | number | undefined {
    const text = this.#text.finish()
    if (capture.take === 'value' && this.#activeByte !== QUOTE)
      return text.startsWith('#') ? undefined : Number(text.slice(1))
    if (capture.take === 'code') return codeOf(text)
    if (capture.take === 'integer') return integerText(Number(text.slice(1)))
    if (capture.take !== 'token') return text
    if (this.#activeByte === QUOTE) return `s${text}`
    if (text.startsWith('#')) return `n${text}`
    return text === '=null' ? 'null' : writtenKey(text.slice(1))
  }
}

function isWanted({ take }: Capture, c: number): boolean {
  const isNumber = c === 0x2d || (c >= 0x30 && c <= 0x39)
  if (take === 'integer') return isNumber
  if (take === 'value') return isNumber || c === QUOTE
  if (take === 'token') return isNumber || c === QUOTE || c === 0x6e
  return c === QUOTE
}

function isUnkeyed({ take }: Capture): boolean {
  return take === 'text' || take === 'code'
}

function isFlag(c: number): boolean {
  return c === LETTER_T || c === LETTER_F
}

function jsonType(c: number): JsonType {
  switch (c) {
    case 0x7b:
      return 'object'
    case 0x5b:
      return 'array'
    case QUOTE:
      return 'string'
    case 0x6e:
      return 'null'
    case LETTER_T:
    case LETTER_F:
      return 'boolean'
    default:
      return 'number'
  }
}
