/** Numbers in words. Each takes `undefined` for what is not known, which is shown as a dash and never as 0. */

export const UNKNOWN = '–'

type Maybe = number | null | undefined

const known = (value: Maybe): value is number => typeof value === 'number' && Number.isFinite(value)

/** Three digits that count, with a letter for thousands: `0.42`, `17.3`, `1.21 k`. */
export function number(value: Maybe): string {
  if (!known(value)) return UNKNOWN
  const size = Math.abs(value)
  if (size >= 1e9) return `${digits(value / 1e9)} G`
  if (size >= 1e6) return `${digits(value / 1e6)} M`
  if (size >= 1e4) return `${digits(value / 1e3)} k`
  return digits(value)
}

function digits(value: number): string {
  const size = Math.abs(value)
  if (size !== 0 && size < 0.001) return value.toExponential(1)
  const places = Number.isInteger(value) ? 0 : size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3
  return String(Number(value.toFixed(places)))
}

/** A whole number, its thousands apart. */
export const count = (value: Maybe): string => (known(value) ? Math.round(value).toLocaleString('en') : UNKNOWN)

export const perSecond = (value: Maybe): string => (known(value) ? `${number(value)}/s` : UNKNOWN)

/** A share from 0 to 1 as a percentage. One that is not quite 0 or 1 never looks like it. */
export function percent(share: Maybe): string {
  if (!known(share)) return UNKNOWN
  const value = share * 100
  if (value > 0 && value < 0.01) return '<0.01%'
  if (value > 99.99 && value < 100) return '>99.99%'
  return `${Number(value.toFixed(value >= 10 && value < 99 ? 1 : 2))}%`
}

/** Milliseconds: `0.4 ms`, `12 ms`, `1.2 s`, `3 m 20 s`. */
export function milliseconds(value: Maybe): string {
  if (!known(value)) return UNKNOWN
  if (value < 10) return `${Number(value.toFixed(1))} ms`
  if (value < 1000) return `${Math.round(value)} ms`
  if (value < 60_000) return `${Number((value / 1000).toFixed(value < 10_000 ? 2 : 1))} s`
  return seconds(value / 1000)
}

/** A length of time by its two largest units: `45 s`, `3 m 20 s`, `2 d 4 h`. */
export function seconds(value: Maybe): string {
  if (!known(value)) return UNKNOWN
  const whole = Math.max(0, Math.round(value))
  const parts = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'm'],
    [whole % 60, 's'],
  ] as const
  const first = parts.findIndex(([amount]) => amount > 0)
  if (first === -1) return '0 s'
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ')
}

export function bytes(value: Maybe): string {
  if (!known(value)) return UNKNOWN
  if (value < 1024) return `${Math.round(value)} B`
  if (value < 1024 ** 2) return `${digits(value / 1024)} KiB`
  if (value < 1024 ** 3) return `${digits(value / 1024 ** 2)} MiB`
  return `${digits(value / 1024 ** 3)} GiB`
}

export const usd = (value: Maybe): string =>
  known(value)
    ? `$${value.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: value < 1 ? 4 : 2 })}`
    : UNKNOWN

const two = (value: number) => String(value).padStart(2, '0')

/** A moment in the time of this machine: `14:03:22`, of another day with its date. */
export function moment(at: Maybe, now = Date.now()): string {
  if (!known(at)) return UNKNOWN
  const date = new Date(at)
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  return new Date(now).toDateString() === date.toDateString() ? clock : `${day(date)} ${clock}`
}

const day = (date: Date) => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`

/** In UTC, to the millisecond, as logs have it. */
export const utc = (at: Maybe): string => (known(at) && Math.abs(at) < 8.64e15 ? new Date(at).toISOString() : UNKNOWN)

/** How long ago: `12 s ago`. */
export const ago = (at: Maybe, now = Date.now()): string =>
  known(at) ? (now - at < 1000 ? 'now' : `${seconds((now - at) / 1000)} ago`) : UNKNOWN
