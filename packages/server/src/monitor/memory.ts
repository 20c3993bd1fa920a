import type { ComponentMemory } from './component.js'
import type { BeatMemory } from './heartbeats.js'
import type { RemedyMemory } from './remedies.js'

/** What is kept from one run to the next. */
export interface Kept {
  readonly components: Readonly<Record<string, ComponentMemory>>
  /** Components whose trouble was told of, and since when they have it, milliseconds since 1970. */
  readonly told: Readonly<Record<string, number>>
  /** What was done about components, by component and rule. */
  readonly remedies: Readonly<Record<string, RemedyMemory>>
  /** Heartbeats, by component. */
  readonly beats: Readonly<Record<string, BeatMemory>>
}

const VERSION = 1

/** The text of what is kept. */
export function encodeMemory(kept: Kept): string {
  return `${JSON.stringify({ version: VERSION, ...kept })}\n`
}

/** What a text keeps. What cannot be read (half a file, somebody's hand) is as if nothing had been kept. */
export function decodeMemory(text: string | undefined): Kept {
  try {
    const kept = JSON.parse(text ?? '{}') as Partial<Kept> & { readonly version?: number }
    const { version, components, told, remedies = {}, beats = {} } = kept
    const isWhole = [components, told, remedies, beats].every(isMap)
    if (version === VERSION && isWhole && Object.values(remedies).every(isRun) && Object.values(beats).every(isBeat))
      return { components: components!, told: told!, remedies, beats }
  } catch {
    // Said above.
  }
  return { components: {}, told: {}, remedies: {}, beats: {} }
}

function isMap<T>(value: T | undefined): value is T {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isRun({ runs, attempts, waitUntil, coolUntil }: RemedyMemory): boolean {
  return Array.isArray(runs) && [...runs, attempts, waitUntil, coolUntil].every(Number.isFinite)
}

function isBeat({ since, last }: BeatMemory): boolean {
  return Number.isFinite(since) && (last === undefined || Number.isFinite(last.at))
}
