const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ['y', 31_536_000_000],
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
]
const DURATION = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/

/** Longest duration, as Go has it: about 292 years. Milliseconds. */
export const MAX_DURATION_MS = 9_223_372_036_854

/** A duration as Prometheus writes it (`1h30m`, `0`), in milliseconds; undefined where it is none, or longer than 292 years. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0
  const match = text === '' ? null : DURATION.exec(text)
  if (match === null) return undefined
  const ms = UNITS.reduce((sum, [, unitMs], index) => sum + Number(match[index + 1] ?? 0) * unitMs, 0)
  return ms <= MAX_DURATION_MS ? ms : undefined
}

/** Milliseconds as Prometheus writes a duration: `5m`, `1h30m`; days and weeks only where nothing is left over. */
export function formatDuration(durationMs: number): string {
  if (durationMs === 0) return '0s'
  let left = Math.abs(durationMs)
  let text = durationMs < 0 ? '-' : ''
  for (const [unit, ms] of UNITS) {
    const whole = unit === 'y' || unit === 'w' || unit === 'd'
    if (left < ms || (whole && left % ms !== 0)) continue
    text += `${Math.floor(left / ms)}${unit}`
    left %= ms
  }
  return text
}

/** A number of PromQL: decimal, 0x…, octal with a leading 0, `Inf`, `NaN`, or a duration, which counts as seconds. */
export function parseNumber(text: string): number {
  const plain = text.replaceAll('_', '')
  if (/^0x/i.test(plain)) return Number(plain)
  if (/^0[0-7]+$/.test(plain)) return Number.parseInt(plain, 8)
  if (/^\+?inf$/i.test(plain)) return Number.POSITIVE_INFINITY
  if (/^-inf$/i.test(plain)) return Number.NEGATIVE_INFINITY
  if (/^nan$/i.test(plain)) return Number.NaN
  const durationMs = /[a-z]$/.test(plain) ? parseDuration(plain) : undefined
  return durationMs === undefined ? Number(plain) : durationMs / 1000
}

/** A number as Prometheus writes one: all digits that tell it from others, never an exponent; `+Inf`, `-Inf`, `NaN`. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  const text = Object.is(value, -0) ? '-0' : String(value)
  const match = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text)
  if (match === null) return text
  const [, sign, whole = '', fraction = '', exponent] = match
  const digits = whole + fraction
  const point = whole.length + Number(exponent)
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  return `${sign}${digits.padEnd(point, '0')}`
}
