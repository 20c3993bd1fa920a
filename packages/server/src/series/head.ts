import { Block, type Row } from './block.js'

/** Rows that a head has room for at first. */
const FIRST_ROWS = 64

/** The newest samples of many series, not packed yet. */
export class Head {
  readonly #capacity: number
  #values: Float64Array
  #present: Uint8Array
  #times: Float64Array
  #refs: number[] = []
  #rows = new Map<number, number>()
  #ticks = 0
  /** The rows of the refs that came last: mostly the same come again. */
  #lastRefs: Uint32Array | undefined
  #lastRows: Uint32Array = new Uint32Array(0)

  /** `capacity`: most ticks. */
  constructor(capacity: number) {
    this.#capacity = capacity
    this.#values = new Float64Array(FIRST_ROWS * capacity)
    this.#present = new Uint8Array(FIRST_ROWS * capacity)
    this.#times = new Float64Array(capacity)
  }

  get isFull(): boolean {
    return this.#ticks === this.#capacity
  }

  get ticks(): number {
    return this.#ticks
  }

  get times(): Float64Array {
    return this.#times.subarray(0, this.#ticks)
  }

  get sizeBytes(): number {
    return this.#values.byteLength + this.#present.byteLength
  }

  get samples(): number {
    return this.#refs.length * this.#ticks
  }

  /** Takes one tick, or more of the newest. `refs` never changes afterwards. */
  append(atMs: number, refs: Uint32Array, values: Float64Array): void {
    const rows = refs === this.#lastRefs ? this.#lastRows : this.#rowsOf(refs)
    const tick = this.times.at(-1) === atMs ? this.#ticks - 1 : this.#ticks++
    const capacity = this.#capacity
    this.#times[tick] = atMs
    for (let at = 0; at < rows.length; at++) {
      const cell = rows[at]! * capacity + tick
      this.#values[cell] = values[at]!
      this.#present[cell] = 1
    }
  }

  /** Copies one row into `row`, from `start` on; nothing where the series is not here. Returns how many ticks have a value. */
  read(ref: number, row: Row, start: number): number {
    const at = this.#rows.get(ref)
    if (at === undefined) return 0
    const [values, present, ticks] = [this.#values, this.#present, this.#ticks]
    let found = 0
    for (let tick = 0, cell = at * this.#capacity, to = start; tick < ticks; tick++, cell++, to++) {
      const isThere = present[cell]!
      row.values[to] = values[cell]!
      row.present[to] = isThere
      found += isThere
    }
    return found
  }

  /** What is here, packed; the head stays as it is. */
  seal(): Block {
    return Block.seal(this.#refs, this.times.slice(), this.#values, this.#present, this.#capacity)
  }

  clear(): void {
    this.#present.fill(0)
    this.#refs = []
    this.#rows = new Map()
    this.#ticks = 0
    this.#lastRefs = undefined
  }

  #rowsOf(refs: Uint32Array): Uint32Array {
    const rows = Uint32Array.from(refs, (ref) => {
      const known = this.#rows.get(ref)
      if (known !== undefined) return known
      const row = this.#refs.push(ref) - 1
      this.#rows.set(ref, row)
      return row
    })
    this.#grow(this.#refs.length * this.#capacity)
    this.#lastRefs = refs
    this.#lastRows = rows
    return rows
  }

  #grow(cells: number): void {
    if (cells <= this.#values.length) return
    const size = Math.max(cells, this.#values.length * 2)
    const values = new Float64Array(size)
    values.set(this.#values)
    const present = new Uint8Array(size)
    present.set(this.#present)
    this.#values = values
    this.#present = present
  }
}
