import type { LoginRequest, LogoutRequest, SessionDocument } from '../../../server/src/faces/dashboard/api.js'
import { ask, LOGIN_PATH } from './api.js'
import { refusedAt$, session } from './who.js'

export async function loadSession(): Promise<void> {
  session.set(await ask<SessionDocument>('/admin/api/session'))
}

export async function logIn(request: LoginRequest): Promise<void> {
  session.set(await ask<SessionDocument>(LOGIN_PATH, { body: request }))
}

export async function logOut(request: LogoutRequest): Promise<void> {
  session.set(await ask<SessionDocument>('/admin/api/logout', { body: request }))
}

let isLooking = false

// The answer that was refused is told where it was asked for; nobody waits for this one.
refusedAt$.subscribe(async () => {
  if (isLooking) return
  isLooking = true
  await loadSession().catch(() => {})
  isLooking = false
})
