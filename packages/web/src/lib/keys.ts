import { go, to } from './address.js'
import { refreshNow } from './data.js'
import { createStore } from './store.js'

/** Whether the list of keys is shown. */
export const keysShown$ = createStore(false)

/** After `g`: letter → view. */
export const PLACES = {
  o: ['Overview', []],
  s: ['Servers', ['servers']],
  t: ['Tools', ['tools']],
  e: ['Sessions', ['sessions']],
  a: ['Alerts', ['alerts']],
  u: ['Audit', ['audit']],
  q: ['Query', ['query']],
  p: ['Providers', ['providers']],
  w: ['Plugins and queue', ['work']],
  c: ['Settings', ['settings']],
} as const satisfies Record<string, readonly [name: string, path: readonly string[]]>

/** Longest time between the two keys of a pair. */
const PAIR_MS = 1500

/** Keys of the whole page, where nobody types. @returns what ends it */
export function listenToKeys(): () => void {
  let pairUntil = 0
  function onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return
    const { key, timeStamp } = event
    const place = timeStamp < pairUntil ? PLACES[key as keyof typeof PLACES] : undefined
    pairUntil = key === 'g' ? timeStamp + PAIR_MS : 0
    if (place) go(to(place[1]))
    else if (key === '?') keysShown$.set(true)
    else if (key === 'r') refreshNow()
    else if (key === '/') document.querySelector<HTMLInputElement>('[data-filter]')?.focus()
    else return
    event.preventDefault()
  }
  addEventListener('keydown', onKey)
  return () => removeEventListener('keydown', onKey)
}

const isTyping = ({ target }: KeyboardEvent): boolean =>
  target instanceof HTMLElement &&
  (target.closest('input, select, textarea, dialog') !== null || target.shadowRoot !== null)
