import { Agent, type IncomingMessage, request } from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'
import { Readable } from 'node:stream'

/** Requests of one check. */
export interface CheckConnections {
  readonly fetch: typeof fetch
  /** Ends its connections. */
  close(): void
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
/** Statuses of answers that have no body, as `Response` will have it. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304])

/**
 * A fetch whose requests share connections, and which reads an answer that is no stream at once. Node's own opens one for
 * each request that is not to be kept alive, and reads every answer through web streams: that was half of what a check
 * costs. The GET by which a client listens to what a server may want to say is answered here by 405, which every server
 * may do: a check ends before there is anything.
 */
export function connectionsOfOneCheck(): CheckConnections {
  const [agent, tlsAgent] = [new Agent({ keepAlive: true }), new TlsAgent({ keepAlive: true })]
  return {
    async fetch(input, init = {}) {
      const { method = 'GET', body, signal } = init
      // What the transports of the SDK never send is none of ours.
      if (!(input instanceof URL) || (typeof body !== 'string' && body !== undefined && body !== null))
        return fetch(input, init)
      if (method === 'GET') return new Response(null, { status: 405 })
      const headers = Object.fromEntries(new Headers(init.headers))
      const isTls = input.protocol === 'https:'
      const answer = await new Promise<IncomingMessage>((resolve, reject) => {
        const options = { method, headers, ...(signal && { signal }) }
        const sent = isTls
          ? tlsRequest(input, { ...options, agent: tlsAgent }, resolve)
          : request(input, { ...options, agent }, resolve)
        sent.on('error', reject).end(body ?? undefined)
      })
      const status = answer.statusCode ?? 0
      if (REDIRECTS.has(status)) {
        answer.resume()
        return fetch(input, init)
      }
      return responseOf(answer, status)
    },
    close() {
      agent.destroy()
      tlsAgent.destroy()
    },
  }
}

async function responseOf(answer: IncomingMessage, status: number): Promise<Response> {
  const headers = new Headers()
  for (let index = 0; index < answer.rawHeaders.length; index += 2)
    headers.append(answer.rawHeaders[index]!, answer.rawHeaders[index + 1]!)
  const about = { status, headers }
  if (BODILESS.has(status)) {
    answer.resume()
    return new Response(null, about)
  }
  if (/^text\/event-stream\b/i.test(answer.headers['content-type'] ?? ''))
    return new Response(Readable.toWeb(answer) as ReadableStream<Uint8Array>, about)
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk as Buffer)
  return new Response(Buffer.concat(chunks), about)
}
