import { useAddress } from './address.js'
import { seconds } from './format.js'
import { createStore } from './store.js'

/** The ranges that the picker offers: name in the address → length in seconds. */
export const RANGES = {
  '15m': 900,
  '1h': 3600,
  '3h': 10_800,
  '6h': 21_600,
  '12h': 43_200,
  '24h': 86_400,
  '3d': 259_200,
  '7d': 604_800,
  '30d': 2_592_000,
} as const

export type RangeName = keyof typeof RANGES

/** What is looked at where the address says nothing: an hour, and less while the daemon is younger than that. */
export const usual$ = createStore<RangeName>('1h')

/** Picks it by how long the daemon has run, in seconds. */
export const suit = (uptimeSeconds: number): void => usual$.set(uptimeSeconds < RANGES['15m'] ? '15m' : '1h')

/** How often views ask again: name in the address → seconds; 0: only when asked to. */
export const REFRESHES = { '5s': 5, '10s': 10, '30s': 30, '1m': 60, '5m': 300, off: 0 } as const
export const DEFAULT_REFRESH = '30s'

/** What is looked at. A range that follows the clock has a name; another has its ends. */
export interface Range {
  readonly name?: RangeName
  /** Milliseconds since 1970. */
  readonly from: number
  readonly to: number
  /** Seconds between points of a chart. */
  readonly step: number
  readonly label: string
}

/** Points of a chart, at most. */
const POINTS = 240
const STEPS = [5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600]

export function rangeOf(params: URLSearchParams, now: number): Range {
  const [from, to] = ['from', 'to'].map((name) => Date.parse(params.get(name) ?? ''))
  if (from !== undefined && to !== undefined && from < to) return shaped(from, Math.min(to, now + 60_000))
  const given = params.get('range') ?? ''
  const name = Object.hasOwn(RANGES, given) ? (given as RangeName) : usual$.get()
  return { ...shaped(now - RANGES[name] * 1000, now), name, label: `last ${name}` }
}

function shaped(from: number, to: number): Range {
  const length = (to - from) / 1000
  const step = STEPS.find((candidate) => length / candidate <= POINTS) ?? Math.ceil(length / POINTS)
  // On the grid of its step, so that a chart that follows the clock keeps its points where they are.
  const begin = Math.floor(from / 1000 / step) * step * 1000
  return { from: begin, to, step, label: `${seconds(length)} until ${new Date(to).toISOString().slice(0, 16)}Z` }
}

/** Over how much a rate looks back at each point: several samples, and no less than a step. */
export const lookback = ({ step }: Range): string => `${Math.max(120, step * 2)}s`

export function refreshOf(params: URLSearchParams): number {
  const given = params.get('refresh') ?? DEFAULT_REFRESH
  return Object.hasOwn(REFRESHES, given) ? REFRESHES[given as keyof typeof REFRESHES] : REFRESHES[DEFAULT_REFRESH]
}

export const useRefresh = (): number => refreshOf(useAddress().params)
