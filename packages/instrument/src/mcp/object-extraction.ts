import {
  type CallReader,
  CallReading,
  type CallValue,
  type ExtractionRules,
  type WayTo,
  waysOf,
} from './call-reading.js'
import type { Captured } from './paths.js'

/** Reads values off tool calls whose messages are objects. */
export class ObjectExtraction implements CallReader {
  readonly #rules: ExtractionRules
  readonly #ways: readonly WayTo[]

  constructor(rules: ExtractionRules) {
    this.#rules = rules
    this.#ways = waysOf(rules.wanted)
  }

  begin(tool: string, asked: Captured): CallReading | undefined {
    const places = this.#rules.placesOf(tool)
    return places && new CallReading(this.#rules, places, asked)
  }

  read(message: unknown, fields: object): void {
    for (const { name, path, limit } of this.#ways) {
      const value = valueAt(message, path, limit)
      if (value !== undefined) (fields as Record<string, CallValue>)[name] = value
    }
  }
}

function valueAt(message: unknown, path: readonly string[], limit: number): CallValue | undefined {
  let at = message
  for (const key of path) {
    if (typeof at !== 'object' || at === null || Array.isArray(at) || !Object.hasOwn(at, key)) return undefined
    at = (at as Readonly<Record<string, unknown>>)[key]
  }
  if (typeof at === 'string') return at.slice(0, limit)
  return typeof at === 'boolean' || Number.isFinite(at) ? (at as boolean | number) : undefined
}
