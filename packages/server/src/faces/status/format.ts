/** A duration in milliseconds for a person; a dash where there is none. */
export function milliseconds(value: number | undefined): string {
  if (value === undefined) return '–'
  if (value < 10) return `${value.toFixed(1)} ms`
  return value < 10_000 ? `${Math.round(value)} ms` : `${Math.round(value / 1000)} s`
}

/** A duration in seconds for a person. */
export function duration(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`
}

/** Last moment that a date can hold; what a sender claims beyond it is shown as that. */
const MAX_DATE_MS = 8.64e15

/** The time of day, UTC. */
export function timeOfDay(at: number): string {
  return new Date(Math.min(at, MAX_DATE_MS)).toISOString().slice(11, 19)
}

/** A moment, UTC, to the minute: `2026-11-29 10:17`. */
export function moment(at: number): string {
  return new Date(Math.min(at, MAX_DATE_MS)).toISOString().slice(0, 16).replace('T', ' ')
}

/** A share in percent that is 100 only where it is: `99.98 %`. */
export function percent(share: number | undefined): string {
  return share === undefined ? '–' : `${Number((Math.floor(share * 10_000) / 100).toFixed(2))} %`
}
