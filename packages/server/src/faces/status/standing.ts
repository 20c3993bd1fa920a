import type { HistoryBook, Incident } from '../../history/index.js'
import type { SystemReport } from '../../monitor/index.js'
import type { StatusOptions } from './options.js'

/** What the status page, its feeds and badges are made of. */
export interface Standing {
  readonly options: () => StatusOptions
  /** How servers and components are, as the monitor judges. */
  readonly system: () => SystemReport
  readonly book: HistoryBook
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** How long an incident lasted, or has lasted, seconds, and how much of that nobody watched. */
export function lengthOf({ began, ended, unwatchedMs }: Incident, now: number) {
  return { seconds: Math.max(0, (ended ?? now) - began) / 1000, unwatchedSeconds: unwatchedMs / 1000 }
}

/** The colour of the whole in words. */
export const COLOUR_WORDS = {
  GREEN: 'All is well',
  YELLOW: 'Some of it is not well',
  RED: 'It is not well',
} as const satisfies Record<SystemReport['colour'], string>
