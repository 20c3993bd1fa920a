import type { Shift, Subquery } from '../syntax/ast.js'

/** The times of an evaluation: `startMs`, `startMs + stepMs` …, `count` of them. */
export interface Grid {
  readonly startMs: number
  readonly stepMs: number
  readonly count: number
}

/** The whole query, whose ends `@ start()` and `@ end()` mean. */
export interface Whole {
  readonly startMs: number
  readonly endMs: number
  readonly isRange: boolean
}

/** The last time of a grid. */
export const endOf = ({ startMs, stepMs, count }: Grid): number => startMs + stepMs * (count - 1)

/** The times that a selector looks at, one for each step: all the same where it is pinned. */
export function referencesOf(grid: Grid, { offsetMs, pinned }: Shift, { startMs, endMs }: Whole): Grid {
  if (pinned === undefined) return { ...grid, startMs: grid.startMs - offsetMs }
  const pinnedMs = pinned === 'start' ? startMs : pinned === 'end' ? endMs : pinned
  return { startMs: pinnedMs - offsetMs, stepMs: 0, count: grid.count }
}

/** The times at which the expression of a subquery is evaluated: whole multiples of its step, within all its ranges. */
export function subqueryGrid({ rangeMs, stepMs }: Subquery, references: Grid): Grid {
  const startMs = (Math.floor((references.startMs - rangeMs) / stepMs) + 1) * stepMs
  return { startMs, stepMs, count: Math.max(Math.floor((endOf(references) - startMs) / stepMs) + 1, 0) }
}
