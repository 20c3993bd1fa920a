import type { LabelMatcher, LabelSet } from '../promql/index.js'
import { type LabelPairs, METRIC_NAME, recordOf } from './pairs.js'
import { type Part, PartTable } from './parts.js'
import { Symbols } from './symbols.js'

/** Stands between the parts of a key: no well-formed text has it. */
const SEPARATOR = '\uD800'

/** What the selections that are remembered may hold together: series, and characters of what asked for them. */
const MAX_SELECTED = 1_000_000
/**
 * Series that are kept as objects, 250 bytes each: those that rules ask for, while they are few. Beyond it they are made
 * anew for each question, which takes a microsecond.
 */
const MAX_ENTRIES = 10_000
/** Labels of series that are no more, in numbers: they stay until there are so many, and more than of others. */
const MOST_LEFT_OVER = 100_000

/** A series and its parts: more than one where it moved from one lane to another. Good until a series is removed. */
export class Entry {
  constructor(
    readonly pairs: LabelPairs,
    private readonly partsFrom: (first: number) => readonly Part[],
    private readonly first: number,
  ) {}

  get labels(): LabelSet {
    return recordOf(this.pairs)
  }

  get parts(): readonly Part[] {
    return this.partsFrom(this.first)
  }
}

/**
 * Which series there are, found by name and labels. Of a series it keeps numbers alone, about 150 bytes; what is asked for is made
 * into objects then.
 */
export class SeriesIndex {
  readonly #table = new PartTable()
  readonly #lanes = new Symbols()
  #symbols = new Symbols()
  /** Labels: how many numbers follow, then names and values by turns. */
  #texts = new Uint32Array(4096)
  #textsEnd = 0
  #leftOver = 0
  /** Hash of labels → the first part of the first series that has it. */
  #byHash = new Map<number, number>()
  /** Name of a metric → first parts of its series. */
  #byName = new Map<number, Set<number>>()
  readonly #byRef = new Map<number, number>()
  #nextRef = 1
  /** What matchers found: rules ask for the same again and again, while series come and go seldom. */
  readonly #selections = new Map<string, Uint32Array>()
  #selected = 0
  readonly #entries = new Map<number, Entry>()
  /** Labels that are looked for, as numbers. */
  #wanted: number[] = []

