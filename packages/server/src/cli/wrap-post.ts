import { type Batch, BatchEncoder, type Receipt, receiptOf } from '@mcp-vitals/instrument/ship'
import type { DataDir } from '../datadir/index.js'
import type { CallTaker, HttpClient } from '../http-client/index.js'

const TIMEOUT_MS = 10_000
/** Longest head of an answer. That of node:http would have it loaded, a megabyte beside every server. Bytes. */
const MAX_HEAD_BYTES = 16 * 1024
/** Longest answer that is read, bytes. */
const MAX_ANSWER_BYTES = 1024 * 1024

/** A daemon as it was found. */
interface Target {
  readonly url: URL
  readonly token: string
  readonly client: HttpClient
}

/**
 * Sends batches to the daemon of a state directory, wherever it is at the moment. By the client of the gateway: that of
 * node:http takes more CPU for a post than to read and to write all the events that it carries.
 */
export function createPost(dataDir: Pick<DataDir, 'findDaemon' | 'token'>): (batch: Batch) => Promise<Receipt> {
  const encoder = new BatchEncoder()
  let target: Target | undefined

  async function find(): Promise<Target> {
    const daemon = await dataDir.findDaemon()
    if (!daemon) throw new Error('no daemon runs')
    // Loaded when there is a daemon: a wrap without one never pays for it.
    const { HttpClient } = await import('../http-client/index.js')
    const url = new URL('/v1/events', daemon.url)
    const setup = { connectTimeoutMs: () => TIMEOUT_MS, maxHeadBytes: MAX_HEAD_BYTES, clock: () => performance.now() }
    return { url, token: await dataDir.token(), client: new HttpClient(url, setup) }
  }

  return async (batch) => {
    try {
      target ??= await find()
      return await send(target, encoder.encode(batch))
    } catch (error) {
      // It may have gone, moved, or got another token.
      target?.client.stop()
      target = undefined
      throw error
    }
  }
}

function send({ url, token, client }: Target, body: Uint8Array): Promise<Receipt> {
  return new Promise((resolve, reject) => {
    const answer = new Answer(resolve, fail)
    const headers = {
      Host: url.host,
      Authorization: `Bearer ${token}`,
      'Content-Type': 'application/json',
      'Content-Length': String(body.length),
    }
    const head = { method: 'POST', path: url.pathname, rawHeaders: Object.entries(headers).flat() }
    const call = client.send(head, answer)
    const timer = setTimeout(() => fail(new Error('the daemon did not answer in time')), TIMEOUT_MS)
    answer.onSettled = () => clearTimeout(timer)
    function fail(error: Error): void {
      answer.onSettled()
      call.destroy()
      reject(error)
    }
    call.end(Buffer.from(body.buffer, body.byteOffset, body.length))
  })
}

/** Reads the answer to one post. */
class Answer implements CallTaker {
  onSettled = () => {}
  readonly onError: (error: Error) => void
  readonly #onReceipt: (receipt: Receipt) => void
  readonly #chunks: Buffer[] = []
  #sizeBytes = 0
  #status = 0

  constructor(onReceipt: (receipt: Receipt) => void, onError: (error: Error) => void) {
    this.#onReceipt = onReceipt
    this.onError = onError
  }

  onHead({ status }: { readonly status: number }): void {
    this.#status = status
  }

  onData(chunk: Buffer): void {
    this.#sizeBytes += chunk.length
    if (this.#sizeBytes > MAX_ANSWER_BYTES) this.onError(new Error('the answer is too long'))
    else this.#chunks.push(chunk)
  }

  onEnd(): void {
    this.onSettled()
    try {
      this.#onReceipt(receiptOf(this.#status, Buffer.concat(this.#chunks).toString()))
    } catch (error) {
      this.onError(error as Error)
    }
  }

  onInformation(): void {}
  onConnected(): void {}
  onDrain(): void {}
  onTold(): void {}
}
