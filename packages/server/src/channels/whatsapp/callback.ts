import { createHmac, timingSafeEqual } from 'node:crypto'

/** What a callback of Twilio says of a message. */
export interface DeliveryWord {
  /** SID of the message. */
  readonly receipt: string
  /** Absent: it arrived. */
  readonly problem?: string
}

/** Whether the signature is Twilio's for this callback. https://www.twilio.com/docs/usage/security#validating-requests */
export function isSigned(authToken: string, url: string, form: URLSearchParams, signature: string): boolean {
  const text =
    url +
    [...form]
      .map(([name, value]) => name + value)
      .sort()
      .join('')
  const expected = createHmac('sha1', authToken).update(text).digest()
  const shown = Buffer.from(signature, 'base64')
  return shown.length === expected.length && timingSafeEqual(shown, expected)
}

/** What the callback comes to; undefined while the message is under way. */
export function wordOf(form: URLSearchParams): DeliveryWord | undefined {
  const receipt = form.get('MessageSid') ?? ''
  const status = form.get('MessageStatus') ?? ''
  if (status === 'delivered' || status === 'read') return { receipt }
  if (status !== 'failed' && status !== 'undelivered') return undefined
  const code = /^\d{1,6}$/.exec(form.get('ErrorCode') ?? '')?.[0]
  return { receipt, problem: `it was ${status}${code ? ` (Twilio's error ${code})` : ''}` }
}
