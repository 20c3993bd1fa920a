import { TextCapture } from './capture.js'
import { ESCAPES, HEX, isWholeNumber, NUMBER_START, numberStep, PLAIN, WORDS } from './grammar.js'
import { type Head, HeldHeads } from './head.js'
import { Nesting } from './nesting.js'
import { plainEnd, wholeEnd } from './plain.js'
import { Taker } from './take.js'
import { ALLOWED, type Node, type Tree, wordAt } from './trie.js'

/** How a document ended. `cut_off`: it was right so far, but not whole. `empty`: nothing but white space. */
export type Ending = 'whole' | 'empty' | 'cut_off' | 'invalid_json' | 'too_deep'

enum S {
  /** A value must come. */
  Value,
  /** A value or the array's end. */
  FirstElement,
  /** A key or the object's end. */
  FirstKey,
  Key,
  Colon,
  /** After a value: a comma or the end of what holds it. */
  After,
  /** After the document's value. */
  Done,
  String,
  KeyString,
  Number,
  Word,
  Failed,
}

/**
 * Reads one JSON document after the other, in pieces cut anywhere, and accepts what JSON.parse accepts. Never holds a
 * message: what the allow-list does not name is checked and forgotten, so memory is bounded whatever comes.
 */
export class Skimmer {
  readonly #held: HeldHeads
  readonly #root: Node
  readonly #maxKeyLength: number
  readonly #taker: Taker
  readonly #key = new TextCapture()
  readonly #nesting = new Nesting()
  #state: S = S.Value
  #failure: 'invalid_json' | 'too_deep' = 'invalid_json'
  /** Depth at which messages lie: 1 within a batch. */
  #base = 0
  /** The place of the next value, where the allow-list knows it. */
  #node: Node | undefined
  #escape = 0
  #number = 0
  #word: Uint8Array | undefined
  #wordAt = 0
  /** Offset in the document of the current chunk's byte 0. */
  #offset = 0
  #read = 0
  #messageStart = 0
  #hashFrom = 0
  #messages = 0

  /** `onHead` is called for each message once its document (of a batch: the whole array) has proved to be JSON. `tree`: what is taken. */
  constructor(onHead: (head: Head) => void, tree: Tree = ALLOWED) {
    this.#held = new HeldHeads(onHead)
    this.#root = tree.root
    this.#maxKeyLength = tree.maxKeyLength
    this.#taker = new Taker(tree)
  }

  /** Bytes of the current document so far. */
  get sizeBytes(): number {
    return this.#read
  }

  /** Why the current document can be no JSON, whatever follows; undefined while it can. */
  get fault(): 'invalid_json' | 'too_deep' | undefined {
    return this.#state === S.Failed ? this.#failure : undefined
  }

  /** Whether the current document has anything but white space yet. */
  get hasValue(): boolean {
    return this.#state !== S.Value || this.#nesting.depth > 0
  }

