const NANOS_PER_MILLISECOND = 1_000_000

/** Milliseconds since 1970 as a text of nanoseconds, which no number of JavaScript holds exactly. */
export function nanosOf(ms: number, more = 0): string {
  const whole = Math.floor(ms)
  const rest = Math.min(Math.round((ms - whole) * NANOS_PER_MILLISECOND) + more, NANOS_PER_MILLISECOND - 1)
  return `${whole}${String(rest).padStart(6, '0')}`
}
