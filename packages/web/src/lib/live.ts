import type { DashboardDocument } from '../../../server/src/faces/dashboard/api.js'
import { ask, Problem } from './api.js'
import { suit } from './range.js'
import { createStore } from './store.js'

/** The newest document of the overview, which every view has a look at. */
export const document$ = createStore<DashboardDocument | undefined>(undefined)

/** `live`: the stream tells of changes. `polling`: it is cut, and the page asks. `offline`: nothing answers. */
export type Link = 'starting' | 'live' | 'polling' | 'offline'
export const link$ = createStore<Link>('starting')

/** Why there is no document; undefined where there is one, or none yet. */
export const trouble$ = createStore<Problem | undefined>(undefined)

/** A whole refresh comes as often as this, whatever the stream says. */
export const WHOLE_REFRESH_MS = 30_000
/** Waits before the stream is opened again: doubled each time, and a little by chance so that pages do not come at once. */
const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 30_000

/** By how much this machine's clock is ahead of the daemon's, and the way between them. */
let ahead = Number.POSITIVE_INFINITY

function take(document: DashboardDocument): void {
  ahead = Math.min(ahead, Date.now() - document.at)
  const before = document$.get()
  if (before === undefined || document.at >= before.at) document$.set(document)
  suit(document.product.uptimeSeconds)
  trouble$.set(undefined)
}

/** How old what is shown is, in milliseconds. */
export const ageOf = (at: number, now: number): number => Math.max(0, now - at - (Number.isFinite(ahead) ? ahead : 0))

/** Keeps the document new, by the stream and by asking. @returns what ends it */
export function stayLive(): () => void {
  let source: EventSource | undefined
  let wait = FIRST_WAIT_MS
  let again: ReturnType<typeof setTimeout> | undefined
  const ending = new AbortController()

  function open(): void {
    source?.close()
    source = new EventSource('/admin/api/stream')
    source.onopen = () => {
      wait = FIRST_WAIT_MS
      link$.set('live')
    }
    const heard = (event: MessageEvent<string>) => {
      link$.set('live')
      take(JSON.parse(event.data) as DashboardDocument)
    }
    source.onmessage = heard
    source.addEventListener('dashboard', heard)
    source.onerror = () => {
      // The browser's own way to come back knows no bound, and none at all after an answer that is no stream.
      source?.close()
      if (link$.get() === 'live') link$.set('polling')
      void refresh()
      clearTimeout(again)
      again = setTimeout(open, wait * (0.75 + Math.random() / 2))
      wait = Math.min(wait * 2, LONGEST_WAIT_MS)
    }
  }

  async function refresh(): Promise<void> {
    try {
      take(await ask<DashboardDocument>('/admin/api/dashboard', { signal: ending.signal }))
      if (link$.get() !== 'live') link$.set('polling')
    } catch (error) {
      if (!(error instanceof Problem)) return
      trouble$.set(error)
      if (error.status === 0) link$.set('offline')
    }
  }

  const back = () => {
    wait = FIRST_WAIT_MS
    clearTimeout(again)
    open()
    void refresh()
  }
  const gone = () => link$.set('offline')
  open()
  void refresh()
  const whole = setInterval(() => void refresh(), WHOLE_REFRESH_MS)
  addEventListener('online', back)
  addEventListener('offline', gone)
  return () => {
    ending.abort()
    source?.close()
    clearTimeout(again)
    clearInterval(whole)
    removeEventListener('online', back)
    removeEventListener('offline', gone)
    link$.set('starting')
    document$.set(undefined)
    trouble$.set(undefined)
  }
}