  /** Takes `chunk[from, to)`. Keeps no reference to it. */
  feed(chunk: Uint8Array, from = 0, to = chunk.length): void {
    this.#offset = this.#read - from
    this.#read += to - from
    this.#hashFrom = from
    let at = from
    while (at < to) {
      switch (this.#state) {
        case S.String:
        case S.KeyString:
          at = this.#string(chunk, at, to)
          break
        case S.Number:
          at = this.#digits(chunk, at, to)
          break
        case S.Word:
          at = this.#letters(chunk, at, to)
          break
        case S.Failed:
          at = to
          break
        default:
          at = this.#structure(chunk, at, to)
      }
    }
    if (this.#taker.hashes) this.#taker.feedHash(chunk, this.#hashFrom, to)
  }

  /** The document's end. Hands over its messages where it was whole, and is ready for the next one. */
  finish(): Ending {
    const ending = this.#ending()
    if (ending === 'whole' && this.#messages === 0)
      this.#held.hold({ fields: {}, ranges: {}, start: 0, end: this.#read })
    const heads = this.#held.take()
    this.discard()
    if (ending === 'whole') this.#held.handOver(heads)
    return ending
  }

  /** Forgets the document, and is ready for the next one. */
  discard(): void {
    this.#state = S.Value
    this.#nesting.depth = 0
    this.#base = 0
    this.#node = undefined
    this.#escape = 0
    this.#read = 0
    this.#messages = 0
    this.#held.take()
    this.#taker.drop()
  }

  #ending(): Ending {
    if (this.#state === S.Number && this.#nesting.depth === 0 && isWholeNumber(this.#number))
      this.#valueEnded(this.#read)
    if (this.#state === S.Done) return 'whole'
    if (this.#state === S.Failed) return this.#failure
    return this.#state === S.Value && this.#nesting.depth === 0 ? 'empty' : 'cut_off'
  }

  #fail(reason: 'invalid_json' | 'too_deep', at: number): number {
    this.#state = S.Failed
    this.#failure = reason
    this.#held.take()
    this.#taker.drop()
    return at
  }

  /** Reads what stands between strings, numbers and words, up to the next of these. Returns where it stopped. */
  #structure(chunk: Uint8Array, from: number, to: number): number {
    for (let at = from; at < to; at++) {
      const c = chunk[at]!
      if (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) continue
      const state = this.#state
      if (state === S.Value) return this.#value(chunk, c, at, to)
      if (state === S.After) {
        if (c === 0x2c) this.#next()
        else if (c === 0x7d || c === 0x5d) return this.#close(chunk, c, at)
        else return this.#fail('invalid_json', at)
      } else if (state === S.Colon) {
        if (c !== 0x3a) return this.#fail('invalid_json', at)
        this.#state = S.Value
      } else return this.#opening(chunk, c, at, to)
    }
    return to
  }

  /** The first byte after a bracket, a key's quote, or a byte after the document. */
  #opening(chunk: Uint8Array, c: number, at: number, to: number): number {
    if (this.#state === S.FirstElement) {
      if (c === 0x5d) return this.#close(chunk, c, at)
      this.#node = this.#elementNode()
      return this.#value(chunk, c, at, to)
    }
    if (this.#state === S.FirstKey && c === 0x7d) return this.#close(chunk, c, at)
    if (this.#state === S.Done || c !== 0x22) return this.#fail('invalid_json', at)
    return this.#beginKey(chunk, at + 1, to)
  }

  /** A key, in one step where it came whole and plain, as nearly all do. */
  #beginKey(chunk: Uint8Array, from: number, to: number): number {
    const object = this.#nesting.node
    const end = plainEnd(chunk, from, to)
    if (end < 0) {
      this.#state = S.KeyString
      if (object) this.#key.start(this.#maxKeyLength + 1, false)
      return from
    }
    this.#node = object && wordAt(object, chunk, from, end)
    this.#state = S.Colon
    return end + 1
  }

  #next(): void {
    if (!this.#nesting.inArray) this.#state = S.Key
    else {
      this.#state = S.Value
      this.#node = this.#elementNode()
    }
  }

  #elementNode(): Node | undefined {
    const array = this.#nesting.node
    return array && this.#taker.element(array)
  }

  #value(chunk: Uint8Array, c: number, at: number, to: number): number {
    if (this.#nesting.depth === this.#base) {
      if (c === 0x5b && this.#base === 0) this.#base = 1
      else this.#startMessage(at)
    }
    if (this.#node) {
      const hashed = this.#taker.hashes
      this.#taker.begin(this.#node, c, this.#offset + at, this.#nesting.depth)
      if (!hashed && this.#taker.hashes) this.#hashFrom = at
    }
    if (c === 0x22) return this.#beginString(chunk, at + 1, to)
    if (c === 0x7b || c === 0x5b) return this.#open(c, at)
    if (c === 0x2d || (c >= 0x30 && c <= 0x39)) return this.#beginNumber(chunk, at, to)
    return this.#startWord(c, at)
  }

  /** A string, in one step where it came whole and plain. */
  #beginString(chunk: Uint8Array, from: number, to: number): number {
    const end = plainEnd(chunk, from, to)
    if (end < 0) {
      this.#state = S.String
      return from
    }
    if (this.#taker.wants) this.#taker.feedPlain(chunk, from, end)
    this.#ended(chunk, end + 1)
    return end + 1
  }

  /** A number, in one step where it is a row of digits that came whole. */
  #beginNumber(chunk: Uint8Array, from: number, to: number): number {
    const end = wholeEnd(chunk, from, to)
    if (end < 0) {
      this.#state = S.Number
      this.#number = NUMBER_START
      return from
    }
    if (this.#taker.wants) this.#taker.feedWhole(chunk, from, end)
    this.#ended(chunk, end)
    return end
  }

  #startMessage(at: number): void {
    this.#messageStart = this.#offset + at
    this.#node = this.#root
    this.#messages++
    this.#taker.start()
  }

  #startWord(c: number, at: number): number {
    this.#word = WORDS[c]
    this.#wordAt = 0
    this.#state = S.Word
    return this.#word ? at : this.#fail('invalid_json', at)
  }

