import type { Book } from './book.js'
import type { AlertRecord, AlertView, GroupRecord, Notification, Reason, Told } from './contract.js'
import { hashOf } from './fingerprint.js'
import { afterHolding, afterTelling, digestAt, type Limit, mayTell } from './limiter.js'
import type { Quiet } from './quiet.js'
import { groupOf, type Route } from './routes.js'
import { chosen, counted, viewOf } from './view.js'

/** How often the group of a route that is gone is looked at. Milliseconds. */
const LOST_INTERVAL_MS = 60_000

/** What the groups need to know of a channel. */
export interface ChannelTraits {
  /** Whether it is told of the end. */
  readonly sendsResolved: boolean
  /** Whether it is told that somebody knows. */
  readonly sendsAcknowledged: boolean
  /** Absent: none. What keeps incidents of its own has none, since it must hear of every end. */
  readonly limit?: Limit | undefined
}

export interface GroupsSetup {
  readonly book: Book
  readonly routesOf: (alert: AlertRecord) => readonly Route[]
  readonly isMuted: (route: Route, now: number) => boolean
  /** Undefined: no such channel. */
  readonly traitsOf: (channel: string) => ChannelTraits | undefined
  /** Takes a message to be sent; `besides`: channels that get the same. */
  readonly post: (notification: Notification, besides: readonly string[]) => void
  /** Nobody has to be told of the end of this alert any more. */
  readonly onSettled: (alert: AlertRecord) => void
}

/** What stands in a group at one moment. */
interface Standing {
  readonly firing: readonly AlertRecord[]
  /** Told as firing, and over. */
  readonly ended: readonly AlertRecord[]
  /** Firing, and quiet for now. */
  readonly quiet: readonly AlertRecord[]
}

/** Which alerts are told together, when, and to whom. */
export class Groups {
  readonly #setup: GroupsSetup
  readonly #routes = new Map<string, Route>()
  readonly #members = new Map<string, Set<string>>()
  /** The groups in which an alert was told. */
  readonly #toldIn = new Map<string, Set<string>>()

