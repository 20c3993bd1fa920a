import type { SessionDocument } from '../../../server/src/faces/dashboard/api.js'
import { createStore } from './store.js'

/** Who looks; undefined until the daemon has said it. */
export const session = createStore<SessionDocument | undefined>(undefined)

export const csrfToken = (): string | undefined => session.get()?.csrf

export const mayAct = (who: SessionDocument | undefined): boolean => who?.role === 'admin'

/** When the daemon last refused somebody whom the page took for known: the session may have ended. */
export const refusedAt$ = createStore(0)
