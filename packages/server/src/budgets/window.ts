/** A window of the calendar of UTC. */
export interface Window {
  /** Milliseconds since 1970, inclusive and exclusive. */
  readonly startMs: number
  readonly endMs: number
}

export type Period = 'hour' | 'day' | 'month'

export const HOUR_MS = 3_600_000
export const DAY_MS = 86_400_000

/** The window in which a moment lies. */
export function windowOf(per: Period, at: number): Window {
  if (per === 'month') {
    const date = new Date(at)
    const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()]
    return { startMs: Date.UTC(year, month), endMs: Date.UTC(year, month + 1) }
  }
  const length = per === 'hour' ? HOUR_MS : DAY_MS
  const startMs = Math.floor(at / length) * length
  return { startMs, endMs: startMs + length }
}
