import type { IncomingMessage } from 'node:http'
import type { Access, Visit } from '../access/index.js'
import { type AdminCheck, isLoopback } from '../listen/index.js'
import { type Opener, ROUTES, type Route } from './routes.js'

/** Who asks, as the request shows. */
export interface Caller {
  /** On this machine, and nobody's proxy there. */
  readonly isHere: boolean
  /** The address, or what stands for it in limits. */
  readonly place: string
  /** The admin token was shown, or on this machine the owner's. */
  readonly hasToken: boolean
  /** The session of the dashboard that the request shows. */
  readonly visit: Visit | undefined
}

export interface AdmissionOptions {
  readonly isAdmin: AdminCheck
  readonly isOwner: AdminCheck
  readonly access: Pick<Access, 'visitOf'> | undefined
  readonly placeOf: (remote: string | undefined, forwardedFor: string | undefined) => string
  readonly heartbeatAccess: (name: string, authorization: string | undefined) => 'token' | 'open' | 'refused'
  readonly isScrapeOpen: () => boolean
  readonly isStatusPublic: () => boolean
  /** Told of each caller who showed no token that is right where one is asked for. */
  readonly onRefused: (reason: 'missing' | 'unknown') => void
}

/** What goes by the table of routes: who is let in where. */
export interface Admission {
  callerOf(request: IncomingMessage, route: Openers): Caller
  /** Undefined: they may come in. Else what they get. `url`: what the route was found by. */
  refusalOf(request: IncomingMessage, route: Openers, caller: Caller, url: string): Response | undefined
}

type Openers = Pick<Route, 'here' | 'elsewhere'> & Partial<Pick<Route, 'path'>>

const HEARTBEAT_PATH = /^\/heartbeat\/([^/?#]+)/
/** A connection from this machine that was forwarded there is one from elsewhere. */
const isOfAdmin = (path: string) => path.startsWith('/admin/') || path === ROUTES.agentMcp.path

export function createAdmission(options: AdmissionOptions): Admission {
  const { isAdmin, isOwner, access, placeOf, heartbeatAccess, isScrapeOpen, isStatusPublic, onRefused } = options
  const isShown: Readonly<Record<Opener, (request: IncomingMessage, caller: Caller, url: string) => boolean>> = {
    nothing: () => true,
    'nothing, with listen.openScrape': isScrapeOpen,
    'nothing, with status.public': isStatusPublic,
    'admin token': ({ headers }) => isAdmin(headers.authorization),
    'heartbeat token': ({ headers }, _, url) => accessOf(url, headers.authorization) === 'token',
    'nothing, without a heartbeat token': ({ headers }, _, url) => accessOf(url, headers.authorization) === 'open',
    'owner token': ({ headers }) => isOwner(headers.authorization),
    'session viewer': (_, { visit }) => visit?.write === 'safe',
    'session admin': (_, { visit }) => visit?.write === 'safe' && visit.session.role === 'admin',
    // They ask for their credentials themselves.
    'nothing, without doors.keys': () => true,
    'ingest token': () => true,
    key: () => true,
    signature: () => true,
  }

  function accessOf(url: string, authorization: string | undefined) {
    const name = HEARTBEAT_PATH.exec(new URL(url).pathname)?.[1] ?? ''
    return heartbeatAccess(decoded(name), authorization)
  }

  return {
    callerOf(request, { path = '' }) {
      const { headers, socket, method = 'GET' } = request
      const { authorization, host, origin, cookie } = headers
      const isForwarded = isOfAdmin(path) && (headers.forwarded ?? headers['x-forwarded-for']) !== undefined
      const isHere = isLoopback(socket.remoteAddress) && !isForwarded
      const one = (name: string) => (typeof headers[name] === 'string' ? headers[name] : undefined)
      const shown = { csrf: one('x-csrf-token'), fetchSite: one('sec-fetch-site') }
      return {
        isHere,
        place: placeOf(socket.remoteAddress, one('x-forwarded-for')),
        hasToken: authorization !== undefined && (isAdmin(authorization) || (isHere && isOwner(authorization))),
        visit: cookie === undefined ? undefined : access?.visitOf({ method, cookie, host, origin, ...shown }),
      }
    },
    refusalOf(request, { here, elsewhere }, caller, url) {
      const openers = caller.isHere ? here : elsewhere
      if (openers.some((opener) => isShown[opener](request, caller, url))) return undefined
      const { visit } = caller
      const takesSessions = openers.some((opener) => opener.startsWith('session '))
      if (visit && takesSessions) return problem(403, FORBIDDEN[visit.write])
      const { authorization, cookie } = request.headers
      // A session that is over is nobody who guesses.
      if (authorization !== undefined || cookie === undefined || !takesSessions)
        onRefused(authorization === undefined ? 'missing' : 'unknown')
      return askForToken(openers, request)
    },
  }
}

const FORBIDDEN: Readonly<Record<Visit['write'], string>> = {
  safe: 'This needs the role admin.',
  foreign: 'Refused: a page of another site asks for it.',
  'no csrf token': 'Refused: X-CSRF-Token is not the one that /admin/api/session tells.',
}

/** Where the tokens stand that a caller can show. */
const TOKENS: Partial<Readonly<Record<Opener, string>>> = {
  'owner token': 'what the state directory has in owner-token',
  'admin token': '<listen.adminToken> (MCP_VITALS_ADMIN_TOKEN)',
  'heartbeat token': 'the token of this heartbeat',
}

function askForToken(openers: readonly Opener[], { headers }: IncomingMessage): Response {
  const tokens = openers.flatMap((opener) => TOKENS[opener] ?? []).join(', or ')
  const takesSessions = openers.some((opener) => opener.startsWith('session '))
  const needs =
    tokens === ''
      ? 'This needs a session: log in at /admin/dashboard.'
      : `This needs a token. Authorization: Bearer ${tokens}.${takesSessions ? ' Or log in at /admin/dashboard.' : ''}`
  // Of a script's request a browser would ask the person for a password, in a window of its own.
  const isScript = (headers['sec-fetch-mode'] ?? 'navigate') !== 'navigate'
  return problem(401, needs, {
    'cache-control': 'no-store',
    'www-authenticate': `Bearer realm="mcp-vitals"${isScript ? '' : ', Basic realm="mcp-vitals"'}`,
  })
}

/** An answer that says what is wrong. */
export function problem(status: number, message: string, headers: Record<string, string> = {}): Response {
  return Response.json({ error: message }, { status, headers })
}

/** A part of a path without its escapes; as it is where they are none. */
export function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