  constructor(setup: GroupsSetup) {
    this.#setup = setup
    for (const group of setup.book.all('group'))
      for (const fingerprint of Object.keys(group.told)) add(this.#toldIn, fingerprint, group.key)
    for (const alert of setup.book.all('alert')) if (alert.state !== 'pending') this.#join(alert)
  }

  /** An alert fires: it joins its groups, which are made where there are none. */
  fired(alert: AlertRecord, now: number): void {
    for (const { route, key, labels } of this.#join(alert)) {
      if (this.#setup.book.get('group', key)) continue
      const flushAt = now + route.groupWaitMs
      this.#put({ key, route: route.id, labels, flushAt, told: {}, toldTo: [], steps: 0, sequence: now })
    }
  }

  /** An alert is over: nobody needs to hear of it who was not told that it fires. */
  resolved(alert: AlertRecord): void {
    if (!this.#toldIn.has(alert.fingerprint)) this.#settle(alert)
  }

  /** Somebody acknowledged it or took that back: those are told at once who are told of that. */
  acknowledged({ fingerprint }: AlertRecord, now: number): void {
    for (const key of this.#toldIn.get(fingerprint) ?? []) {
      const group = this.#setup.book.get('group', key)
      if (group) this.#put({ ...group, flushAt: now })
    }
  }

  /** Tells what is due. */
  tick(now: number, quiet: () => Quiet): void {
    for (const group of [...this.#setup.book.all('group')]) {
      const due = this.#flushAt(group, now)
      if (now >= due) this.#flush(group, now, quiet())
      else if (due !== group.flushAt) this.#put({ ...group, flushAt: due })
      const left = this.#setup.book.get('group', group.key)
      if (left && now >= this.#escalationAt(left)) this.#escalate(left, now, quiet())
    }
    for (const { name } of [...this.#setup.book.all('channel')]) this.#digest(name, now, quiet)
  }

  /** When something is due next. */
  dueAt(now: number): number {
    let due = Number.POSITIVE_INFINITY
    for (const group of this.#setup.book.all('group'))
      due = Math.min(due, this.#flushAt(group, now), this.#escalationAt(group))
    for (const record of this.#setup.book.all('channel')) {
      const limit = this.#setup.traitsOf(record.name)?.limit
      if (limit) due = Math.min(due, digestAt(record, limit, now) ?? due)
    }
    return due
  }

  #join(alert: AlertRecord) {
    const joined = this.#setup.routesOf(alert).map((route) => ({ route, ...groupOf(route, alert.labels) }))
    for (const { route, key } of joined) {
      this.#routes.set(key, route)
      add(this.#members, key, alert.fingerprint)
    }
    return joined
  }

  /** A clock that was set back, or a shorter interval, must not leave a group asleep. */
  #flushAt({ key, flushAt }: GroupRecord, now: number): number {
    const { groupWaitMs = 0, groupIntervalMs = LOST_INTERVAL_MS } = this.#routes.get(key) ?? {}
    return Math.min(flushAt, now + Math.max(groupWaitMs, groupIntervalMs))
  }

  #escalationAt({ key, unknownSince, steps }: GroupRecord): number {
    const next = this.#routes.get(key)?.escalate[steps]
    return next && unknownSince !== undefined ? unknownSince + next.afterMs : Number.POSITIVE_INFINITY
  }

  #standing(group: GroupRecord, quiet: Quiet): Standing {
    const firing: AlertRecord[] = []
    const ended: AlertRecord[] = []
    const hidden: AlertRecord[] = []
    for (const fingerprint of new Set([...(this.#members.get(group.key) ?? []), ...Object.keys(group.told)])) {
      const alert = this.#setup.book.get('alert', fingerprint)
      const wasTold = Object.hasOwn(group.told, fingerprint)
      if (!alert || alert.state === 'pending') continue
      if (alert.state === 'resolved') {
        if (wasTold) ended.push(alert)
      } else if (quiet.reasonOf(alert)) hidden.push(alert)
      else firing.push(alert)
    }
    return { firing, ended, quiet: hidden }
  }

  #flush(group: GroupRecord, now: number, quiet: Quiet): void {
    const route = this.#routes.get(group.key)
    const next = now + (route?.groupIntervalMs ?? LOST_INTERVAL_MS)
    if (route && this.#setup.isMuted(route, now)) {
      this.#put({ ...group, flushAt: next })
      return
    }
    const standing = this.#standing(group, quiet)
    // What a route that is gone told is told no more, but for its end.
    const told = route ? standing.firing : standing.firing.filter(({ fingerprint }) => fingerprint in group.told)
    const reason = this.#reasonFor(group, { ...standing, firing: told }, route, now)
    if (!reason && told.length + standing.quiet.length === 0) this.#remove(group)
    else if (!reason) this.#put({ ...group, flushAt: next, ...this.#watchfulness(group, told, now) })
    else {
      const sequence = group.sequence + 1
      const to = reason === 'new' || reason === 'repeat' ? union(route?.channels ?? [], group.toldTo) : group.toldTo
      const views = [...told, ...standing.ended].map(viewOf)
      this.#tell({ ...group, sequence }, reason, to, views, now)
      const isOver = told.length + standing.quiet.length === 0
      this.#put({
        ...group,
        sequence,
        flushAt: next,
        told: toldOf(group, { ...standing, firing: told }),
        toldTo: isOver ? [] : to,
        ...(reason === 'acknowledged' ? {} : { toldAt: now }),
        ...this.#watchfulness(group, told, now),
      })
      for (const alert of standing.ended) if (!this.#toldIn.has(alert.fingerprint)) this.#settle(alert)
    }
  }

  #reasonFor(
    group: GroupRecord,
    { firing, ended }: Standing,
    route: Route | undefined,
    now: number,
  ): Reason | undefined {
    const of = ({ fingerprint }: AlertRecord): Told | undefined => group.told[fingerprint]
    if (route && firing.some((alert) => of(alert)?.startsAt !== alert.startsAt)) return 'new'
    if (ended.length > 0) return 'resolved'
    const unknown = firing.filter(({ state }) => state === 'firing')
    const repeatAt = (group.toldAt ?? now) + (route?.repeatIntervalMs ?? Number.POSITIVE_INFINITY)
    if (unknown.length > 0 && now >= repeatAt) return 'repeat'
    return firing.some((alert) => of(alert)?.acknowledged !== (alert.state === 'acknowledged'))
      ? 'acknowledged'
      : undefined
  }

  /** Since when nobody knows of what was told; escalation begins anew once somebody does. */
  #watchfulness({ unknownSince, steps }: GroupRecord, told: readonly AlertRecord[], now: number) {
    const isUnknown = told.some(({ state }) => state === 'firing')
    return isUnknown ? { unknownSince: unknownSince ?? now, steps } : { unknownSince: undefined, steps: 0 }
  }

  #escalate(group: GroupRecord, now: number, quiet: Quiet): void {
    const route = this.#routes.get(group.key)!
    const { notify } = route.escalate[group.steps]!
    if (this.#setup.isMuted(route, now)) {
      this.#put({ ...group, unknownSince: now })
      return
    }
    const unknown = this.#standing(group, quiet).firing.filter(({ state }) => state === 'firing')
    const sequence = group.sequence + 1
    if (unknown.length > 0) this.#tell({ ...group, sequence }, 'escalation', notify, unknown.map(viewOf), now)
    this.#put({
      ...group,
      sequence,
      steps: group.steps + 1,
      toldTo: union(group.toldTo, unknown.length > 0 ? notify : []),
    })
  }

  #tell(
    group: GroupRecord,
    reason: Reason,
    channels: readonly string[],
    views: readonly AlertView[],
    now: number,
  ): void {
    const told = channels.filter((channel) => this.#mayTell(channel, reason, group.key, now))
    const hash = hashOf(group.key)
    for (const channel of told)
      this.#setup.post(
        {
          ...{ id: `${hash}-${group.sequence}-${channel}`, channel, reason, at: now },
          ...{ group: hash, groupKey: group.key, groupLabels: group.labels },
          ...chosen(views),
          ...counted(views),
        },
        told.filter((other) => other !== channel),
      )
  }

  /** Whether a channel is told such a thing now; beyond its limit it is kept for its digest. */
  #mayTell(channel: string, reason: Reason, key: string, now: number): boolean {
    const { book, traitsOf } = this.#setup
    const traits = traitsOf(channel)
    if (!traits || (reason === 'resolved' && !traits.sendsResolved)) return false
    if (reason === 'acknowledged' && !traits.sendsAcknowledged) return false
    if (!traits.limit) return true
    const record = book.get('channel', channel)
    const isRoom = mayTell(record, traits.limit, now)
    const after = isRoom ? afterTelling(record, channel, traits.limit, now) : afterHolding(record, channel, key)
    book.put('channel', channel, after)
    return isRoom
  }

