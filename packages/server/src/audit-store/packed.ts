import type { StoredRow } from '../audit/index.js'

const HASH_CHARS = 64

/** Rows as they travel between threads: few large things are cheaper to send than many small ones. */
export interface PackedRows {
  readonly seqs: readonly number[]
  readonly lengths: readonly number[]
  /** Their `row_hash`es, one behind the other. */
  readonly hashes: string
  /** Their bytes, one behind the other. */
  readonly bytes: Uint8Array
}

export function packRows(rows: readonly StoredRow[]): PackedRows {
  return {
    seqs: rows.map(({ seq }) => seq),
    lengths: rows.map(({ bytes }) => bytes.length),
    hashes: rows.map(({ rowHash }) => rowHash).join(''),
    bytes: Buffer.concat(rows.map(({ bytes }) => bytes)),
  }
}

export function unpackRows({ seqs, lengths, hashes, bytes }: PackedRows): StoredRow[] {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  return seqs.map((seq, n) => {
    const from = at
    at += lengths[n] as number
    return { seq, bytes: all.subarray(from, at), rowHash: hashes.slice(n * HASH_CHARS, (n + 1) * HASH_CHARS) }
  })
}
