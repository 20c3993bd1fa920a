/** Places that there is room for at first. */
const FIRST_ROOM = 256
const NONE = -1

/** Where samples of a series are. */
export interface Part {
  readonly lane: string
  readonly ref: number
  /** When it was first and last seen, as far as is known: milliseconds since 1970. */
  firstMs: number
  lastMs: number
}

/**
 * Figures of many parts of series, each at a place of its own: in arrays of numbers, as an object for each would take
 * more than the samples do.
 */
export class PartTable {
  refs = new Uint32Array(FIRST_ROOM)
  /** Number of the lane. */
  lanes = new Uint32Array(FIRST_ROOM)
  /** Where its labels stand. */
  labels = new Uint32Array(FIRST_ROOM)
  firstMs = new Float64Array(FIRST_ROOM)
  lastMs = new Float64Array(FIRST_ROOM)
  /** The next place whose labels have the same hash, of the first part of each series; −1: none. */
  nextByHash = new Int32Array(FIRST_ROOM)
  /** The next part of the same series; −1: none. */
  nextPart = new Int32Array(FIRST_ROOM)
  #length = 0
  readonly #free: number[] = []

  /** A place that nobody has. */
  take(): number {
    const place = this.#free.pop() ?? this.#length++
    if (place >= this.refs.length) this.#grow()
    this.nextByHash[place] = NONE
    this.nextPart[place] = NONE
    return place
  }

  release(place: number): void {
    this.#free.push(place)
  }

  /** Puts one part at the place of another; what links places stays there. */
  move(from: number, to: number): void {
    this.refs[to] = this.refs[from]!
    this.lanes[to] = this.lanes[from]!
    this.firstMs[to] = this.firstMs[from]!
    this.lastMs[to] = this.lastMs[from]!
  }

  #grow(): void {
    const room = this.refs.length * 2
    this.refs = grown(this.refs, new Uint32Array(room))
    this.lanes = grown(this.lanes, new Uint32Array(room))
    this.labels = grown(this.labels, new Uint32Array(room))
    this.firstMs = grown(this.firstMs, new Float64Array(room))
    this.lastMs = grown(this.lastMs, new Float64Array(room))
    this.nextByHash = grown(this.nextByHash, new Int32Array(room))
    this.nextPart = grown(this.nextPart, new Int32Array(room))
  }
}

function grown<A extends Uint32Array | Int32Array | Float64Array>(before: A, after: A): A {
  after.set(before)
  return after
}
