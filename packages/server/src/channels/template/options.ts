import { z } from 'zod'
import { address, headers, shared, type } from '../shared/options.js'

/** Services whose form is known. */
export const FORMS = ['ntfy', 'discord', 'teams', 'telegram'] as const

export const templateOptions = z
  .strictObject({
    type: type('template', 'Posts in the form of a service, or in one of your own.'),
    url: address('Where to post, often a secret.', 'https://ntfy.example.com/'),
    headers,
    form: z
      .enum(FORMS)
      .optional()
      .meta({ description: 'The service whose form it has.', examples: ['ntfy'] }),
    to: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .meta({ description: 'Topic (ntfy) or chat id (Telegram).', examples: ['mcp-alerts'] }),
    body: z
      .string()
      .min(1)
      .max(20_000)
      .optional()
      .meta({
        description:
          'A form of your own, in place of `form`: text with {{title}}, {{text}}, {{severity}}, {{status}}, {{firing}}, {{resolved}} and {{id}}. In JSON they are escaped, and stand within quotes.',
        examples: ['{"message":"{{title}}","level":"{{severity}}"}'],
      }),
    contentType: z
      .string()
      .regex(/^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(; ?charset=utf-8)?$/i)
      .default('application/json')
      .meta({ description: 'What `body` is.', examples: ['text/plain'] }),
    ...shared,
  })
  .refine(({ form, body }) => (form === undefined) !== (body === undefined), {
    message: 'has to have either "form" or "body"',
  })
  .refine(({ form, to }) => to !== undefined || (form !== 'ntfy' && form !== 'telegram'), {
    message: 'needs "to": the topic of ntfy, or the chat id of Telegram',
  })
