import { useMemo, useRef } from 'preact/hooks'
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

/** What changed in the range that is shown, where a view asked for it. */
export const changes$ = createStore<readonly ChangeMark[] | undefined>(undefined)

/** What the view asked for, with what the stream told since: the newest need not wait until the view asks again. */
export function useKnownChanges(): readonly ChangeMark[] {
  const asked = useStore(changes$)
  const newest = useStore(document$)?.changes
  const known = useMemo(() => {
    const keyOf = ({ at, kind, title }: ChangeMark) => `${at} ${kind} ${title}`
    const all = new Map([...(asked ?? []), ...(newest ?? [])].map((change) => [keyOf(change), change]))
    return [...all.values()].sort((one, other) => other.at - one.at)
  }, [asked, newest])
  // Documents come each second: charts are drawn anew where a change is another alone.
  const before = useRef(known)
  if (JSON.stringify(before.current) !== JSON.stringify(known)) before.current = known
  return before.current
}

/** What is marked on charts: of the server that the address names, where it names one. */
export function useMarks(): readonly Mark[] {
  const changes = useKnownChanges()
  const server = useAddress().params.get('server')
  return useMemo(
    () =>
      changes
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
