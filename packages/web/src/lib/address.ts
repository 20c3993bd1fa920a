import { createStore, useStore } from './store.js'

/** Where the page lies, without its last slash. */
export const BASE = '/admin/dashboard'

/** What the address bar says: the view, and how it is looked at. Everything that one would share stands in it. */
export interface Address {
  /** Parts of the path below the page, decoded; none for the overview. */
  readonly path: readonly string[]
  readonly params: URLSearchParams
}

/** Parameters that hold from view to view. */
const LASTING = ['range', 'from', 'to', 'refresh', 'server', 'tool', 'client']

function read(): Address {
  const rest = location.pathname.startsWith(BASE) ? location.pathname.slice(BASE.length) : ''
  return { path: rest.split('/').filter(Boolean).map(decoded), params: new URLSearchParams(location.search) }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

const address = createStore<Address>(read())
addEventListener('popstate', () => address.set(read()))

export const useAddress = (): Address => useStore(address)

/** The address of a view: what lasts comes along, unless `params` says otherwise; `undefined` there takes it away. */
export function to(path: readonly string[], params: Readonly<Record<string, string | undefined>> = {}): string {
  const query = new URLSearchParams()
  for (const name of LASTING) {
    const value = address.get().params.get(name)
    if (value !== null) query.set(name, value)
  }
  return hrefOf(path, query, params)
}

/** The address of this view with other parameters; all others stay. */
export const here = (params: Readonly<Record<string, string | undefined>>): string =>
  hrefOf(address.get().path, new URLSearchParams(address.get().params), params)

function hrefOf(path: readonly string[], query: URLSearchParams, params: Readonly<Record<string, string | undefined>>) {
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined || value === '') query.delete(name)
    else query.set(name, value)
  }
  const text = query.toString()
  const tail = path.map((part) => `/${encodeURIComponent(part)}`).join('')
  return `${BASE}${tail}${text === '' ? '' : `?${text}`}`
}

/** Goes there without loading the page again. `replace`: without a place of its own to go back to. */
export function go(href: string, { replace = false } = {}): void {
  const sameView = new URL(href, location.href).pathname === location.pathname
  history[replace ? 'replaceState' : 'pushState'](null, '', href)
  address.set(read())
  if (sameView) return
  scrollTo(0, 0)
  document.getElementById('main')?.focus({ preventScroll: true })
}

/** Follows links of the page itself, of a plain click, without loading it again. */
export function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
    return
  const link = event.target instanceof Element ? event.target.closest('a[href]') : null
  if (!(link instanceof HTMLAnchorElement) || link.target !== '' || link.hasAttribute('download')) return
  if (link.origin !== location.origin || !`${link.pathname}/`.startsWith(`${BASE}/`)) return
  if (link.hash !== '' && link.pathname === location.pathname) return
  event.preventDefault()
  go(link.href)
}
