import { useMemo } from 'preact/hooks'
import type { ChangeMark } from '../../../server/src/faces/dashboard/api.js'
import { useAddress } from '../lib/address.js'
import { document$ } from '../lib/live.js'
import type { Frame } from '../lib/promql.js'
import { createStore, useStore } from '../lib/store.js'

/** A moment on charts, in seconds since 1970. */
export interface Mark {
  readonly at: number
  readonly title: string
  /** Name of its colour. */
  readonly tone: 'mark-trouble' | 'mark-change'
}

/** What changed in the range that is shown, where a view asked for it; else what the overview's document knows. */
export const changes$ = createStore<readonly ChangeMark[] | undefined>(undefined)

/** What is marked on charts: of the server that the address names, where it names one. */
export function useMarks(): readonly Mark[] {
  const asked = useStore(changes$)
  const newest = useStore(document$)
  const server = useAddress().params.get('server')
  const changes = asked ?? newest?.changes
  return useMemo(
    () =>
      (changes ?? [])
        .filter((change) => !server || !change.server || change.server === server)
        .map(({ at, title, kind }) => ({
          at: at / 1000,
          title,
          tone: kind === 'incident' ? 'mark-trouble' : 'mark-change',
        })),
    [changes, server],
  )
}

/** Those so near to a moment of the chart that the pointer means them. */
export function marksIn(marks: readonly Mark[], at: number, frame: Frame | undefined): readonly Mark[] {
  const [first = 0, last = 0] = [frame?.times[0], frame?.times.at(-1)]
  const near = (last - first) / 80
  return marks.filter((mark) => Math.abs(mark.at - at) <= near).slice(0, 3)
}