  #open(c: number, at: number): number {
    if (!this.#nesting.push(c === 0x5b, this.#node)) return this.#fail('too_deep', at)
    this.#node = undefined
    this.#state = c === 0x5b ? S.FirstElement : S.FirstKey
    return at + 1
  }

  #close(chunk: Uint8Array, c: number, at: number): number {
    if (!this.#nesting.pop(c === 0x5d)) return this.#fail('invalid_json', at)
    this.#ended(chunk, at + 1)
    return at + 1
  }

  /** A value ended before `chunk[at]`. */
  #ended(chunk: Uint8Array, at: number): void {
    if (this.#taker.hashes) {
      this.#taker.feedHash(chunk, this.#hashFrom, at)
      this.#hashFrom = at
    }
    this.#valueEnded(this.#offset + at)
  }

  #valueEnded(end: number): void {
    this.#taker.end(end, this.#nesting.depth)
    if (this.#nesting.depth === this.#base && this.#messages > 0) this.#hold(end)
    if (this.#nesting.depth === 0) {
      this.#state = S.Done
      return
    }
    this.#state = S.After
    const parent = this.#nesting.node
    if (parent?.each && this.#nesting.inArray) this.#taker.elementEnded(parent)
  }

  #hold(end: number): void {
    const { fields, ranges } = this.#taker
    this.#held.hold({ fields, ranges, start: this.#messageStart, end })
  }

  #string(chunk: Uint8Array, from: number, to: number): number {
    let at = from
    while (at < to) {
      if (this.#escape > 0) {
        if (!this.#escaped(chunk[at]!)) return this.#fail('invalid_json', at)
        at++
        continue
      }
      while (at < to && PLAIN[chunk[at]!] === 1) at++
      if (at === to) break
      const c = chunk[at]!
      if (c === 0x22) return this.#stringEnded(chunk, from, at)
      if (c !== 0x5c) return this.#fail('invalid_json', at)
      this.#escape = 1
      at++
    }
    this.#takeText(chunk, from, to)
    return to
  }

  /** Takes a byte of an escape; false where it is none. */
  #escaped(c: number): boolean {
    if (this.#escape === 1) {
      const kind = ESCAPES[c]!
      this.#escape = kind === 2 ? 2 : 0
      return kind !== 0
    }
    this.#escape = this.#escape === 5 ? 0 : this.#escape + 1
    return HEX[c] === 1
  }

  #takeText(chunk: Uint8Array, from: number, to: number): void {
    if (this.#state === S.KeyString) {
      if (this.#nesting.node) this.#key.feed(chunk, from, to)
    } else if (this.#taker.wants) this.#taker.feed(chunk, from, to)
  }

  #stringEnded(chunk: Uint8Array, from: number, at: number): number {
    this.#takeText(chunk, from, at)
    if (this.#state === S.String) this.#ended(chunk, at + 1)
    else {
      this.#node = this.#nesting.node?.keys.get(this.#key.finish())
      this.#state = S.Colon
    }
    return at + 1
  }

  #digits(chunk: Uint8Array, from: number, to: number): number {
    let at = from
    let state = this.#number
    for (; at < to; at++) {
      const next = numberStep(state, chunk[at]!)
      if (next < 0) break
      state = next
    }
    this.#number = state
    if (this.#taker.wants) this.#taker.feed(chunk, from, at)
    if (at === to) return at
    if (!isWholeNumber(state)) return this.#fail('invalid_json', at)
    this.#ended(chunk, at)
    return at
  }

  #letters(chunk: Uint8Array, from: number, to: number): number {
    const word = this.#word!
    let at = from
    for (; at < to && this.#wordAt < word.length; at++, this.#wordAt++) {
      if (chunk[at] !== word[this.#wordAt]) return this.#fail('invalid_json', at)
    }
    if (this.#taker.wants) this.#taker.feed(chunk, from, at)
    if (this.#wordAt === word.length) this.#ended(chunk, at)
    return at
  }
}
