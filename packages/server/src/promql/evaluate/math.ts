import type { FunctionName } from '../syntax/functions.js'

const DEGREES = 180 / Math.PI

/** Functions of one value. */
export const MATH = {
  abs: Math.abs,
  acos: Math.acos,
  acosh: Math.acosh,
  asin: Math.asin,
  asinh: Math.asinh,
  atan: Math.atan,
  atanh: Math.atanh,
  ceil: Math.ceil,
  cos: Math.cos,
  cosh: Math.cosh,
  deg: (value) => value * DEGREES,
  exp: Math.exp,
  floor: Math.floor,
  ln: Math.log,
  log10: Math.log10,
  log2: Math.log2,
  rad: (value) => value / DEGREES,
  sgn: (value) => (value < 0 ? -1 : value > 0 ? 1 : value),
  sin: Math.sin,
  sinh: Math.sinh,
  sqrt: Math.sqrt,
  tan: Math.tan,
  tanh: Math.tanh,
} as const satisfies Partial<Record<FunctionName, (value: number) => number>>

const DAY_MS = 86_400_000

/** Functions of a time in seconds since the epoch, in UTC. What is no time of the calendar gives NaN. */
export const DATES = {
  day_of_month: (seconds) => dateOf(seconds).getUTCDate(),
  day_of_week: (seconds) => dateOf(seconds).getUTCDay(),
  day_of_year(seconds) {
    const date = dateOf(seconds)
    return Math.floor((date.getTime() - startOfYear(date)) / DAY_MS) + 1
  },
  days_in_month(seconds) {
    const date = dateOf(seconds)
    const next = new Date(date)
    next.setUTCMonth(date.getUTCMonth() + 1, 0)
    return next.getUTCDate()
  },
  hour: (seconds) => dateOf(seconds).getUTCHours(),
  minute: (seconds) => dateOf(seconds).getUTCMinutes(),
  month: (seconds) => dateOf(seconds).getUTCMonth() + 1,
  year: (seconds) => dateOf(seconds).getUTCFullYear(),
} as const satisfies Partial<Record<FunctionName, (seconds: number) => number>>

const dateOf = (seconds: number): Date => new Date(Math.trunc(seconds) * 1000)

function startOfYear(date: Date): number {
  const start = new Date(date)
  start.setUTCMonth(0, 1)
  return start.setUTCHours(0, 0, 0, 0)
}

/** To the nearest multiple of `nearest`, halves upwards. */
export function roundTo(value: number, nearest: number): number {
  const inverse = 1 / nearest
  return Math.floor(value * inverse + 0.5) / inverse
}

/** x to the power y, as IEEE 754 has it: 1 to any power is 1, and so is -1 to an infinite one. */
export function power(x: number, y: number): number {
  if (x === 1 || (x === -1 && !Number.isFinite(y) && !Number.isNaN(y))) return 1
  return x ** y
}
