import type { Event } from './events.js'

/** Values that travel beside an event and never in it: name → value. */
export type Values = Readonly<Record<string, string | number | boolean>>

/** Bounds of the values beside one event. */
export const VALUE_LIMITS = {
  /** Most of them. */
  values: 16,
  /** Longest name, UTF-16 units. */
  nameChars: 128,
  /** Longest text, UTF-16 units. */
  textChars: 4096,
} as const

/** By name, since copies of this package meet in one process. What writes events, in whatever form, passes symbols over. */
const BESIDE = Symbol.for('mcp-vitals/values/1')
type Laden = { readonly [BESIDE]?: Values }

/** The event, with values beside it for whoever asks by `valuesBeside`; copies of it have them too. */
export function withValues<E extends Event>(event: E, values: Values): E {
  return { ...event, [BESIDE]: values }
}

export function valuesBeside(event: object): Values | undefined {
  return (event as Laden)[BESIDE]
}

/** What came from outside as values; `undefined` where it is none within the bounds. */
export function checkValues(given: unknown): Values | undefined {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return undefined
  const entries = Object.entries(given)
  const { values, nameChars } = VALUE_LIMITS
  return entries.length <= values && entries.every(([name, value]) => name.length <= nameChars && isValue(value))
    ? Object.fromEntries(entries)
    : undefined
}

/** Whether a value of JSON may lie beside an event. */
export function isValue(value: unknown): value is Values[string] {
  if (typeof value === 'string') return value.length <= VALUE_LIMITS.textChars
  return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))
}
