import { createHmac, randomBytes } from 'node:crypto'
import type { Exchange } from './exchange.js'

/** Lives as long as this process: what it makes of a credential means nothing anywhere else. */
const SECRET = randomBytes(32)

/** Longest pseudonym, characters: enough to tell apart those who call one server. */
const PSEUDONYM_CHARS = 16

/** A pseudonym of the authorisation that is for the server; undefined for who shows none. */
export function shownIn({ header }: Pick<Exchange, 'header'>): string | undefined {
  const authorization = header('authorization')
  if (authorization === undefined) return undefined
  return createHmac('sha256', SECRET).update(authorization).digest('base64url').slice(0, PSEUDONYM_CHARS)
}

/**
 * Tells callers apart by what they show, without keeping it: the key of the gateway, by its holder, and the authorisation
 * that is for the server. The same text for all who show nothing.
 */
export function credentialOf({ holder, header }: Pick<Exchange, 'holder' | 'header'>): string {
  const authorization = header('authorization')
  if (holder === undefined && authorization === undefined) return ''
  return createHmac('sha256', SECRET)
    .update(JSON.stringify([holder, authorization]))
    .digest('base64')
}
