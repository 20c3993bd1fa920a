import { createHash, timingSafeEqual } from 'node:crypto'

/** Whether the other end of a connection is on this machine. */
export function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(?:(?:::ffff:)?127\.|::1$)/i.test(address)
}

/** Tells whether an `Authorization` header shows the admin token. */
export type AdminCheck = (authorization: string | undefined) => boolean

/**
 * The token comes as `Bearer <token>`, or, from a browser that asks a person, as the password of `Basic` (RFC 7617).
 * Without a token nobody is an administrator.
 */
export function createAdminCheck(token: string | undefined): AdminCheck {
  const expected = token === undefined ? undefined : digest(token)
  return (authorization = '') => {
    const [, scheme = '', value = ''] = /^(\w+) +(\S+)$/.exec(authorization) ?? []
    const shown = scheme.toLowerCase() === 'basic' ? passwordOf(value) : scheme.toLowerCase() === 'bearer' ? value : ''
    return expected !== undefined && timingSafeEqual(digest(shown), expected)
  }
}

function passwordOf(base64: string): string {
  const text = Buffer.from(base64, 'base64').toString('utf8')
  return text.slice(text.indexOf(':') + 1)
}

/** Of equal length for any text, so that they can be compared in constant time. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
