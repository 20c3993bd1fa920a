import { newClient, withOldTransport, withTransport } from '../../checks/index.js'
import type { Asked, Finding, Patient } from '../contract.js'
import { type Answered, isAnswer, jsonIn, type Unanswered } from '../shared/web.js'
import { shown, shownUrl } from '../shared/words.js'
import { initialize, type Limits, limitsOf, openStream, type WebServer } from './first-questions.js'
import { lookAround, type SessionSeen } from './session.js'
import { judgeStream } from './streams.js'
import { judgeSilence, judgeStatus, judgeWords } from './web-words.js'

type Need = Pick<Patient, 'signal' | 'asked'>

export interface WebTrial {
  readonly seen: SessionSeen | undefined
  readonly findings: readonly Finding[]
}

/** Where servers of others have their endpoints. */
const USUAL_PATHS = ['/mcp', '/sse']

/** Opens a session as a client does; where that fails, asks by hand to see why, and where it works, looks at its stream. */
export async function tryWeb(server: WebServer, { signal, asked }: Need): Promise<WebTrial> {
  signal.throwIfAborted()
  try {
    const seen = await openSession(server, asked, signal)
    return { seen, findings: await judgeStream(server, limitsOf({ signal, asked }), true) }
  } catch (error) {
    signal.throwIfAborted()
    return { seen: undefined, findings: [await explain(server, { signal, asked }, error)] }
  }
}

async function openSession({ url, headers, transport }: WebServer, asked: Asked, signal: AbortSignal) {
  const client = newClient(transport === 'sse' ? 'legacy' : 'auto')
  // Not kept alive: nothing of it is left afterwards.
  const limit = AbortSignal.any([signal, AbortSignal.timeout(2 * asked.timeoutMs)])
  const requests = { url, headers: { ...headers, connection: 'close' }, signal: limit }
  try {
    return transport === 'sse'
      ? await withOldTransport(requests, (end) => lookAround(client, end, asked))
      : await withTransport(requests, (end) => lookAround(client, end, asked))
  } finally {
    await client.close().catch(() => {})
  }
}

/** Why no session came about: the answer to the first question is looked at, byte by byte if need be. */
async function explain(server: WebServer, need: Need, error: unknown): Promise<Finding> {
  const { transport } = server
  const limits = limitsOf(need)
  const answer = transport === 'sse' ? await openStream(server, limits) : await initialize(server, limits)
  if (!isAnswer(answer)) {
    const buffered = answer.code === 'TIMEOUT' ? await judgeStream(server, limits, false) : []
    return buffered[0] ?? judgeSilence(server, answer.code)
  }
  if (isMissed(answer.status)) {
    const found = await otherPlace(server, limits)
    if (found) return found(answer.status)
  }
  const wrong = judgeStatus(server, answer)
  if (wrong) return wrong
  const words = judgeWords(server, answer)
  if (words) return words
  const [stream] = await judgeStream(server, limits, false)
  if (stream) return stream
  return {
    severity: 'error',
    problem: 'Its first answer is right, and the session failed after it.',
    evidence: [
      `asked at ${shownUrl(server.url)}`,
      `a client’s error: ${shown(error instanceof Error ? error.message : String(error))}`,
    ],
    why: 'A client fails there as well.',
    next: 'Look into the server’s own log at this time.',
    fix: [`curl -i ${shownUrl(server.url)}`],
  }
}

const isMissed = (status: number): boolean => status === 404 || status === 405 || status === 400

/** Looks whether the other transport is spoken there, or MCP at a usual path of the same server. */
async function otherPlace(server: WebServer, limits: Limits): Promise<((status: number) => Finding) | undefined> {
  const { url, transport } = server
  const paths = USUAL_PATHS.map((path) => new URL(path, url).href).filter((path) => path !== url)
  for (const place of [url, ...paths]) {
    const there = { ...server, url: place }
    const speaks = [
      ...(place !== url || transport === 'sse' ? [['http', isRpc(await initialize(there, limits))] as const] : []),
      ...(place !== url || transport === 'http' ? [['sse', isEndpoint(await openStream(there, limits))] as const] : []),
    ].find(([, isIt]) => isIt)?.[0]
    if (speaks) return (status) => elsewhere(server, status, place, speaks)
  }
  return undefined
}

function elsewhere({ url, transport }: WebServer, status: number, place: string, speaks: 'http' | 'sse'): Finding {
  const names = { http: 'Streamable HTTP', sse: 'the deprecated HTTP+SSE' }
  const entry = { url: shownUrl(place), ...(speaks === 'sse' && { transport: 'sse' }) }
  return {
    severity: 'error',
    problem:
      place === url
        ? `It speaks ${names[speaks]}, and is configured for ${names[transport]}.`
        : `There is no MCP at this path; at ${shownUrl(place)} it speaks ${names[speaks]}.`,
    evidence: [
      `${transport === 'sse' ? 'GET' : 'POST'} ${shownUrl(url)} was answered with HTTP ${status}`,
      `${speaks === 'sse' ? 'GET' : 'POST'} ${shownUrl(place)} was answered as MCP is`,
    ],
    why: 'No session comes about, so a client shows no tool of it.',
    next: 'Write its entry so.',
    fix: [JSON.stringify(entry)],
  }
}

function isRpc(answer: Answered | Unanswered): boolean {
  if (!isAnswer(answer)) return false
  const data = /^data: ?(.*)$/m.exec(answer.text)?.[1] ?? answer.text
  return jsonIn<{ jsonrpc?: unknown } | null>(data)?.jsonrpc === '2.0' && answer.status === 200
}

function isEndpoint(answer: Answered | Unanswered): boolean {
  return isAnswer(answer) && answer.status === 200 && /^event: ?endpoint\b/m.test(answer.text)
}
