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

/** The value of a custom property of the style sheet, as it is now. */
export const colour = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()
