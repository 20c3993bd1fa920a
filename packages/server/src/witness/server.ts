import { createServer, type IncomingMessage, type Server } from 'node:http'
import { MAX_SUBMISSION_BYTES } from '../audit/index.js'
import type { Witness } from './witness.js'

/** Longest time that a request may take to come in. Milliseconds. */
const REQUEST_TIMEOUT_MS = 10_000
const PATH = '/add-checkpoint'

/**
 * The HTTP face of a witness by C2SP's tlog-witness: `POST /add-checkpoint`, and nothing else. It needs no credential: a
 * log is known by its signatures. `onFault` is told why a checkpoint was not kept.
 */
export function createWitnessServer(witness: Witness, onFault: (error: Error) => void): Server {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    const end = (status: number, body: string, type = 'text/plain; charset=utf-8') =>
      response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body)
    if (request.url !== PATH) return void end(404, `There is POST ${PATH} here.\n`)
    if (request.method !== 'POST') return void end(405, `There is POST ${PATH} here.\n`)
    readBody(request)
      .then(async (body) => {
        if (body === undefined) return end(413, `A submission has ${MAX_SUBMISSION_BYTES} bytes at most.\n`)
        const { status, body: text } = await witness.add(body)
        return end(status, text, status === 409 ? 'text/x.tlog.size' : undefined)
      })
      .catch((error: Error) => {
        onFault(error)
        if (!response.headersSent) end(500, 'The checkpoint was not kept, and so not signed.\n')
      })
  })
  return server
}

async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    if (sizeBytes > MAX_SUBMISSION_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
