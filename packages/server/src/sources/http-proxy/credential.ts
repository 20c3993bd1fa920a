import { createHmac, randomBytes } from 'node:crypto'
import type { Exchange } from './exchange.js'

/** Lives as long as this process: what it makes of a credential means nothing anywhere else. */
const SECRET = randomBytes(32)

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
