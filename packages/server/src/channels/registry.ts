import type { Channel, ChannelKind, ChannelTools } from './contract.js'
import { emailChannel } from './email/index.js'
import { logChannel } from './log/index.js'
import type { ChannelEntry } from './options.js'
import { pagerdutyChannel } from './pagerduty/index.js'
import { slackChannel } from './slack/index.js'
import { templateChannel } from './template/index.js'
import { webhookChannel } from './webhook/index.js'
import { whatsappChannel } from './whatsapp/index.js'

/** What is told by messages; an Alertmanager is fed instead. */
export type MessageEntry = Exclude<ChannelEntry, { readonly type: 'alertmanager' }>
type EntryOf<T extends MessageEntry['type']> = Extract<MessageEntry, { readonly type: T }>

/** A line for each type of channel. */
export const CHANNELS: { readonly [T in MessageEntry['type']]: ChannelKind<EntryOf<T>> } = {
  log: logChannel,
  webhook: webhookChannel,
  slack: slackChannel,
  pagerduty: pagerdutyChannel,
  email: emailChannel,
  whatsapp: whatsappChannel,
  template: templateChannel,
}

/** What the type of an entry says of it. */
export function kindOf(entry: MessageEntry): Omit<ChannelKind<never>, 'create'> {
  return CHANNELS[entry.type]
}

/** The channel that an entry of the configuration describes. */
export function createChannel(entry: MessageEntry, tools: ChannelTools, name: string): Channel {
  const { create } = CHANNELS[entry.type] as ChannelKind<MessageEntry>
  return create(entry, tools, name)
}
