import type { Lockout } from '../doors/index.js'
import { createGate } from './gate.js'
import type { AccessOptions } from './options.js'
import { isPasswordOf } from './password.js'
import { createSessions, isSame, type Session } from './sessions.js'

/** What a login shows. */
export type Credentials = { readonly user: string; readonly password: string } | { readonly token: string }

/** Whoever tries to log in. */
export interface Candidate {
  /** Their address, or what stands for it. */
  readonly place: string
  /** On this machine, so that the owner’s token counts as well. */
  readonly isLocal: boolean
}

/** What a login comes to. `busy`: too many are being looked at. */
export type LoginOutcome =
  | { readonly is: 'in'; readonly id: string; readonly session: Session }
  | { readonly is: 'wrong' | 'busy' }
  | { readonly is: 'locked'; readonly waitMs: number }

/** What a request shows of a session. */
export interface Shown {
  readonly method: string
  /** Headers of the request. */
  readonly cookie: string | undefined
  readonly csrf: string | undefined
  readonly host: string | undefined
  readonly origin: string | undefined
  readonly fetchSite: string | undefined
}

/** What a session opens: `write` says whether what it asks for may be done, or why not. */
export interface Visit {
  readonly id: string
  readonly session: Session
  readonly write: 'safe' | 'foreign' | 'no csrf token'
}

/** Somebody who is known. */
export type Found = Pick<Session, 'user' | 'role'>

export interface AccessSetup {
  readonly options: AccessOptions
  /** Whether a text is the admin token, and the owner’s: in constant time. */
  readonly isAdminToken: (token: string) => boolean
  readonly isOwnerToken: (token: string) => boolean
  readonly newLockout: (options: { readonly lockout: AccessOptions['lockout']; readonly maxTracked: number }) => Lockout
  /** Told what came of each login, and who got in. */
  readonly onLogin: (outcome: 'accepted' | 'refused' | 'locked_out', by: 'password' | 'token', who?: Found) => void
  /** Monotonic, milliseconds. */
  readonly clock: () => number
}

/** Who may look at the dashboard, and who may act. */
export interface Access {
  login(shown: Credentials, who: Candidate): Promise<LoginOutcome>
  /** The session that a request shows. */
  visitOf(shown: Shown): Visit | undefined
  /** Whether a session goes on; it rests all the same. */
  isOpen(id: string): boolean
  /** Ends this session, or all of its user. */
  logout(visit: Visit, everywhere: boolean): void
  /** Whether a page of another site asks for a change; of a program none can be asked. */
  isForeign(shown: Pick<Shown, 'host' | 'origin' | 'fetchSite'>): boolean
  readonly hasUsers: () => boolean
  /** How long a session lasts, in milliseconds. */
  readonly lasts: () => { readonly idleMs: number; readonly lastsMs: number }
  /** The cookie that begins a session, and the one that ends it. */
  cookieOf(id: string | undefined, isSecure: boolean): string
  /** From now on these options hold. Who is no user any more, or in another role, has no session any more. */
  change(options: AccessOptions): void
}

/** Who shows a token is known by this name, which no user can have: it has a space. */
export const TOKEN_HOLDER = 'admin token'

/** Most addresses, and names, of which failed logins are remembered. */
const MAX_TRACKED = 10_000
const COOKIE = 'mcp_vitals_session'
const READS = ['GET', 'HEAD']
const MINUTE_MS = 60_000

