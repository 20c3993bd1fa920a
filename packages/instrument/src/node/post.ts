import http from 'node:http'
import https from 'node:https'
import type { Target } from './daemon.js'
import { MAX_ANSWER_BYTES, POST_TIMEOUT_MS } from './options.js'

/** A daemon's answer. */
export interface PostAnswer {
  readonly status: number
  readonly text: string
}

/** Posts to a daemon over one connection, which never keeps the process alive. */
export class Poster {
  readonly #agents = {
    'http:': new http.Agent({ keepAlive: true, maxSockets: 1 }),
    'https:': new https.Agent({ keepAlive: true, maxSockets: 1 }),
  }

  /** Resolves to the daemon's answer to `body` (JSON), whatever it says. Rejects where there was none. */
  post({ url, token }: Target, body: Uint8Array | string): Promise<PostAnswer> {
    const isTls = url.protocol === 'https:'
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    }
    const agent = this.#agents[isTls ? 'https:' : 'http:']
    return new Promise((resolve, reject) => {
      const settings = { method: 'POST', agent, headers, timeout: POST_TIMEOUT_MS }
      const sent = (isTls ? https : http).request(url, settings, (response) => {
        readAnswer(response).then(resolve, reject)
      })
      sent.once('socket', (socket) => socket.unref())
      sent.once('timeout', () => sent.destroy(new Error('the daemon did not answer in time')))
      sent.once('error', reject)
      sent.end(body)
    })
  }

  close(): void {
    for (const agent of Object.values(this.#agents)) agent.destroy()
  }
}

async function readAnswer(response: http.IncomingMessage): Promise<PostAnswer> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    if (sizeBytes > MAX_ANSWER_BYTES) throw new Error('the answer is too long')
    chunks.push(chunk)
  }
  return { status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }
}
