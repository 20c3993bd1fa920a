import type { Access, Credentials, Visit } from '../../access/index.js'
import { bodyOf, document, problem } from './answers.js'
import type { SessionDocument } from './api.js'

/** Who asks, as the request showed before it came here. */
export interface Who {
  readonly isHere: boolean
  readonly place: string
  readonly hasToken: boolean
  readonly visit: Visit | undefined
}

export interface SessionFaceSetup {
  readonly access: Access
  readonly hasAdminToken: () => boolean
  readonly ownerTokenFile: string
  /** Told that sessions ended. */
  readonly onEnd: () => void
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Monotonic, as that of the sessions. */
  readonly clock: () => number
}

type Handler = (request: Request, who: Who) => Promise<Response>

/** Who is there, the way in and the way out. */
export function createSessionFace(setup: SessionFaceSetup): Readonly<Record<'session' | 'login' | 'logout', Handler>> {
  const { access, hasAdminToken, ownerTokenFile, onEnd, now, clock } = setup

  function standing(who: Who): SessionDocument {
    const { visit, hasToken, isHere } = who
    const login = {
      ...{ user: access.hasUsers(), adminToken: hasAdminToken() || isHere },
      ...(isHere && { ownerTokenFile }),
    }
    const about = { version: 1, at: now(), login } as const
    if (visit) {
      const { user, role, csrf, endsAt } = visit.session
      const ends = { expiresAt: Math.round(now() + endsAt - clock()), idleSeconds: access.lasts().idleMs / 1000 }
      return { ...about, role, by: 'session', user, csrf, ...ends }
    }
    if (hasToken) return { ...about, role: 'admin', by: 'token' }
    return isHere ? { ...about, role: 'viewer', by: 'loopback' } : { ...about, role: 'none' }
  }

  const cookie = (request: Request, id: string | undefined) => ({
    'set-cookie': access.cookieOf(id, request.headers.get('x-forwarded-proto') === 'https'),
  })

  return {
    async session(_, who) {
      return document(standing(who))
    },
    async login(request, who) {
      const { headers } = request
      const one = (name: string) => headers.get(name) ?? undefined
      if (access.isForeign({ host: one('host'), origin: one('origin'), fetchSite: one('sec-fetch-site') }))
        return problem(403, 'Refused: a page of another site asks for it.')
      const body = await bodyOf(request)
      if (typeof body === 'string') return problem(400, body)
      const shown = credentialsIn(body)
      if (!shown) return problem(400, 'Expected: {"user":"kim","password":"…"}, or {"token":"…"}.')
      const outcome = await access.login(shown, { place: who.place, isLocal: who.isHere })
      switch (outcome.is) {
        case 'wrong':
          return problem(401, 'user' in shown ? 'Name and password do not fit.' : 'This is not the token.')
        case 'busy':
          return problem(503, 'Too many log in at once: try again in a moment.', { 'retry-after': '2' })
        case 'locked': {
          const seconds = Math.ceil(outcome.waitMs / 1000)
          return problem(429, `Too many failed logins. Try again in ${Math.ceil(seconds / 60)} minutes.`, {
            'retry-after': String(seconds),
          })
        }
        case 'in': {
          // An id that somebody had before ends: nobody else can have put it there and go on with it.
          if (who.visit) access.logout(who.visit, false)
          const { id, session } = outcome
          return document(standing({ ...who, visit: { id, session, write: 'safe' } }), cookie(request, id))
        }
      }
    },
    async logout(request, who) {
      const body = await bodyOf(request)
      if (typeof body === 'string') return problem(400, body)
      if (who.visit) access.logout(who.visit, body.everywhere === true)
      onEnd()
      return document(standing({ ...who, visit: undefined }), cookie(request, undefined))
    },
  }
}

/** Longest name, password or token that is looked at, in characters. */
const MAX_LENGTH = 512

function credentialsIn({ user, password, token }: Readonly<Record<string, unknown>>): Credentials | undefined {
  const isText = (value: unknown): value is string =>
    typeof value === 'string' && value.length > 0 && value.length <= MAX_LENGTH
  if (isText(token)) return { token }
  return isText(user) && isText(password) ? { user, password } : undefined
}
