/** Days as the options name them, in the order of `Date.getUTCDay`. */
export const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const
export type Day = (typeof DAYS)[number]

/** A part of the week or of the calendar, by the clocks of a time zone. All that is given must hold. */
export interface TimeRange {
  /** Days on which it begins. Default: every day. */
  readonly days?: readonly Day[] | undefined
  /** `HH:MM`, inclusive. Default: the start of the day. */
  readonly from?: string | undefined
  /** `HH:MM`, exclusive; not after `from`: on the day after. `24:00`, or none: the end of the day. */
  readonly to?: string | undefined
  /** First and last date, `YYYY-MM-DD`, both inclusive; of a range over midnight, the dates on which it begins. */
  readonly firstDate?: string | undefined
  readonly lastDate?: string | undefined
}

/** Named times: any of the ranges. */
export interface Times {
  /** IANA name. */
  readonly zone: string
  readonly ranges: readonly TimeRange[]
}

interface Local {
  readonly date: string
  readonly day: Day
  readonly minute: number
}

const DAY_MS = 86_400_000

/** Tells whether a time (milliseconds since 1970) is in. Clocks that jump are followed: a range is what the wall clock shows. */
export function compileTimes({ zone, ranges }: Times): (at: number) => boolean {
  const clock = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  })
  return (at) => {
    const today = localTime(clock, at)
    return ranges.some((range) => contains(range, today))
  }
}

/** Whether the name is one of a time zone that this runtime knows. */
export function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name })
    return true
  } catch {
    return false
  }
}

function localTime(clock: Intl.DateTimeFormat, at: number): Local {
  const parts = Object.fromEntries(clock.formatToParts(at).map(({ type, value }) => [type, value]))
  const date = `${parts.year}-${parts.month}-${parts.day}`
  return { date, day: dayOf(date), minute: Number(parts.hour) * 60 + Number(parts.minute) }
}

function contains({ days, from, to, firstDate = '', lastDate = '9999' }: TimeRange, now: Local): boolean {
  const begins = (date: string, day: Day) =>
    (days === undefined || days.includes(day)) && date >= firstDate && date <= lastDate
  const first = from === undefined ? 0 : minuteOf(from)
  const end = to === undefined ? 24 * 60 : minuteOf(to)
  const today = begins(now.date, now.day)
  if (first < end) return today && now.minute >= first && now.minute < end
  if (today && now.minute >= first) return true
  const before = new Date(Date.parse(now.date) - DAY_MS).toISOString().slice(0, 10)
  return now.minute < end && begins(before, dayOf(before))
}

function dayOf(date: string): Day {
  return DAYS[new Date(date).getUTCDay()]!
}

function minuteOf(text: string): number {
  const [hours, minutes] = text.split(':')
  return Number(hours) * 60 + Number(minutes)
}