export function createAccess(setup: AccessSetup): Access {
  const { isAdminToken, isOwnerToken, newLockout, onLogin, clock } = setup
  let { options } = setup
  const lockoutOf = ({ lockout }: AccessOptions) => ({ lockout, maxTracked: MAX_TRACKED })
  // By address, and by the name that was given, whether there is one of that name or not.
  const lockouts = { places: newLockout(lockoutOf(options)), users: newLockout(lockoutOf(options)) }
  const lasts = () => ({ idleMs: options.idleMinutes * MINUTE_MS, lastsMs: options.sessionMinutes * MINUTE_MS })
  const sessions = createSessions(lasts, clock)
  const gate = createGate()

  /** Their role, where it is them. As long for a name that nobody has. */
  async function known(shown: Credentials, isLocal: boolean): Promise<Found | undefined> {
    if ('token' in shown) {
      const isOne = isAdminToken(shown.token) || (isLocal && isOwnerToken(shown.token))
      return isOne ? { user: TOKEN_HOLDER, role: 'admin' } : undefined
    }
    const user = options.users.find(({ name }) => name === shown.user)
    const isThem = await isPasswordOf(shown.password, user?.passwordHash)
    return isThem && user ? { user: user.name, role: user.role } : undefined
  }

  function failed(shown: Credentials, { place }: Candidate, by: 'password' | 'token'): void {
    const locks = [lockouts.places.failed(place), 'user' in shown && lockouts.users.failed(shown.user)]
    onLogin('refused', by)
    if (locks.some(Boolean)) onLogin('locked_out', by)
  }

  const waitOf = (shown: Credentials, { place }: Candidate) =>
    Math.max(lockouts.places.waitMs(place), 'user' in shown ? lockouts.users.waitMs(shown.user) : 0)

  function isForeign({ host, origin, fetchSite }: Pick<Shown, 'host' | 'origin' | 'fetchSite'>): boolean {
    if (fetchSite !== undefined && fetchSite !== 'same-origin' && fetchSite !== 'none') return true
    return origin !== undefined && /^https?:\/\/(.+)$/i.exec(origin)?.[1]?.toLowerCase() !== host?.toLowerCase()
  }

  return {
    async login(shown, who) {
      const by = 'token' in shown ? 'token' : 'password'
      const waitMs = waitOf(shown, who)
      if (waitMs > 0) return { is: 'locked', waitMs }
      const looked = gate(async (): Promise<LoginOutcome> => {
        // Others that came at once may have locked it meanwhile.
        const nowMs = waitOf(shown, who)
        if (nowMs > 0) return { is: 'locked', waitMs: nowMs }
        const found = await known(shown, who.isLocal)
        if (found === undefined) {
          failed(shown, who, by)
          return { is: 'wrong' }
        }
        onLogin('accepted', by, found)
        return { is: 'in', ...sessions.begin(found.user, found.role) }
      })
      return looked ?? { is: 'busy' }
    },
    visitOf(shown) {
      const id = idIn(shown.cookie)
      const session = id === undefined ? undefined : sessions.of(id)
      if (id === undefined || session === undefined) return undefined
      const isRead = READS.includes(shown.method)
      const write = isRead
        ? 'safe'
        : isForeign(shown)
          ? 'foreign'
          : isSame(shown.csrf ?? '', session.csrf)
            ? 'safe'
            : 'no csrf token'
      return { id, session, write }
    },
    isOpen: (id) => sessions.has(id),
    logout({ id, session: { user } }, everywhere) {
      if (everywhere) sessions.endAll((one) => one.user === user)
      else sessions.end(id)
    },
    isForeign,
    hasUsers: () => options.users.length > 0,
    lasts,
    cookieOf(id, isSecure) {
      const age = id === undefined ? 0 : Math.floor(lasts().lastsMs / 1000)
      return `${COOKIE}=${id ?? ''}; Path=/admin; Max-Age=${age}; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`
    },
    change(next) {
      const before = options
      options = next
      const isSameUser = (name: string) => {
        const [one, other] = [before, next].map(({ users }) => users.find((user) => user.name === name))
        return one?.role === other?.role && one?.passwordHash === other?.passwordHash
      }
      sessions.endAll(({ user }) => user !== TOKEN_HOLDER && !isSameUser(user))
      for (const lockout of Object.values(lockouts)) lockout.change(lockoutOf(next))
    },
  }
}

/** The id in a `Cookie` header. Of two nobody can say which was set here, so there is none. */
function idIn(cookie = ''): string | undefined {
  const found = cookie
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${COOKIE}=`))
  const id = found.length === 1 ? found[0]?.slice(COOKIE.length + 1) : undefined
  return id !== undefined && /^[\w-]{43}$/.test(id) ? id : undefined
}
