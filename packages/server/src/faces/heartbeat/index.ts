/** What somebody tells of itself. */
export interface Told {
  readonly ok: boolean
  /** Its exit status, where it told that. */
  readonly status?: number
}

export interface HeartbeatInputs {
  /** Takes a heartbeat. `unknown`: none of the name is waited for. `unkept`: it counts, and a restart does not know of it. */
  readonly take: (name: string, told: Told) => Promise<'kept' | 'unkept' | 'unknown'>
  readonly names: () => readonly string[]
}

const PATH = /\/heartbeat\/([^/]+)(?:\/([^/]+))?$/
const STATUS = /^(?:\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])$/

/**
 * `GET`, `HEAD` or `POST /heartbeat/<name>`: it is well. `/heartbeat/<name>/fail`: it is not. `/heartbeat/<name>/<exit status>`:
 * 0 is well. A body is not read. Who may, is looked at before.
 */
export function createHeartbeatFace({ take, names }: HeartbeatInputs): (request: Request) => Promise<Response> {
  return async (request) => {
    // A page in a browser of this machine needs no Origin to ask for a picture.
    const site = request.headers.get('sec-fetch-site')
    if (site !== null && site !== 'none' && site !== 'same-origin')
      return problem(403, 'Heartbeats are not taken from pages of other sites.')
    const [, name = '', outcome] = PATH.exec(new URL(request.url).pathname) ?? []
    const told = toldBy(outcome)
    if (!told)
      return problem(
        400,
        `/heartbeat/${name}/ is followed by "fail" or an exit status from 0 to 255, for example /heartbeat/${name}/1`,
      )
    const taken = await take(decoded(name), told)
    if (taken === 'kept') return new Response('OK\n', { headers: HEADERS })
    if (taken === 'unkept')
      return problem(
        503,
        'This heartbeat counts for now, and could not be written: a restart would not know of it. Free some space in the state directory, or mend its disk, and send it again.',
      )
    const known = names().join(', ') || 'none yet'
    return problem(
      404,
      `There is no heartbeat of this name. Known: ${known}. One is a component of type "heartbeat" under monitor.components.`,
    )
  }
}

const HEADERS = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }

function toldBy(outcome: string | undefined): Told | undefined {
  if (outcome === undefined) return { ok: true }
  if (outcome === 'fail') return { ok: false }
  return STATUS.test(outcome) ? { ok: outcome === '0', status: Number(outcome) } : undefined
}

function problem(status: number, error: string): Response {
  return Response.json({ error }, { status, headers: { 'cache-control': 'no-store' } })
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
