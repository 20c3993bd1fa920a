import type { Transporter } from 'nodemailer'
import type { z } from 'zod'
import type { Outcome } from '../../alerts/index.js'
import type { ChannelKind } from '../contract.js'
import { cut, linesOf, titleOf, worstOf } from '../shared/text.js'
import type { emailOptions } from './options.js'

const MOST_TEXT = 50_000
const TLS_PORT = 465

/** Mail by SMTP. All mails of one group are one thread. */
export const emailChannel: ChannelKind<z.infer<typeof emailOptions>> = {
  sendsAcknowledged: false,
  limit: { messages: 30, perMs: 3_600_000 },
  create({ host, port, tls, user, password, from, to, timeoutMs }) {
    let transport: Transporter | undefined
    const options = {
      ...{ host, port },
      secure: port === TLS_PORT,
      requireTLS: tls === 'required',
      ...(user !== undefined && { auth: { user, pass: password ?? '' } }),
      ...{ connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs },
      ...{ disableFileAccess: true, disableUrlAccess: true },
    }
    const domain = /@([\w.-]+)/.exec(from)?.[1] ?? 'mcp-vitals'
    const idOf = (text: string) => `<${text.replace(/[^\w.-]/g, '-')}@${domain}>`
    return {
      async send(notification): Promise<Outcome> {
        const { id, group } = notification
        const title = cut(titleOf(notification), 200)
        try {
          // Loaded here, since most daemons send no mail.
          transport ??= (await import('nodemailer')).createTransport(options)
          await transport.sendMail({
            from,
            to,
            subject: `${notification.firing > 0 ? worstOf(notification) : 'RESOLVED'}: ${title}`,
            text: [title, '', ...linesOf(notification, MOST_TEXT), ''].join('\n'),
            messageId: idOf(id),
            references: idOf(`group-${group}`),
            headers: { 'Auto-Submitted': 'auto-generated', 'X-Mcp-Vitals-Group': group },
          })
          return { is: 'sent' }
        } catch (error) {
          return outcomeOfFailure(error)
        }
      },
    }
  },
}

/** SMTP's own rule: 4xx may pass, 5xx does not. What never came to a reply may pass. */
function outcomeOfFailure(error: unknown): Outcome {
  const { responseCode, code } = error as { responseCode?: unknown; code?: unknown }
  if (typeof responseCode === 'number' && responseCode >= 500)
    return { is: 'refused', problem: `the mail server answered ${responseCode}` }
  const reason =
    typeof responseCode === 'number' ? `answered ${responseCode}` : `could not be reached (${code ?? 'error'})`
  return { is: 'failed', problem: `the mail server ${reason}` }
}
