import type { LabelMatcher, LabelSet } from '../promql/index.js'

export const METRIC_NAME = '__name__'
/** Stands between the parts of a key: no well-formed text has it. */
const SEPARATOR = '\uD800'

/** Labels as a flat list: name, value, name, value …, sorted by name, without empty values. */
export type LabelPairs = readonly string[]

/** Where samples of a series are. */
export interface Part {
  readonly lane: string
  readonly ref: number
  /** When it was first and last seen, as far as is known: milliseconds since 1970. */
  firstMs: number
  lastMs: number
}

/** A series and its parts: more than one where it moved from one lane to another. */
export interface Entry {
  readonly key: string
  readonly labels: LabelSet
  readonly pairs: LabelPairs
  readonly parts: Part[]
}

/** What the selections that are remembered may hold together: series, and characters of what asked for them. */
const MAX_SELECTED = 1_000_000

/** Which series there are, found by name and labels. */
export class SeriesIndex {
  readonly #byKey = new Map<string, Entry>()
  readonly #byName = new Map<string, Set<Entry>>()
  readonly #byRef = new Map<number, { readonly entry: Entry; readonly part: Part }>()
  #nextRef = 1
  /** What matchers found: rules ask for the same again and again, while series come and go seldom. */
  readonly #selections = new Map<string, readonly Entry[]>()
  #selected = 0

  /** Series, each part counted. */
  get size(): number {
    return this.#byRef.size
  }

  /** The part of a series in a lane, if there is one. */
  find(lane: string, pairs: LabelPairs): Part | undefined {
    return this.#byKey.get(pairs.join(SEPARATOR))?.parts.find((part) => part.lane === lane)
  }

  /** All parts of a series. */
  partsOf(pairs: LabelPairs): readonly Part[] {
    return this.#byKey.get(pairs.join(SEPARATOR))?.parts ?? []
  }

  part(ref: number): Part | undefined {
    return this.#byRef.get(ref)?.part
  }

  /** Makes a part known; `ref` where it had one before. */
  add(lane: string, pairs: LabelPairs, atMs: number, ref = this.#nextRef): Part {
    this.#nextRef = Math.max(this.#nextRef, ref + 1)
    const key = pairs.join(SEPARATOR)
    let entry = this.#byKey.get(key)
    if (entry === undefined) {
      this.#forgetSelections()
      entry = { key, labels: recordOf(pairs), pairs, parts: [] }
      this.#byKey.set(key, entry)
      const name = nameOf(entry)
      const named = this.#byName.get(name)
      if (named === undefined) this.#byName.set(name, new Set([entry]))
      else named.add(entry)
    }
    const part: Part = { lane, ref, firstMs: atMs, lastMs: atMs }
    entry.parts.push(part)
    this.#byRef.set(ref, { entry, part })
    return part
  }

  remove(ref: number): void {
    const found = this.#byRef.get(ref)
    if (found === undefined) return
    this.#byRef.delete(ref)
    const { entry, part } = found
    entry.parts.splice(entry.parts.indexOf(part), 1)
    if (entry.parts.length > 0) return
    this.#forgetSelections()
    this.#byKey.delete(entry.key)
    const name = nameOf(entry)
    const named = this.#byName.get(name)
    named?.delete(entry)
    if (named?.size === 0) this.#byName.delete(name)
  }

  parts(): Iterable<Part> {
    return [...this.#byRef.values()].map(({ part }) => part)
  }

  entries(): Iterable<Entry> {
    return this.#byKey.values()
  }

  /** The series that meet all matchers. */
  select(matchers: readonly LabelMatcher[]): readonly Entry[] {
    const key = matchers.map(({ name, op, value }) => `${name}${op}${value}`).join(SEPARATOR)
    const known = this.#selections.get(key)
    if (known !== undefined) return known
    const found = this.#find(matchers)
    const size = found.length + key.length
    if (this.#selected + size > MAX_SELECTED) this.#forgetSelections()
    this.#selected += size
    this.#selections.set(key, found)
    return found
  }

  #forgetSelections(): void {
    this.#selections.clear()
    this.#selected = 0
  }

  #find(matchers: readonly LabelMatcher[]): readonly Entry[] {
    const ofName = matchers.filter(({ name }) => name === METRIC_NAME)
    const others = matchers.filter(({ name }) => name !== METRIC_NAME)
    const found: Entry[] = []
    for (const [name, entries] of this.#named(ofName)) {
      if (!ofName.every((matcher) => matcher.matches(name))) continue
      for (const entry of entries)
        if (others.every((matcher) => matcher.matches(entry.labels[matcher.name] ?? ''))) found.push(entry)
    }
    return found
  }

  #named(matchers: readonly LabelMatcher[]): Iterable<readonly [string, ReadonlySet<Entry>]> {
    const exact = matchers.find(({ op }) => op === '=')
    if (exact === undefined) return this.#byName
    const entries = this.#byName.get(exact.value)
    return entries === undefined ? [] : [[exact.value, entries]]
  }
}

/** An object without a prototype, so that any name may be asked for. */
function recordOf(pairs: LabelPairs): LabelSet {
  const record: Record<string, string> = Object.create(null)
  for (let at = 0; at < pairs.length; at += 2) record[pairs[at]!] = pairs[at + 1]!
  return record
}

const nameOf = ({ labels }: Entry): string => labels[METRIC_NAME] ?? ''

/** A record of labels as pairs. */
export function pairsOf(labels: LabelSet): LabelPairs {
  const pairs: string[] = []
  for (const name of Object.keys(labels).sort()) if (labels[name] !== '') pairs.push(name, labels[name]!)
  return pairs
}
