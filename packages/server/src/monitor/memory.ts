import type { ComponentMemory } from './component.js'

/** What is kept from one run to the next. */
export interface Kept {
  readonly components: Readonly<Record<string, ComponentMemory>>
  /** Components whose trouble was told of, and since when they have it, milliseconds since 1970. */
  readonly told: Readonly<Record<string, number>>
}

const VERSION = 1

/** The text of what is kept. */
export function encodeMemory(kept: Kept): string {
  return `${JSON.stringify({ version: VERSION, ...kept })}\n`
}

/** What a text keeps. What cannot be read (half a file, somebody's hand) is as if nothing had been kept. */
export function decodeMemory(text: string | undefined): Kept {
  try {
    const { version, components, told } = JSON.parse(text ?? '{}') as Partial<Kept> & { readonly version?: number }
    if (version === VERSION && isMap(components) && isMap(told)) return { components, told }
  } catch {
    // Said above.
  }
  return { components: {}, told: {} }
}

function isMap<T>(value: T | undefined): value is T {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
