import { z } from 'zod'
import { shared, type } from '../shared/options.js'

const mailbox = z
  .string()
  .max(320)
  .regex(/^[^\r\n\0]*@[^\r\n\0]+$/)

export const emailOptions = z.strictObject({
  type: type('email', 'Sends mail by SMTP.'),
  host: z
    .string()
    .min(1)
    .max(253)
    .meta({ description: 'The mail server.', examples: ['smtp.example.com'] }),
  port: z
    .int()
    .min(1)
    .max(65_535)
    .default(587)
    .meta({ description: 'Its port; 465 is TLS from the start.', examples: [587] }),
  tls: z
    .enum(['required', 'optional'])
    .default('required')
    .meta({
      description: 'Whether mail, and the password, may go without TLS where the server offers none.',
      examples: ['optional'],
    }),
  user: z
    .string()
    .max(320)
    .optional()
    .meta({ description: 'Who signs in.', examples: ['alerts@example.com'] }),
  password: z
    .string()
    .max(1000)
    .optional()
    .meta({ description: 'Their password, a secret.', examples: [`\${SMTP_PASSWORD}`] }),
  from: mailbox.meta({ description: 'Sender.', examples: ['mcp-vitals <alerts@example.com>'] }),
  to: z
    .union([mailbox, z.array(mailbox).min(1).max(50)])
    .meta({ description: 'Recipient, or a list of them.', examples: ['team@example.com'] }),
  ...shared,
})
