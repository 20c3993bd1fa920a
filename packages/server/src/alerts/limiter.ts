import type { ChannelRecord } from './contract.js'

/** Most messages of one channel within a time. */
export interface Limit {
  readonly messages: number
  readonly perMs: number
}

const fresh = (name: string): ChannelRecord => ({ name, sentAt: [], held: {} })

/** Whether the channel may be sent one more message now. */
export function mayTell(record: ChannelRecord | undefined, limit: Limit, now: number): boolean {
  return recent(record, limit, now).length < limit.messages
}

/** After a message was sent. */
export function afterTelling(
  record: ChannelRecord | undefined,
  name: string,
  limit: Limit,
  now: number,
): ChannelRecord {
  return { ...(record ?? fresh(name)), sentAt: [...recent(record, limit, now), now] }
}

/** After a message of a group was held back. */
export function afterHolding(record: ChannelRecord | undefined, name: string, groupKey: string): ChannelRecord {
  const known = record ?? fresh(name)
  return { ...known, held: { ...known.held, [groupKey]: (known.held[groupKey] ?? 0) + 1 } }
}

/** When what is held can be told, as a digest; undefined where nothing is held. */
export function digestAt(record: ChannelRecord, limit: Limit, now: number): number | undefined {
  if (Object.keys(record.held).length === 0) return undefined
  const sent = recent(record, limit, now)
  return sent.length < limit.messages ? now : sent[sent.length - limit.messages]! + limit.perMs
}

/** A clock that was set back must not stop a channel: what was sent in the future does not count. */
function recent(record: ChannelRecord | undefined, { perMs }: Limit, now: number): readonly number[] {
  return record?.sentAt.filter((at) => now - at < perMs && at <= now) ?? []
}
