/** A client of the gateway that behaves like the worst of them, and knows how each of its calls must have ended. */
import { between, oneOf } from '../faults/prove.js'

/** How a call ended, in the words of the events; `left`: this client went before the end. */
export type Outcome = 'ok' | 'tool_error' | 'protocol_error' | 'transport_error' | 'cancelled' | 'process_exit' | 'left'
export type Tool = 'echo' | 'fail' | 'slow' | 'wait' | 'hang' | 'no-such-tool'

/** What all clients together saw: `<server> <tool> <outcome>` → calls, and what else they did. */
export class Ledger {
  readonly calls = new Map<string, number>()
  /** Sessions that the server opened. */
  sessions = 0
  abandoned = 0
  /** Requests that the gateway turned away: no session any more, or no room for a process. */
  refused = 0

  add(server: string, tool: Tool, outcome: Outcome): void {
    const key = `${server} ${tool} ${outcome}`
    this.calls.set(key, (this.calls.get(key) ?? 0) + 1)
  }

  /** Calls whose key has all these words. */
  count(...words: readonly string[]): number {
    let sum = 0
    for (const [key, count] of this.calls) if (words.every((word) => key.split(' ').includes(word))) sum += count
    return sum
  }
}

interface Reply {
  readonly id?: number
  readonly method?: string
  readonly result?: { readonly isError?: boolean }
  readonly error?: { readonly code: number; readonly data?: { readonly code: string } }
}

/** The session is gone, or was never had. */
class Refused extends Error {}

/** One session with a server behind the gateway at `url`, from its beginning to one of its possible ends. */
export async function liveOnce(url: string, server: string, random: () => number, ledger: Ledger): Promise<void> {
  const client = new SoakClient(`${url}/mcp/${server}`, server, ledger)
  try {
    await client.open()
    if (random() < 0.2) client.listen()
    for (let calls = between(random, 1, 60); calls > 0; calls--) {
      const tool = oneOf<Tool>(random, ['echo', 'echo', 'echo', 'fail', 'slow', 'wait', 'no-such-tool'])
      if ((await client.call(tool)) === 'process_exit') break
    }
    const end = random()
    if (end < 0.3) await client.call('hang')
    if (end < 0.6) ledger.abandoned++
    else await client.delete()
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    ledger.refused++
  } finally {
    client.drop()
  }
}

class SoakClient {
  readonly #address: string
  readonly #server: string
  readonly #ledger: Ledger
  readonly #gone = new AbortController()
  #session: string | undefined
  #lastId = 0

  constructor(address: string, server: string, ledger: Ledger) {
    this.#address = address
    this.#server = server
    this.#ledger = ledger
  }

  async open(): Promise<void> {
    const clientInfo = { name: 'soak', version: '1.0.0' }
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }
    const response = await this.#post({ id: ++this.#lastId, method: 'initialize', params })
    for await (const { error } of replies(response)) if (error) throw new Refused()
    this.#session = response.headers.get('mcp-session-id') ?? undefined
    this.#ledger.sessions++
    await drain(await this.#post({ method: 'notifications/initialized' }))
  }

  /** Opens the stream for what belongs to no call, until the client is gone. */
  listen(): void {
    fetch(this.#address, { headers: this.#headers(), signal: this.#gone.signal })
      .then(drain)
      .catch(() => {})
  }

  /** Calls a tool, does what belongs to it (`wait` is cancelled, `hang` left), and notes how it ended. */
  async call(tool: Tool): Promise<Outcome> {
    const id = ++this.#lastId
    const leaving = new AbortController()
    const params = { name: tool, arguments: {}, _meta: { progressToken: id } }
    const outcome = await this.#outcomeOf(id, tool, leaving, this.#post({ id, method: 'tools/call', params }, leaving))
    this.#ledger.add(this.#server, tool, outcome)
    return outcome
  }

  async delete(): Promise<void> {
    await drain(await fetch(this.#address, { method: 'DELETE', headers: this.#headers() }))
  }

  /** Breaks what is open off. */
  drop(): void {
    this.#gone.abort()
  }

  async #outcomeOf(id: number, tool: Tool, leaving: AbortController, posted: Promise<Response>): Promise<Outcome> {
    try {
      for await (const reply of replies(await posted)) {
        if (reply.id === id) return classify(reply)
        if (tool === 'wait') await this.#cancel(id)
        if (tool === 'hang') leaving.abort()
      }
    } catch (error) {
      if (leaving.signal.aborted) return 'left'
      throw error
    }
    if (tool === 'wait') return 'cancelled'
    throw new Error(`${tool} on ${this.#server} was never answered`)
  }

  async #cancel(id: number): Promise<void> {
    const params = { requestId: id }
    // Its session may be gone by now: then the call itself says so.
    await this.#post({ method: 'notifications/cancelled', params }).then(drain, ignoreRefusal)
  }

  async #post(message: object, { signal }: AbortController = this.#gone): Promise<Response> {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message })
    const response = await fetch(this.#address, { method: 'POST', headers: this.#headers(), body, signal })
    if (response.status !== 404 && response.status !== 503) return response
    await drain(response)
    throw new Refused()
  }

  #headers(): Record<string, string> {
    return {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(this.#session !== undefined && {
        'mcp-session-id': this.#session,
        'mcp-protocol-version': '2025-11-25',
      }),
    }
  }
}

function classify({ result, error }: Reply): Outcome {
  if (result) return result.isError ? 'tool_error' : 'ok'
  const code = error?.data?.code
  if (code === 'SERVER_ENDED') return 'process_exit'
  // A server may close a connection that it kept at the very moment when a call goes out on it: nothing is sent twice.
  return code === 'UPSTREAM_BROKEN_OFF' || code === 'UPSTREAM_UNREACHABLE' ? 'transport_error' : 'protocol_error'
}

function ignoreRefusal(error: unknown): void {
  if (!(error instanceof Refused)) throw error
}

async function drain(response: Response): Promise<void> {
  await response.arrayBuffer()
}

/** The messages of an answer, be it one body or an event stream. */
async function* replies(response: Response): AsyncGenerator<Reply> {
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
    const text = await response.text()
    if (text !== '') yield JSON.parse(text)
    return
  }
  let pending = ''
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    const events = (pending + chunk).split('\n\n')
    pending = events.pop()!
    for (const event of events) {
      const data = /^data: (.+)$/m.exec(event)?.[1]
      if (data !== undefined) yield JSON.parse(data)
    }
  }
}
