import { useEffect } from 'preact/hooks'
import type { ServersDocument } from '../../../server/src/faces/dashboard/api-views.js'
import { ask } from '../lib/api.js'
import type { Range } from '../lib/range.js'
import { createStore, useStore } from '../lib/store.js'

/** Names to filter by. */
export interface Names {
  readonly servers: readonly string[]
  readonly clients: readonly string[]
}

const NONE: Names = { servers: [], clients: [] }
const names$ = createStore(NONE)
/** They come with the table of servers, and seldom change. */
const KEPT_MS = 300_000
let askedAt = Number.NEGATIVE_INFINITY

/** Servers and clients that something is known of; none until the daemon told. */
export function useNames({ from, to }: Range): Names {
  useEffect(() => {
    if (Date.now() - askedAt < KEPT_MS) return
    askedAt = Date.now()
    ask<ServersDocument>(`/admin/api/servers?from=${Math.floor(from)}&to=${Math.ceil(to)}`).then(
      ({ servers, clients }) => names$.set({ servers: servers.map(({ server }) => server).sort(), clients }),
      // The view itself tells what is wrong; the next one asks again.
      () => {
        askedAt = Number.NEGATIVE_INFINITY
      },
    )
  }, [])
  return useStore(names$)
}
