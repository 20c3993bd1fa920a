import type { Place } from './protocol.js'

/** How a place is named to people: never with a password. */
export function shownPlace(place: Place): string {
  if ('sqlite' in place) return place.sqlite
  try {
    const { hostname, port, pathname } = new URL(place.postgres)
    return `postgres://${hostname}${port ? `:${port}` : ''}${pathname} (${place.schema})`
  } catch {
    return `postgres (${place.schema})`
  }
}
