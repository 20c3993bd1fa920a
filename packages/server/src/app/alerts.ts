import { type Event, event, OWN_SERVER } from '@mcp-vitals/instrument/event'
import { type AlertsReadings, type Registry, watchAlerts } from '@mcp-vitals/instrument/metrics'
import type { Fold, Publish } from '@mcp-vitals/instrument/stream'
import {
  ADMIN_CHANNEL,
  compileMatchers,
  createTriggers,
  hashOf,
  LOG_CHANNEL,
  type Outcome,
  type Pulse,
  type QuietTimes,
  type Triggers,
} from '../alerts/index.js'
import {
  type AdminWhatsapp,
  type ChannelEntry,
  type ChannelTools,
  createAlertmanager,
  createChannel,
  isSigned,
  kindOf,
  type MessageEntry,
  wordOf,
} from '../channels/index.js'
import type { Config } from '../config/index.js'
import { vitalsError } from '../errors/index.js'
import { type AlertsFace, createAlertsFace, createTwilioFace } from '../faces/alerts/index.js'
import { openPager, type Pager, type PagerChannel } from '../pager/index.js'
import type { Logger } from '../sinks/log/index.js'
import type { Store } from '../store/index.js'
import { createAlertEvents, testEvent } from './alert-events.js'
import { startFeed, startHeartbeat } from './alert-senders.js'
import { readTriggers } from './restore.js'
import { tell } from './sources.js'
import type { Teardown } from './teardown.js'

export interface AlertsNeeds {
  readonly config: Config
  readonly dataDir: string
  readonly logger: Logger
  readonly teardown: Teardown
}

/** Alerts of this daemon. */
export interface Alerts {
  /** Turns events into alerts. */
  readonly fold: Fold
  /** Takes what rules see; undefined while alerts are switched off. */
  readonly pager: Pager | undefined
  readonly face: AlertsFace
  readonly twilio: (request: Request) => Promise<Response>
  /**
   * Takes again what the store has of the last moments before this start, and of what happened since alerts were last
   * kept: a daemon that was killed may have stored an event and raised no alert of it. Rejects as the store does.
   */
  restore(store: Pick<Store, 'read'>): Promise<void>
  /** Takes the windows of maintenance and the named times of a configuration that `refuseAlerts` let pass. */
  change(config: Config): Promise<void>
  /** Shows what alerts count, and tells of what people do. */
  connect(registry: Registry, publish: Publish): void
}

/** What is published of each act of a person. */
const KINDS = {
  acknowledge: 'ALERT_ACKNOWLEDGED',
  unacknowledge: 'ALERT_UNACKNOWLEDGED',
  silence: 'ALERT_SILENCED',
  unsilence: 'ALERT_UNSILENCED',
  test: 'ALERT_TESTED',
} as const

type SignedEntry = Extract<ChannelEntry, { readonly type: 'whatsapp' }>

