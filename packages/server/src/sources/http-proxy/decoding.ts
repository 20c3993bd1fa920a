import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import type { Copies } from './observe.js'

/** Compressed bytes that wait to be read; a copy that falls further behind is given up. */
const MAX_WAITING_BYTES = 16_777_216

const DECODERS = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  br: createBrotliDecompress,
  deflate: createInflate,
} as const

/**
 * Readers of a copy whose original is compressed: decompressed aside, at its own pace. `onUnreadable` is told, once,
 * where the encoding is unknown, broken, or too much at a time. `onEnd` comes after the last byte was read.
 */
export function decoding(
  encoding: string | undefined,
  copies: Copies,
  onEnd: () => void,
  onUnreadable: () => void,
): Copies {
  const name = (encoding ?? 'identity').trim().toLowerCase()
  if (name === 'identity' || name === '') {
    return {
      feed: copies.feed,
      end() {
        copies.end()
        onEnd()
      },
    }
  }
  if (!Object.hasOwn(DECODERS, name)) {
    onUnreadable()
    return { feed: () => {}, end: onEnd }
  }
  const decoder = DECODERS[name as keyof typeof DECODERS]()
  let over = false
  const finish = (readable: boolean) => {
    if (over) return
    over = true
    if (readable) copies.end()
    else onUnreadable()
    onEnd()
  }
  decoder.on('data', copies.feed)
  decoder.once('end', () => finish(true))
  decoder.once('error', () => finish(false))
  return {
    feed(bytes) {
      if (over) return
      if (decoder.writableLength <= MAX_WAITING_BYTES) decoder.write(bytes)
      else decoder.destroy(new Error('too far behind'))
    },
    end: () => decoder.end(),
  }
}
