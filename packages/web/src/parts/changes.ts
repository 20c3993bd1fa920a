import { useEffect } from 'preact/hooks'
import type { ChangeMark } from '../../../server/src/faces/dashboard/api.js'
import type { ChangesDocument } from '../../../server/src/faces/dashboard/api-views.js'
import { useAnswer } from '../lib/data.js'
import type { Range } from '../lib/range.js'
import { changes$, useKnownChanges } from './marks.js'

/** What changed in the range, which charts mark while the view that asked stands. */
export function useChanges({ name, from, to }: Range): readonly ChangeMark[] {
  const { value } = useAnswer<ChangesDocument>(`/admin/api/changes?from=${Math.floor(from)}&to=${Math.ceil(to)}`)
  useEffect(() => changes$.set(value?.changes), [value])
  useEffect(() => () => changes$.set(undefined), [])
  return useKnownChanges().filter(({ at, until, kind }) => {
    const end = kind === 'incident' ? (until ?? Number.POSITIVE_INFINITY) : at
    // A range with a name follows the clock.
    return end >= from && (name !== undefined || at <= to)
  })
}
