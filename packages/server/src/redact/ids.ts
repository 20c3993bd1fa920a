import { createHmac } from 'node:crypto'
import { UUID } from './patterns.js'
import { redact } from './redact.js'

/** Gives an id that holds no personal datum of a known form: equal ids in, equal ids out. */
export type IdMask = (id: string) => string

/**
 * Ids as we make them: a pseudonym of below, a UUID, a trace id or hash, an operation. Of hexadecimal digits one is a letter, as
 * chance has it in all but one of three million: digits alone may be somebody’s number.
 */
const OWN = [
  /^id-(?=\d*[a-f])[0-9a-f]{32}$/,
  new RegExp(`^${UUID.source}$`, 'i'),
  /^(?=\d*[a-f])[0-9a-f]{32}$/,
  /^(?=[\d-]*[a-f])[0-9a-f]{8}-[0-9a-f]{11,12}-[0-9a-f]{1,13}$/,
]
/** Digits that could be somebody’s number, however they are parted. */
const NUMBER = /\d(?:[ ()._/-]{0,2}\d){6,}/

/**
 * The second net for ids: others may put anything into one. What could be a personal datum or a secret becomes a
 * pseudonym, which still joins what belongs together. `key`: who has it can tell which id a pseudonym stands for.
 */
export function createIdMask(key: string | Uint8Array): IdMask {
  return (id) => {
    if (OWN.some((form) => form.test(id))) return id
    if (!/\s/.test(id) && !NUMBER.test(id.normalize('NFKC')) && redact(id) === id) return id
    return `id-${createHmac('sha256', key).update(id).digest('hex').slice(0, 32)}`
  }
}
