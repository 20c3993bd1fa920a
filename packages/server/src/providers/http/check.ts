import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { CheckFailure, type Probe } from '../check.js'
import type { HttpOptions } from './options.js'

/** Well: the status is expected. The body is not read, and the connection is not kept. */
export function httpProbe({ url, method, headers, expectStatus }: HttpOptions): Probe {
  const isExpected = expectation(expectStatus)
  const open = url.startsWith('https:') ? requestHttps : requestHttp
  return async (signal) => {
    const request = open(url, { method, headers: { 'user-agent': 'mcp-vitals', ...headers }, agent: false, signal })
    try {
      request.end()
      const status = await statusOf(request, signal)
      if (!isExpected(status)) throw new CheckFailure('status', String(status))
    } finally {
      // An abort that comes while it is torn down is an error event, too.
      request.on('error', () => {}).destroy()
    }
  }
}

async function statusOf(request: ClientRequest, signal: AbortSignal): Promise<number> {
  const [response] = (await once(request, 'response', { signal })) as [IncomingMessage]
  response.on('error', () => {})
  return response.statusCode ?? 0
}

function expectation(expected: HttpOptions['expectStatus']): (status: number) => boolean {
  if (expected === undefined) return (status) => status >= 200 && status < 400
  const list = typeof expected === 'number' ? [expected] : expected
  return (status) => list.includes(status)
}
