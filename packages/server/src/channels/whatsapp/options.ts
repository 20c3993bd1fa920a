import { z } from 'zod'
import { shared, type } from '../shared/options.js'

const NUMBER = /^(whatsapp:)?\+[1-9]\d{6,14}$/

/** What one needs to send WhatsApp messages by Twilio. */
export const twilio = {
  number: z
    .string()
    .regex(NUMBER)
    .meta({ description: 'Who is told: a telephone number, as E.164 has it.', examples: ['+15551234567'] }),
  sender: z
    .string()
    .regex(NUMBER)
    .meta({
      description: 'Who says it: a WhatsApp sender of the Twilio account.',
      examples: ['whatsapp:+14155238886'],
    }),
  accountSid: z
    .string()
    .regex(/^AC[0-9a-zA-Z]{32}$/)
    .meta({ description: 'SID of the Twilio account.', examples: [`AC${'0'.repeat(32)}`] }),
  authToken: z
    .string()
    .min(1)
    .max(200)
    .meta({ description: 'Its auth token, a secret.', examples: [`\${TWILIO_AUTH_TOKEN}`] }),
  contentSid: z
    .string()
    .regex(/^HX[0-9a-zA-Z]{32}$/)
    .optional()
    .meta({
      description:
        'An approved template with the variables 1 (title) and 2 (alerts). Without one WhatsApp delivers only within 24 hours of the recipient’s last message.',
      examples: [`HX${'0'.repeat(32)}`],
    }),
  callbackUrl: z
    .url({ protocol: /^https?$/ })
    .optional()
    .meta({
      description:
        'Public address of `/v1/alerts/twilio` of this daemon, where Twilio tells whether a message arrived. Without it what Twilio takes counts as sent.',
      examples: ['https://vitals.example.com/v1/alerts/twilio'],
    }),
  apiUrl: z
    .url({ protocol: /^https?$/ })
    .default('https://api.twilio.com')
    .meta({ description: 'Twilio’s API; another in its regions.', examples: ['https://api.ie1.twilio.com'] }),
}

export const whatsappOptions = z.strictObject({
  type: type('whatsapp', 'Sends WhatsApp messages by Twilio.'),
  ...twilio,
  ...shared,
})

/** The administrator, whom HIGH and CRITICAL alerts go to by default: the channel `whatsapp` is there once the first four are set. */
export const adminWhatsappOptions = z
  .strictObject({
    number: twilio.number.optional().meta({ ...twilio.number.meta(), env: 'ADMIN_WHATSAPP_NUMBER' }),
    sender: twilio.sender.optional().meta({ ...twilio.sender.meta(), env: 'ADMIN_WHATSAPP_SENDER' }),
    accountSid: twilio.accountSid.optional().meta({ ...twilio.accountSid.meta(), env: 'TWILIO_ACCOUNT_SID' }),
    authToken: twilio.authToken.optional().meta({ ...twilio.authToken.meta(), env: 'TWILIO_AUTH_TOKEN' }),
    contentSid: twilio.contentSid.meta({ ...twilio.contentSid.meta(), env: 'ADMIN_WHATSAPP_TEMPLATE' }),
    callbackUrl: twilio.callbackUrl.meta({ ...twilio.callbackUrl.meta(), env: 'TWILIO_CALLBACK_URL' }),
    apiUrl: twilio.apiUrl,
    fallback: shared.fallback,
  })
  .prefault({})
