import type { Sqlite } from '../sqlite/index.js'

/** Bytes of blocks that one page has, at most, but for its last. */
const PAGE_BYTES = 4 * 1_048_576
const PAGE_SERIES = 20_000

/** A block of samples of many series. Their form is its maker's. */
export interface SampleBlock {
  /** Which series are sampled together, and how often. */
  readonly lane: string
  readonly resolution: string
  /** The first and last sample's time, milliseconds since 1970. */
  readonly startMs: number
  readonly endMs: number
  readonly body: Uint8Array
}

/** A series that blocks know by its number. */
export interface SampleSeries {
  readonly ref: number
  readonly lane: string
  /** Names and values by turns. */
  readonly pairs: readonly string[]
}

/** What rules of one group know that is no sample. Its form is its maker's. */
export interface RuleState {
  readonly key: string
  /** Absent: there is nothing to keep any more. */
  readonly body?: string
}

/** What changed: all of it is kept, or nothing. */
export interface SampleChanges {
  readonly series: readonly SampleSeries[]
  readonly gone: readonly number[]
  readonly blocks: readonly SampleBlock[]
  /** Blocks that ended before `timeMs` go; with `from`, those that ended at or after it. They go before `blocks` come. */
  readonly dropped: readonly {
    readonly lane: string
    readonly resolution: string
    readonly timeMs: number
    readonly from?: boolean
  }[]
  readonly rules?: readonly RuleState[]
}

/** The samples in an SQLite file. Synchronous: for the store's thread. */
export interface Samples {
  keep(changes: SampleChanges): void
  /** Series with a number above `after`, by rising number; none where there are no more. */
  series(after: number): readonly SampleSeries[]
  /** Blocks after the `after`th, those of a lane by rising time; none where there are no more. */
  blocks(after: number): { readonly blocks: readonly SampleBlock[]; readonly last: number }
  rules(): readonly Required<RuleState>[]
}

export function createSamples(sqlite: Sqlite): Samples {
  return {
    keep({ series, gone, blocks, dropped, rules = [] }) {
      sqlite.transaction(() => {
        for (const { key, body } of rules)
          if (body === undefined) sqlite.run('DELETE FROM rule_states WHERE key = ?', key)
          else sqlite.run('INSERT OR REPLACE INTO rule_states VALUES (?, ?)', key, body)
        for (const { ref, lane, pairs } of series)
          sqlite.run('INSERT OR REPLACE INTO sample_series VALUES (?, ?, ?)', ref, lane, JSON.stringify(pairs))
        for (const ref of gone) sqlite.run('DELETE FROM sample_series WHERE ref = ?', ref)
        for (const { lane, resolution, timeMs, from } of dropped)
          sqlite.run(
            `DELETE FROM sample_blocks WHERE lane = ? AND resolution = ? AND end_ms ${from ? '>=' : '<'} ?`,
            lane,
            resolution,
            timeMs,
          )
        for (const { lane, resolution, startMs, endMs, body } of blocks)
          sqlite.run(
            `INSERT OR REPLACE INTO sample_blocks (lane, resolution, start_ms, end_ms, bytes, body)
             VALUES (?, ?, ?, ?, ?, ?)`,
            ...[lane, resolution, startMs, endMs, body.length, body],
          )
      })
    },
    series: (after) =>
      sqlite
        .rows('SELECT ref, lane, labels FROM sample_series WHERE ref > ? ORDER BY ref LIMIT ?', after, PAGE_SERIES)
        .map(([ref, lane, labels]) => ({ ref: Number(ref), lane: String(lane), pairs: JSON.parse(String(labels)) })),
    blocks(after) {
      const blocks: SampleBlock[] = []
      let last = after
      for (let bytes = 0; bytes < PAGE_BYTES; ) {
        const [row] = sqlite.rows(
          'SELECT id, lane, resolution, start_ms, end_ms, body FROM sample_blocks WHERE id > ? ORDER BY id LIMIT 1',
          last,
        )
        if (row === undefined) break
        const [id, lane, resolution, startMs, endMs, body] = row
        last = Number(id)
        bytes += (body as Uint8Array).length
        blocks.push({
          lane: String(lane),
          resolution: String(resolution),
          startMs: Number(startMs),
          endMs: Number(endMs),
          body: Uint8Array.from(body as Uint8Array),
        })
      }
      return { blocks, last }
    },
    rules: () =>
      sqlite.rows('SELECT key, body FROM rule_states').map(([key, body]) => ({ key: String(key), body: String(body) })),
  }
}

/** Bytes that samples take, about: the events' bound does not count them. */
export function sampleBytes(sqlite: Sqlite): number {
  return Number(sqlite.value('SELECT coalesce(sum(bytes), 0) FROM sample_blocks'))
}
