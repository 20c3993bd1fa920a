import { createServer, type ServerResponse } from 'node:http'
import type { Publish } from '../../packages/instrument/src/stream/index.js'
import type { ServerEntry } from '../../packages/server/src/children/index.js'
import { describeSource, type Message, type SourceUnderTest } from '../conformance/source.js'
import { fixture, listen, script, serve, url } from './gateway-harness.js'

/** A client of Streamable HTTP that hides nothing: what it is told to send it posts, what comes it hands out. */
class RawClient {
  readonly #address: URL
  readonly #onMessage: (message: Message) => void
  readonly #stop = new AbortController()
  #session: string | undefined
  #sent: Promise<unknown> = Promise.resolve()

  constructor(address: URL, onMessage: (message: Message) => void) {
    this.#address = address
    this.#onMessage = onMessage
  }

  /** Messages leave in order; one that is answered is not waited for. */
  send(message: Message): void {
    this.#sent = this.#sent.then(() => {
      const posted = this.#post(message).catch(() => {})
      return message.method === undefined || message.id === undefined ? posted : undefined
    })
  }

  async leave(): Promise<void> {
    await fetch(this.#address, { method: 'DELETE', headers: this.#headers() })
  }

  stop(): void {
    this.#stop.abort()
  }

  #headers(): Record<string, string> {
    return {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(this.#session && { 'mcp-session-id': this.#session, 'mcp-protocol-version': '2025-06-18' }),
    }
  }

  async #post(message: Message): Promise<void> {
    const response = await fetch(this.#address, {
      method: 'POST',
      headers: this.#headers(),
      body: JSON.stringify(message),
      signal: this.#stop.signal,
    })
    this.#session ??= response.headers.get('mcp-session-id') ?? undefined
    if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
      const text = await response.text()
      if (text !== '') this.#onMessage(JSON.parse(text))
      return
    }
    let pending = ''
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const events = (pending + chunk).split('\n\n')
      pending = events.pop()!
      for (const event of events) {
        const data = /^data: (.*)$/m.exec(event)?.[1]
        if (data !== undefined) this.#onMessage(JSON.parse(data))
      }
    }
  }
}

interface Scripted {
  createScripted(send: (message: Message) => void): (message: Message) => void
}

/** The scripted server over Streamable HTTP: every answer is an event stream, and one session at a time. */
async function serveScripted() {
  const open = new Map<unknown, ServerResponse>()
  const { createScripted }: Scripted = await import(fixture('scripted.mjs'))
  const receive = createScripted((message) => {
    const stream = open.get(message.id) ?? [...open.values()].at(-1)!
    stream.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`)
    if (message.method === undefined) {
      stream.end()
      open.delete(message.id)
    }
  })
  const server = createServer((req, res) => {
    let body = ''
    req.on('data', (chunk) => {
      body += chunk
    })
    req.on('end', () => {
      if (req.method === 'DELETE') return res.writeHead(200).end()
      const message = JSON.parse(body)
      if (message.method === undefined || message.id === undefined) res.writeHead(202).end()
      else {
        res.writeHead(200, { 'content-type': 'text/event-stream', 'mcp-session-id': 'the-session' }).flushHeaders()
        open.set(message.id, res)
      }
      receive(message)
      return undefined
    })
  })
  const address = await listen(server)
  const close = () => {
    server.closeAllConnections()
    server.close()
  }
  return { address, close }
}

async function underTest(
  entry: ServerEntry,
  publish: Publish,
  onMessage: (message: Message) => void,
  close = () => {},
): Promise<SourceUnderTest> {
  const harness = await serve({ scripted: entry }, { stopGraceMs: 100 }, publish)
  const client = new RawClient(harness.address('scripted'), onMessage)
  return {
    source: harness.gateway,
    send: (message) => client.send(message),
    leave: () => client.leave(),
    async dispose() {
      client.stop()
      await harness.stop()
      close()
    },
  }
}

describeSource({
  name: 'gateway in front of a stdio server',
  transport: 'http',
  open: (publish, onMessage) => underTest(script(fixture('scripted-stdio.mjs')), publish, onMessage),
})

describeSource({
  name: 'gateway in front of an HTTP server',
  transport: 'http',
  async open(publish, onMessage) {
    const { address, close } = await serveScripted()
    return underTest(url(`${address}/mcp`), publish, onMessage, close)
  },
})
