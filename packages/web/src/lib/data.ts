import { useEffect, useMemo, useState } from 'preact/hooks'
import { useAddress } from './address.js'
import { ask, Problem } from './api.js'
import { link$ } from './live.js'
import { type Range, rangeOf, useRefresh, usual$ } from './range.js'
import { createStore, useStore } from './store.js'

/** When views asked last: another value has all of them ask again. */
const asked$ = createStore(Date.now())

/** Asks for everything again. */
export const refreshNow = (): void => asked$.set(Date.now())

/** Asks again as often as the address says, while somebody looks; at once when the daemon is back. For the frame alone. */
export function useRefreshing(): void {
  const every = useRefresh()
  useEffect(() => {
    const look = () => {
      if (document.visibilityState === 'visible') refreshNow()
    }
    const timer = every > 0 ? setInterval(look, every * 1000) : undefined
    document.addEventListener('visibilitychange', look)
    let before = link$.get()
    const end = link$.subscribe(() => {
      const now = link$.get()
      if (before === 'offline' && now !== 'offline') look()
      before = now
    })
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', look)
      end()
    }
  }, [every])
}

/** The range that the address names, as of when views asked last. */
export function useRange(): Range {
  const { params } = useAddress()
  const asked = useStore(asked$)
  const usual = useStore(usual$)
  const [name, from, to] = ['range', 'from', 'to'].map((key) => params.get(key) ?? '')
  // Of the parameters these three alone matter.
  return useMemo(() => rangeOf(params, asked), [name, from, to, asked, usual])
}

/** An answer, and how it stands: the one before stays while another is on its way. */
export interface Answer<T> {
  readonly value: T | undefined
  readonly problem: Problem | undefined
  readonly loading: boolean
}

/** Asks for a path, and again whenever views do. Undefined: asks nothing. */
export function useAnswer<T>(path: string | undefined): Answer<T> {
  const asked = useStore(asked$)
  const [answer, setAnswer] = useState<Answer<T> & { readonly of?: string | undefined }>(NOTHING)
  // That views ask again is why this asks again.
  useEffect(() => {
    if (path === undefined) return setAnswer(NOTHING)
    const gone = new AbortController()
    setAnswer((before) => (isSame(before.of, path) ? { ...before, loading: true } : { ...NOTHING, loading: true }))
    ask<T>(path, { signal: gone.signal }).then(
      (value) => setAnswer({ value, problem: undefined, loading: false, of: path }),
      (error: unknown) => {
        if (gone.signal.aborted) return
        const problem = error instanceof Problem ? error : new Problem(String(error), 'Load the page again.', 0)
        setAnswer((before) => ({ ...before, problem, loading: false, of: path }))
      },
    )
    return () => gone.abort()
  }, [path, asked])
  return answer
}

const NOTHING = { value: undefined, problem: undefined, loading: false } as const

/** Whether the answer to one path may stand while the other is asked: the same thing, of another time. */
const isSame = (before: string | undefined, path: string): boolean =>
  before !== undefined && withoutTimes(before) === withoutTimes(path)

const withoutTimes = (path: string) => path.replace(/([?&](?:start|end|step|from|to|time)=)[^&]*/g, '$1')
