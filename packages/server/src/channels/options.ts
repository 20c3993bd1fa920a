import { z } from 'zod'
import { alertmanagerOptions } from './alertmanager/options.js'
import { emailOptions } from './email/options.js'
import { logChannelOptions } from './log/options.js'
import { pagerdutyOptions } from './pagerduty/options.js'
import { slackOptions } from './slack/options.js'
import { templateOptions } from './template/options.js'
import { webhookOptions } from './webhook/options.js'
import { adminWhatsappOptions, whatsappOptions } from './whatsapp/options.js'

/** One way to tell people: a line for each type. */
export const channelEntry = z.discriminatedUnion('type', [
  logChannelOptions,
  webhookOptions,
  alertmanagerOptions,
  slackOptions,
  pagerdutyOptions,
  emailOptions,
  whatsappOptions,
  templateOptions,
])

/** Ways to tell people, by name. */
export const channelsOptions = z.record(z.string().regex(/^(?!__proto__$)[\w.-]{1,64}$/), channelEntry)

export { adminWhatsappOptions }

export type AdminWhatsapp = z.infer<typeof adminWhatsappOptions>
export type ChannelEntry = z.infer<typeof channelEntry>
