import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { CheckFailure, type Probe, type Seen } from '../check.js'
import type { HttpOptions } from './options.js'

/** Most of a body that is read. */
const MAX_BODY_BYTES = 1 << 20
const DAY_MS = 86_400_000

/**
 * Well: the status is expected, and so is the body, which is read only where something of it is. A certificate that soon
 * ends is weak. The connection is not kept.
 */
export function httpProbe(options: HttpOptions): Probe {
  const { url, method, headers, expectStatus } = options
  const isExpected = expectation(expectStatus)
  const isRead = options.expectBody !== undefined || Object.keys(options.expectJson).length > 0
  const open = url.startsWith('https:') ? requestHttps : requestHttp
  return async (signal) => {
    const request = open(url, { method, headers: { 'user-agent': 'mcp-vitals', ...headers }, agent: false, signal })
    try {
      request.end()
      const response = await answerOf(request, signal)
      const status = response.statusCode ?? 0
      if (!isExpected(status)) throw new CheckFailure('status', String(status))
      if (isRead) compare(await bodyOf(response), options)
      return seenOf(request.socket, options.minTlsDays)
    } finally {
      // An abort that comes while it is torn down is an error event, too.
      request.on('error', () => {}).destroy()
    }
  }
}

async function answerOf(request: ClientRequest, signal: AbortSignal): Promise<IncomingMessage> {
  const [response] = (await once(request, 'response', { signal })) as [IncomingMessage]
  response.on('error', () => {})
  return response
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    sizeBytes += chunk.length
    if (sizeBytes >= MAX_BODY_BYTES) break
  }
  return Buffer.concat(chunks).subarray(0, MAX_BODY_BYTES).toString()
}

function compare(body: string, { expectBody, expectJson }: HttpOptions): void {
  if (expectBody !== undefined && !body.includes(expectBody)) throw new CheckFailure('unexpected_body')
  const expected = Object.entries(expectJson)
  if (expected.length === 0) return
  let document: unknown
  try {
    document = JSON.parse(body)
  } catch {
    throw new CheckFailure('invalid_answer')
  }
  if (expected.some(([path, value]) => at(document, path) !== value)) throw new CheckFailure('unexpected_body')
}

function at(document: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((inner, key) => {
    return typeof inner === 'object' && inner !== null && Object.hasOwn(inner, key)
      ? (inner as Readonly<Record<string, unknown>>)[key]
      : undefined
  }, document)
}

function seenOf(socket: ClientRequest['socket'], minTlsDays: number): Seen {
  const certificate = (socket as TLSSocket | null)?.getPeerCertificate?.()
  if (certificate?.valid_to === undefined) return {}
  const daysLeft = (Date.parse(certificate.valid_to) - Date.now()) / DAY_MS
  return daysLeft < minTlsDays ? { weak: 'certificate_ends', code: String(Math.max(0, Math.floor(daysLeft))) } : {}
}

function expectation(expected: HttpOptions['expectStatus']): (status: number) => boolean {
  if (expected === undefined) return (status) => status >= 200 && status < 400
  const list = typeof expected === 'number' ? [expected] : expected
  return (status) => list.includes(status)
}
