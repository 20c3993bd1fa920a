import type { Finding } from '../contract.js'
import { type Answered, ask, isAnswer } from '../shared/web.js'
import { lasting, shown, shownUrl } from '../shared/words.js'
import { initialize, type Limits, openStream, type WebServer } from './first-questions.js'

/** An event stream that has nothing to say still begins at once. Later than this is late. Milliseconds. */
const LATE_MS = 2_000

/**
 * Looks whether an event stream arrives as it is sent: a proxy that collects it holds its head or its first event back, or
 * lets all of them go at once. `isWell`: a session came about all the same.
 */
export async function judgeStream(server: WebServer, limits: Limits, isWell: boolean): Promise<readonly Finding[]> {
  return server.transport === 'sse' ? oldStream(server, limits, isWell) : newStream(server, limits, isWell)
}

/** HTTP+SSE: its first event, `endpoint`, is due with the head. */
async function oldStream(server: WebServer, limits: Limits, isWell: boolean): Promise<readonly Finding[]> {
  const answer = await openStream(server, limits)
  if (!isAnswer(answer))
    return answer.code === 'TIMEOUT' && !isWell ? [heldBack(server, undefined, limits, isWell)] : []
  if (answer.status !== 200) return []
  if (answer.firstMs === undefined || answer.readTo === 'timeout') return [heldBack(server, answer, limits, isWell)]
  return answer.firstMs > LATE_MS ? [heldBack(server, answer, limits, isWell)] : []
}

/** Streamable HTTP: the stream of a session by GET has a head at once, or is refused. */
async function newStream(server: WebServer, limits: Limits, isWell: boolean): Promise<readonly Finding[]> {
  const { url, headers } = server
  const opened = await initialize(server, limits)
  if (!isAnswer(opened)) return []
  const session = opened.headers.get('mcp-session-id')
  const own = {
    ...headers,
    ...(session !== null && { 'mcp-session-id': session }),
    'mcp-protocol-version': '2025-11-25',
  }
  const stream = await ask(url, {
    headers: { ...own, accept: 'text/event-stream' },
    ...limits,
    until: () => true,
  })
  if (session !== null) await ask(url, { method: 'DELETE', headers: own, ...limits })
  if (!isAnswer(stream)) return stream.code === 'TIMEOUT' ? [heldBack(server, undefined, limits, isWell)] : []
  return stream.status === 200 && stream.headMs > LATE_MS ? [heldBack(server, stream, limits, isWell)] : []
}

function heldBack(server: WebServer, answer: Answered | undefined, { timeoutMs }: Limits, isWell: boolean): Finding {
  const isOld = server.transport === 'sse'
  const headers = answer?.headers
  const what = isOld ? 'The first event of its stream' : 'The head of its event stream'
  const lateMs = isOld ? answer?.firstMs : answer?.headMs
  const through = ['server', 'via', 'x-accel-buffering', 'content-encoding', 'content-length', 'x-cache'].flatMap(
    (name) => {
      const value = headers?.get(name)
      return value == null ? [] : [`${name}: ${shown(value)}`]
    },
  )
  const isAsked = headers?.get('x-accel-buffering')?.toLowerCase() === 'no'
  return {
    severity: isWell ? 'warning' : 'error',
    problem:
      lateMs === undefined || answer?.readTo === 'timeout'
        ? `${what} did not come within ${lasting(timeoutMs)}: something collects the stream.`
        : `${what} came after ${lasting(lateMs)}: something collects the stream.`,
    evidence: [
      `GET ${shownUrl(server.url)} with Accept: text/event-stream`,
      ...(through.length > 0 ? through : ['nothing in the answer tells of a proxy']),
      ...(headers && !isAsked ? ['X-Accel-Buffering: no is not among the headers'] : []),
    ],
    why: isOld
      ? 'Every answer of this transport comes on the stream: a client waits for the first one, and gives up.'
      : 'Notifications, progress and questions of the server come on the stream, too late or never.',
    next: 'Switch buffering and compression off for this path in each proxy on the way, or have the server send X-Accel-Buffering: no.',
    fix: [
      'proxy_buffering off; proxy_cache off; gzip off; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_read_timeout 1h;   # nginx, in the location',
      'X-Accel-Buffering: no   # a header of the server’s own answer',
      `curl -iN -H 'Accept: text/event-stream' '${shownUrl(server.url)}'`,
    ],
  }
}
