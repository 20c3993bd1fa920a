import { ALWAYS, type Labels } from './contract.js'
import { compileMatchers } from './matchers.js'
import type { AlertsOptions, MaintenanceWindow } from './options.js'
import { compileTimes } from './times.js'

/** Tells whether a time (milliseconds since 1970) is within any of the named ones. */
export type Within = (names: readonly string[], at: number) => boolean

export function compileNamedTimes(times: AlertsOptions['times']): Within {
  const named = new Map(Object.entries(times).map(([name, given]) => [name, compileTimes(given)]))
  named.set(ALWAYS, () => true)
  return (names, at) => names.some((name) => named.get(name)?.(at))
}

/** The first window that is open at a time and means the labels. Throws a SyntaxError for a matcher that is none. */
export function compileWindows(
  maintenance: readonly MaintenanceWindow[],
  within: Within,
): (at: number) => (labels: Labels) => MaintenanceWindow | undefined {
  const windows = maintenance.map((window) => ({ window, isMeant: compileMatchers(window.match) }))
  return (at) => {
    const open = windows.filter(({ window }) => within(window.times, at))
    return (labels) => open.find(({ isMeant }) => isMeant(labels))?.window
  }
}

/** Whether a window is open now that means the labels. Throws a SyntaxError for a matcher that is none. */
export function compileMaintenance(
  maintenance: readonly MaintenanceWindow[],
  times: AlertsOptions['times'],
  now: () => number,
): (labels: Labels) => boolean {
  if (maintenance.length === 0) return () => false
  const windows = compileWindows(maintenance, compileNamedTimes(times))
  return (labels) => windows(now())(labels) !== undefined
}
