import { Block, ROWS_TOGETHER, type Row } from './block.js'

/** Values of rows that lie together, at one tick. */
interface Piece {
  readonly values: Float64Array
  /** 1 where there is a value; absent: all are there. */
  readonly present?: Uint8Array
}

/** Where the values of a list of series go. */
interface Places {
  readonly refs: Uint32Array
  readonly rows: Uint32Array
  /** Positions by rising row; absent: they rise as they are. */
  readonly order?: Uint32Array
}

const NOWHERE: Places = { refs: new Uint32Array(0), rows: new Uint32Array(0) }

/**
 * The newest samples of many series, not packed yet: tick by tick, and of a tick piece by piece. Where no row of a piece
 * moved since the tick before, both have one piece: most series of most daemons stand still.
 */
export class Head {
  readonly #capacity: number
  #times: Float64Array
  #pieces: (Piece | undefined)[][] = []
  #sizeBytes = 0
  #refs: number[] = []
  #rows = new Map<number, number>()
  /** Of the refs that came last: mostly the same come again. */
  #places = NOWHERE
  readonly #values = new Float64Array(ROWS_TOGETHER)
  readonly #present = new Uint8Array(ROWS_TOGETHER)

  /** `capacity`: most ticks. */
  constructor(capacity: number) {
    this.#capacity = capacity
    this.#times = new Float64Array(capacity)
  }

  get isFull(): boolean {
    return this.#pieces.length === this.#capacity
  }

  get ticks(): number {
    return this.#pieces.length
  }

  get times(): Float64Array {
    return this.#times.subarray(0, this.#pieces.length)
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Takes one tick, or more of the newest. `refs` never changes afterwards. */
  append(atMs: number, refs: Uint32Array, values: Float64Array): void {
    if (refs !== this.#places.refs) this.#places = this.#placesOf(refs)
    const { rows, order } = this.#places
    if (this.times.at(-1) !== atMs) this.#times[this.#pieces.push([]) - 1] = atMs
    let open = -1
    for (let one = 0; one < rows.length; one++) {
      const at = order === undefined ? one : order[one]!
      const row = rows[at]!
      const piece = Math.floor(row / ROWS_TOGETHER)
      if (piece !== open) {
        if (open >= 0) this.#put(open)
        this.#open(piece)
        open = piece
      }
      this.#values[row % ROWS_TOGETHER] = values[at]!
      this.#present[row % ROWS_TOGETHER] = 1
    }
    if (open >= 0) this.#put(open)
  }

  /** Copies one row into `row`, from `start` on; nothing where the series is not here. Returns how many ticks have a value. */
  read(ref: number, row: Row, start: number): number {
    const at = this.#rows.get(ref)
    return at === undefined ? 0 : this.#read(at, row, start)
  }

  /** What is here, packed; the head stays as it is. */
  seal(): Block {
    return Block.seal(this.#refs, this.times.slice(), (at, row) => this.#read(at, row, 0))
  }

  clear(): void {
    this.#pieces = []
    this.#sizeBytes = 0
    this.#refs = []
    this.#rows = new Map()
    this.#places = NOWHERE
  }

  #read(at: number, row: Row, start: number): number {
    const number = Math.floor(at / ROWS_TOGETHER)
    const cell = at % ROWS_TOGETHER
    let found = 0
    for (let tick = 0, to = start; tick < this.#pieces.length; tick++, to++) {
      const piece = this.#pieces[tick]![number]
      const isThere = piece === undefined ? 0 : piece.present === undefined ? 1 : piece.present[cell]!
      row.values[to] = isThere === 0 ? 0 : piece!.values[cell]!
      row.present[to] = isThere
      found += isThere
    }
    return found
  }

  #placesOf(refs: Uint32Array): Places {
    let isRising = true
    let last = -1
    const rows = Uint32Array.from(refs, (ref) => {
      let row = this.#rows.get(ref)
      if (row === undefined) {
        row = this.#refs.push(ref) - 1
        this.#rows.set(ref, row)
      }
      isRising &&= row > last
      last = row
      return row
    })
    if (isRising) return { refs, rows }
    return { refs, rows, order: Uint32Array.from(rows.keys()).sort((one, other) => rows[one]! - rows[other]!) }
  }

  /** Begins with what the newest tick has of this piece already. */
  #open(number: number): void {
    const known = this.#pieces.at(-1)![number]
    if (known === undefined) {
      this.#values.fill(0)
      this.#present.fill(0)
      return
    }
    this.#values.set(known.values)
    if (known.present === undefined) this.#present.fill(1)
    else this.#present.set(known.present)
  }

  #put(number: number): void {
    const [before, now] = [this.#pieces.at(-2)?.[number], this.#pieces.at(-1)!]
    const replaced = now[number]
    if (replaced !== undefined && replaced !== before) this.#sizeBytes -= sizeOf(replaced)
    if (before !== undefined && this.#isAsIn(before)) {
      now[number] = before
      return
    }
    const isWhole = this.#present.every((isThere) => isThere === 1)
    const made = { values: this.#values.slice(), ...(!isWhole && { present: this.#present.slice() }) }
    now[number] = made
    this.#sizeBytes += sizeOf(made)
  }

  #isAsIn({ values, present }: Piece): boolean {
    for (let cell = 0; cell < ROWS_TOGETHER; cell++) {
      if (this.#present[cell] !== (present === undefined ? 1 : present[cell])) return false
      if (!Object.is(this.#values[cell], values[cell])) return false
    }
    return true
  }
}

/** What a piece takes beside its arrays, about, in bytes. */
const PIECE_OVERHEAD_BYTES = 200

const sizeOf = ({ values, present }: Piece): number =>
  PIECE_OVERHEAD_BYTES + values.byteLength + (present?.byteLength ?? 0)
