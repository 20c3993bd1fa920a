import type { Vitals } from './hub.js'

/** What reads values off the calls of a server, where whoever sends events asks for some. */
export interface Readers<R> {
  of: ((server: string) => R | undefined) | undefined
}

/** Those of this process. */
export function readers<R>(hub: Vitals): Readers<R> {
  return hub.share('readers/1', () => ({ of: undefined }))
}
