import { addCall, addSlot, type Ended, newSlot, type Slot } from './slot.js'
import { type Sum, sumOf } from './sum.js'

/** How long the slots of each level are, and how many are kept beside the one that goes on. */
export const LEVELS = {
  minute: { ms: 60_000, kept: 60 },
  hour: { ms: 3_600_000, kept: 48 },
  day: { ms: 86_400_000, kept: 30 },
} as const
export type Level = keyof typeof LEVELS
/** Levels that are kept over a restart. */
export type KeptLevel = Exclude<Level, 'minute'>

const NAMES = Object.keys(LEVELS) as readonly Level[]

/**
 * Calls of one thing over time. A call is counted in the slot of its minute alone; hours and days take minutes that are over,
 * so that a call costs little.
 */
export class Track {
  /** The minute that goes on. */
  #current: Slot | undefined
  /** The oldest first; none is empty. */
  readonly #slots: Readonly<Record<Level, Slot[]>> = { minute: [], hour: [], day: [] }
  /** Hours and days that changed since they were told last. */
  readonly #changed: Readonly<Record<KeptLevel, Set<number>>> = { hour: new Set(), day: new Set() }
  /** The sum that was asked for last, by level, as long as nothing in it changes: tables ask for the same of each tool. */
  readonly #sums: Partial<Record<Level, { readonly from: number; readonly to: number; readonly sum: Sum }>> = {}
  lastAt: number | undefined

  /** `at`: when it ended. One of a minute that is over goes where that went. */
  add(call: Ended, at: number): void {
    this.pass(at)
    const minute = slotOf('minute', at)
    this.#current ??= newSlot(minute)
    if (this.#current.at > minute) {
      const past = newSlot(minute)
      addCall(past, call, at)
      for (const level of NAMES) this.#put(level, past, at)
    } else addCall(this.#current, call, at)
    this.lastAt = Math.max(this.lastAt ?? 0, at)
  }

  /** Moves the minute that is over, and lets go of what is too old. */
  pass(now: number): void {
    const current = this.#current
    if (current === undefined || current.at >= slotOf('minute', now)) return
    this.#current = undefined
    for (const level of NAMES) this.#put(level, current, current.at * LEVELS.minute.ms)
    this.cut(now)
  }

  cut(now: number): void {
    for (const level of NAMES) {
      const slots = this.#slots[level]
      const first = slotOf(level, now) - LEVELS[level].kept
      if (slots.length === 0 || slots[0]!.at >= first) continue
      delete this.#sums[level]
      while (slots.length > 0 && slots[0]!.at < first) slots.shift()
    }
  }

  /** Takes a slot that was kept. */
  restore(level: KeptLevel, slot: Slot): void {
    this.#merge(level, slot)
    this.lastAt = Math.max(this.lastAt ?? 0, slot.lastAt)
  }

  /** What there is of a level in a span of slots, both ends among them, by rising time; the newest minute is in each. */
  slots(level: Level, from: number, to: number): readonly Slot[] {
    const found = within(this.#slots[level], from, to)
    const current = this.#current
    if (current === undefined) return found
    const at = Math.floor((current.at * LEVELS.minute.ms) / LEVELS[level].ms)
    if (at < from || at > to) return found
    const whole = newSlot(at)
    const last = found.at(-1)
    if (last?.at === at) {
      found.pop()
      addSlot(whole, last)
    }
    addSlot(whole, current)
    return [...found, whole]
  }

  /** All slots of a level in a span, both ends among them, together; the newest minute is in it. */
  sum(level: Level, from: number, to: number): Sum {
    const known = this.#sums[level]
    if (this.#current === undefined && known?.from === from && known.to === to) return known.sum
    const sum = sumOf([this.slots(level, from, to)], from, to)
    if (this.#current === undefined) this.#sums[level] = { from, to, sum }
    return sum
  }

  /** Hours and days that changed since this was asked last. */
  takeChanges(): readonly { readonly level: KeptLevel; readonly slot: Slot }[] {
    return (['hour', 'day'] as const).flatMap((level) => {
      const changed = this.#changed[level]
      const found = this.#slots[level].filter(({ at }) => changed.has(at)).map((slot) => ({ level, slot }))
      changed.clear()
      return found
    })
  }

  /** What could not be kept changes again. */
  giveBack(level: KeptLevel, at: number): void {
    this.#changed[level].add(at)
  }

  #put(level: Level, slot: Slot, ms: number): void {
    const at = Math.floor(ms / LEVELS[level].ms)
    this.#merge(level, { ...slot, at })
    if (level !== 'minute') this.#changed[level].add(at)
  }

  #merge(level: Level, slot: Slot): void {
    delete this.#sums[level]
    const slots = this.#slots[level]
    let place = slots.length
    while (place > 0 && slots[place - 1]!.at > slot.at) place--
    const before = slots[place - 1]
    if (before?.at === slot.at) addSlot(before, slot)
    else slots.splice(place, 0, copyOf(slot))
  }
}

/** A copy of the part of a rising list that lies between two slots. */
function within(slots: readonly Slot[], from: number, to: number): Slot[] {
  let [first, end] = [0, slots.length]
  while (first < end && slots[first]!.at < from) first++
  while (end > first && slots[end - 1]!.at > to) end--
  return slots.slice(first, end)
}

function copyOf(slot: Slot): Slot {
  const copy = newSlot(slot.at)
  addSlot(copy, slot)
  return copy
}

/** Number of the slot of a level that a time lies in. */
export const slotOf = (level: Level, at: number): number => Math.floor(at / LEVELS[level].ms)
