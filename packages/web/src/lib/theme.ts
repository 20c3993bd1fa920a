import { createStore, remembered } from './store.js'

/** `system` follows `prefers-color-scheme`. */
export type Theme = 'system' | 'light' | 'dark'

const given = remembered.get('theme')
export const theme$ = createStore<Theme>(given === 'light' || given === 'dark' ? given : 'system')

function apply(): void {
  const theme = theme$.get()
  remembered.set('theme', theme === 'system' ? undefined : theme)
  if (theme === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme
}

apply()
theme$.subscribe(apply)

const dark = matchMedia('(prefers-color-scheme: dark)')

/** Tells of each change of the colours; charts are drawn with them. @returns what ends it */
export function onColours(listener: () => void): () => void {
  dark.addEventListener('change', listener)
  const end = theme$.subscribe(listener)
  return () => {
    dark.removeEventListener('change', listener)
    end()
  }
}

/** Takes on one colour after the other: what a custom property says is a pair, of which only a part of the page has one. */
const probe = document.createElement('i')
probe.hidden = true

/** A colour of the style sheet as it is now, as `rgb(…)`; or seen through, by a share from 0 to 1. */
export function colour(name: string, share = 1): string {
  if (!probe.isConnected) document.body.append(probe)
  probe.style.color = `var(--${name})`
  const found = getComputedStyle(probe).color
  return share === 1 ? found : found.replace(/^rgb\((.*)\)$/, `rgba($1, ${share})`)
}