/** Opens the alerts of a configuration that `refuseAlerts` let pass, with all their channels. Rejects with ALERTS_FAILED or STORE_SCHEMA_NEWER. */
export async function openAlerts({ config, dataDir, logger, teardown }: AlertsNeeds): Promise<Alerts> {
  const alerts = { ...config.alerts, ...quietTimesOf(config) }
  const entries = entriesOf(alerts.channels, alerts.whatsapp, logger)
  const messages = Object.entries(entries).filter(
    (pair): pair is [string, MessageEntry] => pair[1].type !== 'alertmanager',
  )
  const tools: ChannelTools = { fetch, say: (level, name, message, fields) => logger[level](name, message, fields) }
  const channels = Object.fromEntries(messages.map(([name, entry]) => [name, pagerChannel(entry, tools, name)]))
  const events = createAlertEvents()
  let publish: Publish = () => {}

  const pager = alerts.enabled
    ? await openPager({
        ...{ dir: dataDir, options: alerts, channels },
        graveToo: ADMIN_CHANNEL in channels ? [ADMIN_CHANNEL] : [],
        onFault: tell(logger),
        onHistory: events.tell,
        onTrouble: (channel, problem) =>
          logger.warning('alert_not_sent', `The alert channel ${channel} did not take a message: ${problem}`, {
            channel,
          }),
      })
    : undefined
  if (pager) teardown.push(() => pager.close())
  // Asked before the first turn, which adds to it.
  const lastKept = (await pager?.history({ limit: 1 }))?.[0]?.at

  const feeds = new Map(
    Object.entries(entries).flatMap(([name, entry]) =>
      entry.type === 'alertmanager' ? [[name, createAlertmanager(entry, tools)] as const] : [],
    ),
  )
  const fed = pager ? [...feeds].map(([name, feed]) => startFeed(name, feed, pager, logger)) : []
  const beat = pager && startHeartbeat(alerts.heartbeat, () => isWell(pager), logger)
  teardown.push(async () => {
    beat?.stop()
    await Promise.all(fed.map((feed) => feed.stop()))
  })

  const triggers = createTriggers(alerts.resolveTimeoutMs)
  return {
    pager,
    fold: {
      name: 'alerts',
      fold(published) {
        if (pager) for (const pulse of triggers(published)) pager.pulse(pulse)
      },
    },
    face: createAlertsFace({
      book: pager,
      async test(name) {
        const feed = feeds.get(name)
        if (feed) return feed.test(Date.now(), AbortSignal.timeout(feed.timeoutMs))
        return Object.hasOwn(channels, name) ? tested(channels[name]!, name) : undefined
      },
      onAct(act, by) {
        publish(
          event('security', Date.now(), { server: OWN_SERVER, agent: by }, { kind: KINDS[act.do], severity: 'LOW' }),
        )
        if (act.do === 'test') publish(testEvent(act.channel, by, Date.now()))
      },
      now: Date.now,
    }),
    twilio: twilioFace(entries, pager),
    async restore(store) {
      if (!pager) return
      for (const pulse of pulsesSince(await readTriggers(store, lastKept, Date.now()), triggers, lastKept))
        pager.pulse(pulse)
    },
    async change(next) {
      await pager?.keepQuiet(quietTimesOf(next))
    },
    connect(registry, publishOf) {
      publish = publishOf
      events.connect(publishOf)
      if (pager) watchAlerts(registry, () => readingsOf(pager, beat?.lastAt()))
    },
  }
}

/** Throws CONFIG_INVALID for a pattern that is none. */
export function refuseAlerts(config: Config): void {
  checkPatterns({ ...config.alerts, ...quietTimesOf(config) })
}

/** What the monitor does not judge nobody is told of either, whatever else says so. */
function quietTimesOf({ alerts: { maintenance, times }, monitor }: Config): QuietTimes {
  return { maintenance: [...maintenance, ...monitor.maintenance], times }
}

/** Whether alerts are kept, and who decides of them answers: a thread that hangs has no fault to show. */
async function isWell(pager: Pager): Promise<boolean> {
  return pager.silences().then(
    () => pager.health().ok,
    () => false,
  )
}

/** What events of before this start raise: those that no alert may have come of, and those whose alert should last still. */
function pulsesSince(
  events: readonly Event[],
  triggers: Triggers,
  lastKept = Number.POSITIVE_INFINITY,
): readonly Pulse[] {
  const now = Date.now()
  return events.flatMap((seen) =>
    triggers(seen)
      .filter(({ holdMs }) => seen.at >= lastKept || seen.at + holdMs > now)
      .map((pulse) => ({ ...pulse, count: 0 })),
  )
}

/** The channels of the configuration, and those that are there by themselves. */
function entriesOf(
  channels: Config['alerts']['channels'],
  whatsapp: AdminWhatsapp,
  logger: Logger,
): Readonly<Record<string, ChannelEntry>> {
  const { number, sender, accountSid, authToken } = whatsapp
  const shared = { sendResolved: true, timeoutMs: 10_000, fallbackAfterMs: 120_000, giveUpAfterMs: 86_400_000 }
  const own: Record<string, ChannelEntry> = { [LOG_CHANNEL]: { type: 'log', ...shared } }
  if (number !== undefined && sender !== undefined && accountSid !== undefined && authToken !== undefined)
    own[ADMIN_CHANNEL] = { type: 'whatsapp', ...shared, ...whatsapp, number, sender, accountSid, authToken }
  else if (number !== undefined && !(ADMIN_CHANNEL in channels))
    logger.warning(
      'whatsapp_incomplete',
      'Alerts do not go to WhatsApp: ADMIN_WHATSAPP_NUMBER is set, and one of ADMIN_WHATSAPP_SENDER, TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN is not',
    )
  return { ...own, ...channels }
}

