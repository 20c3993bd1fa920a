import { createHmac } from 'node:crypto'
import { UUID } from './patterns.js'
import { redact } from './redact.js'

/** Gives an id that holds no personal datum of a known form: equal ids in, equal ids out. */
export type IdMask = (id: string) => string

/**
 * Ids as we make them: an operation, of which each call has another, a pseudonym of below, a UUID, a trace id or hash. Of
 * hexadecimal digits one is a letter, as chance has it in all but one of three million: digits alone may be somebody’s
 * number.
 */
const OWN = [
  /^(?=[\d-]*[a-f])[0-9a-f]{8}-[0-9a-f]{11,12}-[0-9a-f]{1,13}$/,
  /^id-(?=\d*[a-f])[0-9a-f]{32}$/,
  new RegExp(`^${UUID.source}$`, 'i'),
  /^(?=\d*[a-f])[0-9a-f]{32}$/,
]
/** How many ids that were clean are known again. */
const REMEMBERED = 4
/** Digits that could be somebody’s number, however they are parted. */
const NUMBER = /\d(?:[ ()._/-]{0,2}\d){6,}/

/**
 * The second net for ids: others may put anything into one. What could be a personal datum or a secret becomes a
 * pseudonym, which still joins what belongs together. `key`: who has it can tell which id a pseudonym stands for.
 */
export function createIdMask(key: string | Uint8Array): IdMask {
  // Of a wrap all events have one session, and two in a row mostly one operation.
  const clean: string[] = []
  let next = 0
  return (id) => {
    if (clean.includes(id)) return id
    if (!isClean(id)) return `id-${createHmac('sha256', key).update(id).digest('hex').slice(0, 32)}`
    clean[next] = id
    next = (next + 1) % REMEMBERED
    return id
  }
}

function isClean(id: string): boolean {
  if (OWN.some((form) => form.test(id))) return true
  return !/\s/.test(id) && !NUMBER.test(id.normalize('NFKC')) && redact(id) === id
}
