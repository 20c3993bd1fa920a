import type { z } from 'zod'
import type { Outcome } from '../../alerts/index.js'
import type { ChannelKind } from '../contract.js'
import { type Answer, outcomeOf, post } from '../shared/post.js'
import { cut, linesOf, textOf, titleOf } from '../shared/text.js'
import type { whatsappOptions } from './options.js'

/** Characters of a body, and of one variable of a template, that WhatsApp takes. */
const MOST_BODY = 1600
const MOST_VARIABLE = 900

/** Codes of Twilio that pass by themselves: too many requests, the queue is full, the sender's own limit. */
const PASSING: ReadonlySet<number> = new Set([20429, 21611, 30001, 63018])

/**
 * WhatsApp by Twilio: https://www.twilio.com/docs/messaging/api/message-resource. It has no key that tells doubles, so a
 * message whose answer got lost may come twice.
 */
export const whatsappChannel: ChannelKind<z.infer<typeof whatsappOptions>> = {
  sendsAcknowledged: false,
  limit: { messages: 20, perMs: 3_600_000 },
  create: ({ number, sender, accountSid, authToken, contentSid, callbackUrl, apiUrl }, { fetch }) => ({
    async send(notification, signal): Promise<Outcome> {
      const form = new URLSearchParams({ From: addressed(sender), To: addressed(number) })
      if (contentSid === undefined) form.set('Body', textOf(notification, MOST_BODY))
      else {
        const variables = { 1: cut(titleOf(notification), 200), 2: oneLine(linesOf(notification, MOST_VARIABLE)) }
        form.set('ContentSid', contentSid)
        form.set('ContentVariables', JSON.stringify(variables))
      }
      if (callbackUrl !== undefined) form.set('StatusCallback', callbackUrl)
      const answer = await post({
        ...{ fetch, signal },
        url: `${apiUrl.replace(/\/$/, '')}/2010-04-01/Accounts/${accountSid}/Messages.json`,
        headers: {
          authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}`,
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: form.toString(),
      })
      return 'is' in answer ? answer : outcomeFrom(answer, callbackUrl !== undefined)
    },
  }),
}

function outcomeFrom(answer: Answer, isToldOfDelivery: boolean): Outcome {
  const { code, sid } = parsed(answer.text)
  const outcome = outcomeOf(answer, typeof code === 'number' ? `(Twilio's error ${code})` : '')
  if (outcome.is === 'refused' && typeof code === 'number' && PASSING.has(code)) return { ...outcome, is: 'failed' }
  if (outcome.is !== 'sent' || !isToldOfDelivery || typeof sid !== 'string') return outcome
  return { is: 'accepted', receipt: sid }
}

function parsed(text: string): { readonly code?: unknown; readonly sid?: unknown } {
  try {
    return (JSON.parse(text) as object | null) ?? {}
  } catch {
    return {}
  }
}

function addressed(number: string): string {
  return number.startsWith('whatsapp:') ? number : `whatsapp:${number}`
}

/** A variable of a template may have no line breaks. */
function oneLine(lines: readonly string[]): string {
  return lines.join(' | ') || '-'
}
