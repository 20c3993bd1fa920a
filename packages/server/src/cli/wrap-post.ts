import type { Agent, IncomingMessage } from 'node:http'
import { type Batch, BatchEncoder, type Receipt, receiptOf } from '@mcp-vitals/instrument/ship'
import type { DataDir } from '../datadir/index.js'

const TIMEOUT_MS = 10_000
/** Longest answer that is read, bytes. */
const MAX_ANSWER_BYTES = 1024 * 1024

/** Sends batches to the daemon of a state directory, wherever it is at the moment. */
export function createPost(dataDir: Pick<DataDir, 'findDaemon' | 'token'>): (batch: Batch) => Promise<Receipt> {
  const encoder = new BatchEncoder()
  let agent: Agent | undefined
  let target: { url: URL; token: string } | undefined

  async function find(): Promise<{ url: URL; token: string }> {
    const daemon = await dataDir.findDaemon()
    if (!daemon) throw new Error('no daemon runs')
    return { url: new URL('/v1/events', daemon.url), token: await dataDir.token() }
  }

  return async (batch) => {
    try {
      target ??= await find()
      // Loaded when there is a daemon: a wrap without one never pays for it.
      const http = await import('node:http')
      agent ??= new http.Agent({ keepAlive: true, maxSockets: 1 })
      return await send(http.request, agent, target, encoder.encode(batch))
    } catch (error) {
      // It may have gone, moved, or got another token.
      target = undefined
      throw error
    }
  }
}

function send(
  request: typeof import('node:http').request,
  agent: Agent,
  { url, token }: { readonly url: URL; readonly token: string },
  body: Uint8Array,
): Promise<Receipt> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'content-length': body.length,
    }
    const sent = request(url, { method: 'POST', agent, headers, timeout: TIMEOUT_MS }, (response) => {
      readReceipt(response).then(resolve, reject)
    })
    sent.once('timeout', () => sent.destroy(new Error('the daemon did not answer in time')))
    sent.once('error', reject)
    sent.end(body)
  })
}

async function readReceipt(response: IncomingMessage): Promise<Receipt> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    if (sizeBytes > MAX_ANSWER_BYTES) throw new Error('the answer is too long')
    chunks.push(chunk)
  }
  return receiptOf(response.statusCode ?? 0, Buffer.concat(chunks).toString())
}