  readonly #partsFrom = (first: number): readonly Part[] =>
    Array.from(this.#placesFrom(first), (place) => this.#partAt(place))

  /** Series, each part counted. */
  get size(): number {
    return this.#byRef.size
  }

  /** The part of a series in a lane, if there is one. */
  find(lane: string, pairs: LabelPairs): number | undefined {
    const { lanes, nextPart, refs } = this.#table
    const wanted = this.#lanes.find(lane)
    let place = this.#find(pairs)
    while (place >= 0 && lanes[place] !== wanted) place = nextPart[place]!
    return place < 0 ? undefined : refs[place]
  }

  /** All parts of a series. */
  partsOf(pairs: LabelPairs): readonly Part[] {
    return this.#partsFrom(this.#find(pairs))
  }

  part(ref: number): Part | undefined {
    const place = this.#byRef.get(ref)
    return place === undefined ? undefined : this.#partAt(place)
  }

  /** The labels of a part that there is. */
  pairsOf(ref: number): LabelPairs | undefined {
    const place = this.#byRef.get(ref)
    return place === undefined ? undefined : this.#pairsAt(this.#table.labels[place]!)
  }

  /** Makes a part known; `ref` where it had one before. */
  add(lane: string, pairs: LabelPairs, atMs: number, ref = this.#nextRef): number {
    this.#nextRef = Math.max(this.#nextRef, ref + 1)
    const table = this.#table
    const first = this.#find(pairs)
    const place = table.take()
    table.refs[place] = ref
    table.lanes[place] = this.#lanes.numberOf(lane)
    table.firstMs[place] = table.lastMs[place] = atMs
    if (first < 0) {
      this.#forgetSelections()
      table.labels[place] = this.#write(pairs)
      this.#link(place)
    } else {
      table.labels[place] = table.labels[first]!
      table.nextPart[[...this.#placesFrom(first)].at(-1)!] = place
      this.#entries.delete(first)
    }
    this.#byRef.set(ref, place)
    return ref
  }

  remove(ref: number): void {
    const place = this.#byRef.get(ref)
    if (place === undefined) return
    this.#byRef.delete(ref)
    const { labels, nextPart } = this.#table
    const first = this.#firstOf(place)
    this.#entries.delete(first)
    const next = nextPart[place]!
    if (place !== first) {
      nextPart[[...this.#placesFrom(first)].find((one) => nextPart[one] === place)!] = next
      this.#table.release(place)
    } else if (next >= 0) {
      this.#table.move(next, place)
      nextPart[place] = nextPart[next]!
      this.#byRef.set(this.#table.refs[place]!, place)
      this.#table.release(next)
    } else {
      this.#forgetSelections()
      this.#unlink(place)
      this.#leftOver += this.#texts[labels[place]!]! + 1
      this.#table.release(place)
      if (this.#leftOver > MOST_LEFT_OVER && this.#leftOver > this.#textsEnd / 2) this.#rewrite()
    }
  }

  /** Good until the next is removed. */
  *parts(): Iterable<Part> {
    for (const place of this.#byRef.values()) yield this.#partAt(place)
  }

  *entries(): Iterable<Entry> {
    for (const places of this.#byName.values()) for (const place of places) yield this.#madeOf(place)
  }

  /** The series that meet all matchers. */
  select(matchers: readonly LabelMatcher[]): readonly Entry[] {
    return Array.from(this.#placesOf(matchers), (place) => this.#entryOf(place))
  }

  /** The series that meet all matchers of one of the lists, each once. */
  *selectAny(lists: readonly (readonly LabelMatcher[])[]): Iterable<Entry> {
    const places = new Set<number>()
    for (const matchers of lists) for (const place of this.#placesOf(matchers)) places.add(place)
    for (const place of places) yield this.#madeOf(place)
  }

  #placesOf(matchers: readonly LabelMatcher[]): Uint32Array {
    const key = matchers.map(({ name, op, value }) => `${name}${op}${value}`).join(SEPARATOR)
    let found = this.#selections.get(key)
    if (found === undefined) {
      found = Uint32Array.from(this.#matching(matchers))
      const size = found.length + key.length
      if (this.#selected + size > MAX_SELECTED) this.#forgetSelections()
      this.#selected += size
      this.#selections.set(key, found)
    }
    return found
  }

  #entryOf(place: number): Entry {
    let entry = this.#entries.get(place)
    if (entry === undefined) {
      entry = this.#madeOf(place)
      if (this.#entries.size < MAX_ENTRIES) this.#entries.set(place, entry)
    }
    return entry
  }

  #madeOf(place: number): Entry {
    return new Entry(this.#pairsAt(this.#table.labels[place]!), this.#partsFrom, place)
  }

  #forgetSelections(): void {
    this.#selections.clear()
    this.#selected = 0
  }

  *#matching(matchers: readonly LabelMatcher[]): Iterable<number> {
    const ofName = matchers.filter(({ name }) => name === METRIC_NAME)
    const others = matchers
      .filter(({ name }) => name !== METRIC_NAME)
      .map((matcher) => ({ matcher, name: this.#symbols.find(matcher.name) }))
    for (const [name, places] of this.#named(ofName)) {
      if (!ofName.every((matcher) => matcher.matches(name))) continue
      for (const place of places)
        if (others.every(({ matcher, name }) => matcher.matches(this.#valueOf(place, name)))) yield place
    }
  }

  *#named(matchers: readonly LabelMatcher[]): Iterable<readonly [string, ReadonlySet<number>]> {
    const exact = matchers.find(({ op }) => op === '=')
    if (exact === undefined)
      for (const [name, places] of this.#byName) yield [name < 0 ? '' : this.#symbols.textOf(name), places]
    else {
      const places = this.#byName.get(exact.value === '' ? NAMELESS : (this.#symbols.find(exact.value) ?? UNKNOWN))
      if (places) yield [exact.value, places]
    }
  }

  /** The value of a label, '' where there is none. */
  #valueOf(place: number, name: number | undefined): string {
    const at = this.#table.labels[place]!
    const end = at + this.#texts[at]!
    for (let one = at + 1; one < end; one += 2)
      if (this.#texts[one] === name) return this.#symbols.textOf(this.#texts[one + 1]!)
    return ''
  }

  #pairsAt(at: number): LabelPairs {
    const pairs: string[] = []
    const end = at + this.#texts[at]!
    for (let one = at + 1; one <= end; one++) pairs.push(this.#symbols.textOf(this.#texts[one]!))
    return pairs
  }

  #partAt(place: number): Part {
    return new PartAt(this.#table, this.#lanes, place)
  }

  *#placesFrom(first: number): Iterable<number> {
    for (let place = first; place >= 0; place = this.#table.nextPart[place]!) yield place
  }

  /** The first part of the series of these labels, or −1. */
  #find(pairs: LabelPairs): number {
    const wanted = this.#wanted
    wanted.length = 0
    for (const text of pairs) {
      const number = this.#symbols.find(text)
      if (number === undefined) return -1
      wanted.push(number)
    }
    for (let place = this.#byHash.get(hashOf(wanted, 0, wanted.length)) ?? -1; place >= 0; ) {
      if (this.#hasWanted(this.#table.labels[place]!)) return place
      place = this.#table.nextByHash[place]!
    }
    return -1
  }

  #hasWanted(at: number): boolean {
    const wanted = this.#wanted
    if (this.#texts[at] !== wanted.length) return false
    for (let one = 0; one < wanted.length; one++) if (this.#texts[at + 1 + one] !== wanted[one]) return false
    return true
  }

  /** The first part of the series that a part is of. */
  #firstOf(part: number): number {
    const { labels, nextByHash } = this.#table
    let place = this.#byHash.get(this.#hashAt(labels[part]!))!
    while (labels[place] !== labels[part]) place = nextByHash[place]!
    return place
  }

  #hashAt(at: number): number {
    return hashOf(this.#texts, at + 1, at + 1 + this.#texts[at]!)
  }

  #write(pairs: LabelPairs): number {
    const at = this.#textsEnd
    this.#textsEnd += pairs.length + 1
    if (this.#textsEnd > this.#texts.length) {
      const before = this.#texts
      this.#texts = new Uint32Array(Math.max(this.#textsEnd, before.length * 2))
      this.#texts.set(before)
    }
    this.#texts[at] = pairs.length
    for (const [one, text] of pairs.entries()) this.#texts[at + 1 + one] = this.#symbols.numberOf(text)
    return at
  }

  /** Has the series whose first part is there found by hash and name. */
  #link(place: number): void {
    const hash = this.#hashAt(this.#table.labels[place]!)
    this.#table.nextByHash[place] = this.#byHash.get(hash) ?? -1
    this.#byHash.set(hash, place)
    const name = this.#nameAt(place)
    const named = this.#byName.get(name)
    if (named === undefined) this.#byName.set(name, new Set([place]))
    else named.add(place)
  }

  #unlink(place: number): void {
    const { labels, nextByHash } = this.#table
    const hash = this.#hashAt(labels[place]!)
    const next = nextByHash[place]!
    let before = this.#byHash.get(hash)!
    if (before !== place) {
      while (nextByHash[before] !== place) before = nextByHash[before]!
      nextByHash[before] = next
    } else if (next >= 0) this.#byHash.set(hash, next)
    else this.#byHash.delete(hash)
    const name = this.#nameAt(place)
    const named = this.#byName.get(name)!
    named.delete(place)
    if (named.size === 0) this.#byName.delete(name)
  }

  #nameAt(place: number): number {
    const name = this.#valueOf(place, this.#symbols.find(METRIC_NAME))
    return name === '' ? NAMELESS : this.#symbols.find(name)!
  }

  /** Leaves out what labels of before took, and texts that nobody has any more. */
  #rewrite(): void {
    const [texts, symbols, names] = [this.#texts, this.#symbols, this.#byName]
    this.#texts = new Uint32Array(this.#textsEnd - this.#leftOver)
    this.#symbols = new Symbols()
    this.#byHash = new Map()
    this.#byName = new Map()
    this.#textsEnd = this.#leftOver = 0
    const { labels } = this.#table
    for (const places of names.values())
      for (const first of places) {
        const at = labels[first]!
        const pairs = Array.from(texts.subarray(at + 1, at + 1 + texts[at]!), (number) => symbols.textOf(number))
        const written = this.#write(pairs)
        for (const place of this.#placesFrom(first)) labels[place] = written
        this.#link(first)
      }
  }
}

/** Instead of the number of a name: of series without one, and of a name that no series has. */
const NAMELESS = -1
const UNKNOWN = -2

/** A part as the table has it. */
class PartAt implements Part {
  constructor(
    private readonly table: PartTable,
    private readonly lanes: Symbols,
    private readonly place: number,
  ) {}

  get lane(): string {
    return this.lanes.textOf(this.table.lanes[this.place]!)
  }

  get ref(): number {
    return this.table.refs[this.place]!
  }

  get firstMs(): number {
    return this.table.firstMs[this.place]!
  }

  set firstMs(timeMs: number) {
    this.table.firstMs[this.place] = timeMs
  }

  get lastMs(): number {
    return this.table.lastMs[this.place]!
  }

  set lastMs(timeMs: number) {
    this.table.lastMs[this.place] = timeMs
  }
}

/** FNV-1a over whole numbers, 32 bits. */
function hashOf(numbers: ArrayLike<number>, from: number, to: number): number {
  let hash = 0x811c9dc5 | 0
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ numbers[at]!, 0x01000193)
  return hash
}
