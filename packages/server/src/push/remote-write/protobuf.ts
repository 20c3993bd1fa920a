import type { LabelPairs } from '../../series/index.js'

/** `WriteRequest.timeseries`, `TimeSeries.samples` and so on: field numbers with the wire type of bytes. */
const BYTES_1 = (1 << 3) | 2
const BYTES_2 = (2 << 3) | 2
const DOUBLE_1 = (1 << 3) | 1
const VARINT_2 = 2 << 3
/** The bits of Prometheus's staleness marker, which no arithmetic gives: the series ends here. */
const STALE_HIGH = 0x7ff00000
const STALE_LOW = 2

const encoder = new TextEncoder()

/** What a series of values is, encoded once for all its samples: `TimeSeries.labels`. The pairs are sorted by name. */
export function encodeLabels(pairs: LabelPairs): Uint8Array {
  const labels: Uint8Array[] = []
  for (let at = 0; at < pairs.length; at += 2) {
    const [name, value] = [encoder.encode(pairs[at]), encoder.encode(pairs[at + 1])]
    const inner = sizeOf(name.length) + sizeOf(value.length)
    const bytes = new Uint8Array(sizeOf(inner))
    const writer = new Writer(bytes)
    writer.head(BYTES_1, inner)
    writer.field(BYTES_1, name)
    writer.field(BYTES_2, value)
    labels.push(bytes)
  }
  return Buffer.concat(labels)
}

/** One sample. No value: the series ends. */
export interface EncodedSample {
  readonly labels: Uint8Array
  readonly value: number | undefined
}

/**
 * A `WriteRequest` of remote write 1.0 (https://prometheus.io/docs/specs/prw/remote_write_spec/) with samples of one time,
 * milliseconds since 1970.
 */
export function encodeRequest(samples: readonly EncodedSample[], atMs: number): Uint8Array {
  // A double with its tag, and the time with its own.
  const inner = 9 + 1 + varintSize(atMs)
  const sampleBytes = sizeOf(inner)
  let sizeBytes = 0
  for (const { labels } of samples) sizeBytes += sizeOf(labels.length + sampleBytes)
  const writer = new Writer(new Uint8Array(sizeBytes))
  for (const { labels, value } of samples) {
    writer.head(BYTES_1, labels.length + sampleBytes)
    writer.bytes(labels)
    writer.head(BYTES_2, inner)
    writer.byte(DOUBLE_1)
    writer.double(value)
    writer.byte(VARINT_2)
    writer.varint(atMs)
  }
  return writer.made
}

/** Bytes of a field with so much in it: tag, length, content. */
function sizeOf(contentBytes: number): number {
  return 1 + varintSize(contentBytes) + contentBytes
}

function varintSize(value: number): number {
  let size = 1
  for (let left = value; left >= 0x80; left = Math.floor(left / 128)) size++
  return size
}

class Writer {
  readonly made: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(made: Uint8Array) {
    this.made = made
    this.#view = new DataView(made.buffer, made.byteOffset, made.byteLength)
  }

  head(tag: number, contentBytes: number): void {
    this.byte(tag)
    this.varint(contentBytes)
  }

  field(tag: number, content: Uint8Array): void {
    this.head(tag, content.length)
    this.bytes(content)
  }

  byte(value: number): void {
    this.made[this.#at++] = value
  }

  bytes(content: Uint8Array): void {
    this.made.set(content, this.#at)
    this.#at += content.length
  }

  varint(value: number): void {
    let left = value
    for (; left >= 0x80; left = Math.floor(left / 128)) this.byte((left % 128) | 0x80)
    this.byte(left)
  }

  double(value: number | undefined): void {
    if (value === undefined) {
      this.#view.setUint32(this.#at, STALE_LOW, true)
      this.#view.setUint32(this.#at + 4, STALE_HIGH, true)
    } else this.#view.setFloat64(this.#at, value, true)
    this.#at += 8
  }
}
