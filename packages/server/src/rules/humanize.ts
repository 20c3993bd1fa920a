import { formatG } from './go-numbers.js'

const LARGE = ['k', 'M', 'G', 'T', 'P', 'E', 'Z', 'Y']
const SMALL = ['m', 'u', 'n', 'p', 'f', 'a', 'z', 'y']
const BINARY = ['ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei', 'Zi', 'Yi']

const plain = (value: number): string => formatG(value, 4)

/** `1234567` as `1.235M`. */
export function humanize(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return plain(value)
  return Math.abs(value) >= 1 ? scaled(value, LARGE, 1000) : small(value)
}

/** `1234567` as `1.177Mi`. */
export function humanize1024(value: number): string {
  if (Math.abs(value) <= 1 || !Number.isFinite(value)) return plain(value)
  return scaled(value, BINARY, 1024)
}

/** Seconds: `3661` as `1h 1m 1s`. */
export function humanizeDuration(value: number): string {
  if (!Number.isFinite(value)) return plain(value)
  if (value === 0) return `${plain(value)}s`
  if (Math.abs(value) < 1) return `${small(value)}s`
  const sign = value < 0 ? '-' : ''
  const total = Math.trunc(Math.abs(value))
  const [seconds, minutes] = [total % 60, Math.floor(total / 60) % 60]
  const [hours, days] = [Math.floor(total / 3600) % 24, Math.floor(total / 86_400)]
  if (days > 0) return `${sign}${days}d ${hours}h ${minutes}m ${seconds}s`
  if (hours > 0) return `${sign}${hours}h ${minutes}m ${seconds}s`
  if (minutes > 0) return `${sign}${minutes}m ${seconds}s`
  return `${sign}${formatG(Math.abs(value), 4)}s`
}

/** `0.1234` as `12.34%`. */
export const humanizePercentage = (value: number): string => `${formatG(value * 100, 4)}%`

/** Seconds since 1970 as `2026-01-02 03:04:05 +0000 UTC`. */
export function humanizeTimestamp(value: number): string {
  if (!Number.isFinite(value)) return plain(value)
  const date = new Date(Math.trunc(value * 1000))
  if (Number.isNaN(date.getTime())) return plain(value)
  const text = date.toISOString()
  const fraction = text.slice(19, 23).replace(/0+$/, '').replace(/^\.$/, '')
  return `${text.slice(0, 10)} ${text.slice(11, 19)}${fraction} +0000 UTC`
}

function scaled(value: number, units: readonly string[], base: number): string {
  let left = value
  let unit = ''
  for (const next of units) {
    if (Math.abs(left) < base) break
    unit = next
    left /= base
  }
  return plain(left) + unit
}

function small(value: number): string {
  let left = value
  let unit = ''
  for (const next of SMALL) {
    if (Math.abs(left) >= 1) break
    unit = next
    left *= 1000
  }
  return plain(left) + unit
}