  #digest(channel: string, now: number, quiet: () => Quiet): void {
    const { book, traitsOf, post } = this.#setup
    const record = book.get('channel', channel)!
    const limit = traitsOf(channel)?.limit
    if (!limit || now < (digestAt(record, limit, now) ?? Number.POSITIVE_INFINITY)) return
    const keys = Object.keys(record.held)
    const firing = keys
      .flatMap((key) => book.get('group', key) ?? [])
      .flatMap((group) => this.#standing(group, quiet()).firing)
    const views = [...new Map(firing.map((alert) => [alert.fingerprint, viewOf(alert)])).values()]
    const notification: Omit<Notification, 'alerts' | 'truncated' | 'firing' | 'resolved'> = {
      ...{ id: `digest-${now}-${channel}`, channel, reason: 'digest', at: now },
      ...{ group: hashOf(`digest ${channel}`), groupKey: `digest ${channel}`, groupLabels: {} },
      held: keys.reduce((sum, key) => sum + record.held[key]!, 0),
    }
    post({ ...notification, ...chosen(views), ...counted(views) }, [])
    book.put('channel', channel, { ...afterTelling(record, channel, limit, now), held: {} })
  }

  #put(group: GroupRecord): void {
    const before = this.#setup.book.get('group', group.key)
    for (const fingerprint of Object.keys(before?.told ?? {}))
      if (!Object.hasOwn(group.told, fingerprint)) this.#untell(fingerprint, group.key)
    for (const fingerprint of Object.keys(group.told)) add(this.#toldIn, fingerprint, group.key)
    this.#setup.book.put('group', group.key, group)
  }

  #remove({ key, told }: GroupRecord): void {
    for (const fingerprint of Object.keys(told)) this.#untell(fingerprint, key)
    this.#setup.book.remove('group', key)
    if (!this.#members.has(key)) this.#routes.delete(key)
  }

  #untell(fingerprint: string, key: string): void {
    const keys = this.#toldIn.get(fingerprint)
    keys?.delete(key)
    if (keys?.size === 0) this.#toldIn.delete(fingerprint)
  }

  #settle(alert: AlertRecord): void {
    for (const route of this.#setup.routesOf(alert)) {
      const { key } = groupOf(route, alert.labels)
      const members = this.#members.get(key)
      members?.delete(alert.fingerprint)
      if (members?.size === 0) this.#members.delete(key)
    }
    this.#setup.onSettled(alert)
  }
}

function toldOf(group: GroupRecord, { firing, quiet }: Standing): Readonly<Record<string, Told>> {
  const kept = quiet.flatMap(({ fingerprint }) => {
    const told = group.told[fingerprint]
    return told ? [[fingerprint, told] as const] : []
  })
  const now = firing.map(
    ({ fingerprint, startsAt = 0, state }) =>
      [fingerprint, { startsAt, acknowledged: state === 'acknowledged' }] as const,
  )
  return Object.fromEntries([...kept, ...now])
}

function union(one: readonly string[], other: readonly string[]): readonly string[] {
  return [...new Set([...one, ...other])]
}

function add(map: Map<string, Set<string>>, key: string, value: string): void {
  const set = map.get(key)
  if (set) set.add(value)
  else map.set(key, new Set([value]))
}
