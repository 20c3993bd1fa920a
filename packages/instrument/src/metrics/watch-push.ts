import { CATALOGUE } from './catalogue.js'
import type { Registry } from './registry.js'

const { mcp_vitals: vitals } = CATALOGUE

/** What was pushed to one receiver, since the process started. */
export interface PushReadings {
  readonly sentItems: number
  /** Items that the receiver will never take: of whole bodies, and some of bodies that it took. */
  readonly refusedItems: number
  readonly rejectedItems: number
  /** Items given up for want of room. */
  readonly droppedItems: number
  readonly failedPosts: number
  readonly waitingItems: number
  readonly spoolBytes: number
  /** Whether the receiver took something of the last request, if there was one. */
  readonly isUp: boolean
  /** Milliseconds since 1970; absent where it took nothing yet. */
  readonly lastSentAtMs: number | undefined
}

/** Exposes what is pushed, by receiver, read at every collection. */
export function watchPush(registry: Registry, read: () => Readonly<Record<string, PushReadings>>): void {
  registry.onCollect(() => {
    for (const [receiver, figures] of Object.entries(read())) {
      const lost = registry.counter(vitals.push_items_lost_total)
      registry.counter(vitals.push_items_sent_total).with(receiver).raiseTo(figures.sentItems)
      lost.with(receiver, 'room').raiseTo(figures.droppedItems)
      lost.with(receiver, 'refused').raiseTo(figures.refusedItems)
      lost.with(receiver, 'rejected').raiseTo(figures.rejectedItems)
      registry.counter(vitals.push_posts_failed_total).with(receiver).raiseTo(figures.failedPosts)
      registry
        .gauge(vitals.push_receiver_up)
        .with(receiver)
        .set(figures.isUp ? 1 : 0)
      registry.gauge(vitals.push_items_waiting).with(receiver).set(figures.waitingItems)
      registry.gauge(vitals.push_spool_bytes).with(receiver).set(figures.spoolBytes)
      if (figures.lastSentAtMs === undefined) continue
      const sentAt = registry.gauge(vitals.push_last_sent_timestamp_seconds)
      sentAt.with(receiver).set(figures.lastSentAtMs / 1000)
    }
  })
}