/** How long word of a delivery may take before the fallback gets the message: Twilio tries for some minutes. Milliseconds. */
const RECEIPT_TIMEOUT_MS = 600_000

function pagerChannel(entry: MessageEntry, tools: ChannelTools, name: string): PagerChannel {
  const { sendResolved, timeoutMs, fallback, fallbackAfterMs, giveUpAfterMs, limit } = entry
  const kind = kindOf(entry)
  const channel = createChannel(entry, tools, name)
  return {
    traits: {
      ...{ sendsResolved: sendResolved, sendsAcknowledged: kind.sendsAcknowledged, limit: limit ?? kind.limit },
      ...{ fallback, fallbackAfterMs, giveUpAfterMs, receiptTimeoutMs: RECEIPT_TIMEOUT_MS },
    },
    timeoutMs,
    send: channel.send.bind(channel),
  }
}

function tested({ send, timeoutMs }: PagerChannel, channel: string): Promise<Outcome> {
  const at = Date.now()
  const group = hashOf(`test ${channel} ${at}`)
  const nothing = { alerts: [], truncated: 0, firing: 0, resolved: 0, groupLabels: {} }
  const notification = {
    id: `test-${group}`,
    channel,
    reason: 'test',
    at,
    group,
    groupKey: `test ${group}`,
    ...nothing,
  } as const
  return send(notification, AbortSignal.timeout(timeoutMs)).catch(() => ({ is: 'failed', problem: 'it failed' }))
}

/** Patterns of RE2 are checked here, as the configuration does not know them: only what uses them loads the machine for it. */
function checkPatterns({ routes, maintenance, inhibit }: Config['alerts']): void {
  type Routes = readonly { readonly match: readonly string[]; readonly routes?: Routes }[]
  const matchersOf = (all: Routes): readonly string[] =>
    all.flatMap((route) => [...route.match, ...matchersOf(route.routes ?? [])])
  const texts = [
    ...matchersOf(routes),
    ...maintenance.flatMap(({ match }) => match),
    ...inhibit.flatMap(({ sources, targets }) => [...sources, ...targets]),
  ]
  try {
    compileMatchers(texts)
  } catch (error) {
    throw vitalsError('CONFIG_INVALID', { problems: `\n  alerts: ${(error as Error).message}` }, error)
  }
}

function twilioFace(entries: Readonly<Record<string, ChannelEntry>>, pager: Pager | undefined) {
  const signed = Object.entries(entries).filter(
    (pair): pair is [string, SignedEntry & { readonly callbackUrl: string }] =>
      pair[1].type === 'whatsapp' && pair[1].callbackUrl !== undefined,
  )
  return createTwilioFace({
    channelsOf: (form, signature) =>
      signed
        .filter(([, { authToken, callbackUrl }]) => isSigned(authToken, callbackUrl, form, signature))
        .map(([name]) => name),
    wordOf,
    delivered: async (channel, receipt, problem) =>
      pager?.act({ do: 'delivered', channel, receipt, ...(problem !== undefined && { problem }) }),
  })
}

function readingsOf(pager: Pager, beatAt: number | undefined): AlertsReadings {
  const { pending = 0, firing = 0, acknowledged = 0, ...stats } = pager.stats()
  return {
    alerts: { pending, firing, acknowledged },
    ...{ sent: stats.sent, failed: stats.failed, waitingMessages: stats.waitingMessages ?? 0 },
    ...{ lostMessages: stats.lostMessages ?? 0, silences: stats.silences ?? 0, restarts: stats.restarts },
    refused: (stats.refusedAlerts ?? 0) + stats.dropped,
    ...(beatAt !== undefined && { heartbeatAtSeconds: beatAt / 1000 }),
  }
}
