/** A client and a server of the deprecated HTTP+SSE transport that hide nothing. */
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Message } from '../conformance/source.js'
import { fixture, listen } from './gateway-harness.js'

export const sse = (address: string) => ({
  url: address,
  headers: {},
  transport: 'sse' as const,
  disabled: false,
})

export interface OpenStream {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  /** What has come, one character a byte, and the pieces it came in. */
  readonly text: string
  readonly pieces: readonly string[]
  /** `end`: as HTTP ends a body. `cut`: the connection was closed before. */
  readonly over: 'end' | 'cut' | undefined
  close(): void
}

/** Opens a stream by GET; resolves when its head is here. */
export function openStream(address: URL | string, headers: Record<string, string> = {}): Promise<OpenStream> {
  return new Promise((resolve, reject) => {
    const sent = get(address, { agent: false, headers: { accept: 'text/event-stream', ...headers } }, (answer) => {
      const pieces: string[] = []
      let over: OpenStream['over']
      answer.on('data', (chunk: Buffer) => pieces.push(chunk.toString('latin1')))
      answer.on('end', () => {
        over = 'end'
      })
      answer.on('error', () => {
        over ??= 'cut'
      })
      resolve({
        status: answer.statusCode!,
        headers: answer.headers,
        pieces,
        get text() {
          return pieces.join('')
        },
        get over() {
          return over
        },
        close: () => sent.destroy(),
      })
    })
    sent.on('error', reject)
  })
}

export const ENDPOINT = /event: endpoint\r?\ndata: ?([^\r\n]*)\r?\n\r?\n/

/** A client that posts what it is told to send, and hands out what comes. */
export class RawSseClient {
  readonly #address: URL
  readonly #onMessage: (message: Message) => void
  readonly #opened: Promise<OpenStream>
  #read = 0
  #timer: NodeJS.Timeout
  #sent: Promise<unknown> = Promise.resolve()

  constructor(address: URL, onMessage: (message: Message) => void) {
    this.#address = address
    this.#onMessage = onMessage
    this.#opened = openStream(address)
    this.#timer = setInterval(() => void this.#opened.then((stream) => this.#take(stream)), 5)
  }

  /** Messages leave in order. */
  send(message: Message): void {
    this.#sent = this.#sent.then(async () => {
      const address = new URL(await this.#endpoint(), this.#address)
      await fetch(address, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(message),
      }).catch(() => {})
    })
  }

  /** The stream is the session. */
  async leave(): Promise<void> {
    clearInterval(this.#timer)
    await this.#sent
    ;(await this.#opened).close()
  }

  async #endpoint(): Promise<string> {
    const stream = await this.#opened
    for (;;) {
      const found = ENDPOINT.exec(stream.text)
      if (found) return found[1]!
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  #take({ text }: OpenStream): void {
    for (let end = text.indexOf('\n\n', this.#read); end >= 0; end = text.indexOf('\n\n', this.#read)) {
      const data = /^event: message\ndata: (.*)$/m.exec(text.slice(this.#read, end))?.[1]
      this.#read = end + 2
      if (data !== undefined) this.#onMessage(JSON.parse(Buffer.from(data, 'latin1').toString('utf8')))
    }
  }
}

interface Scripted {
  createScripted(send: (message: Message) => void): (message: Message) => void
}

/** The scripted server over HTTP+SSE, with addresses that are nobody's convention. */
export async function serveScriptedSse() {
  const { createScripted }: Scripted = await import(fixture('scripted.mjs'))
  const sessions = new Map<string, (message: Message) => void>()
  const server = createServer((req, res) => {
    const { pathname, searchParams } = new URL(req.url!, 'http://localhost')
    if (req.method === 'GET' && pathname === '/deep/events') return open(res)
    const receive = sessions.get(searchParams.get('conversation') ?? '')
    if (req.method !== 'POST' || pathname !== '/in' || !receive) return res.writeHead(404).end('none')
    let body = ''
    req.on('data', (chunk) => {
      body += chunk
    })
    req.on('end', () => {
      res.writeHead(202).end('Accepted')
      receive(JSON.parse(body))
    })
    return undefined
  })
  function open(res: ServerResponse): void {
    const name = String(sessions.size)
    sessions.set(
      name,
      createScripted((message) => res.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`)),
    )
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    res.write(`event: endpoint\ndata: ../in?x=1&conversation=${name}\n\n`)
  }
  const address = await listen(server)
  return {
    address: `${address}/deep/events`,
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}
