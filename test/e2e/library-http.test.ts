import { request } from 'node:http'
import { describe, expect, test } from 'vitest'
import { type Page, scrape } from '../fixtures/library/page.js'
import { serve } from '../fixtures/library/serve.js'
import { until } from '../fixtures/until.js'
import { promises } from '../requirements.js'

const FRAMEWORKS = ['node', 'express', 'hono', 'hono-fetch', 'fastify', 'fetch']
const WITH_ROUTES = ['express', 'hono', 'hono-fetch', 'fastify']
/** One that sees Node's own request can count what has no Content-Length. */
const COUNTS_CHUNKS = ['node', 'hono']

const http = (name: string, labels: string) => `mcp_http_${name}{server="shop",${labels}}`

/** An exchange is told of when it is over, which may be after its client has its answer. */
async function pageWith(url: string, isThere: (page: Page) => boolean): Promise<Page> {
  let page = await scrape(`${url}/metrics`)
  await until(
    async () => {
      page = await scrape(`${url}/metrics`)
      return isThere(page)
    },
    5_000,
    () => page.text,
  )
  return page
}

async function post(url: string, body: string, headers: Record<string, string> = {}): Promise<string> {
  const response = await fetch(url, { method: 'POST', body, headers: { 'content-type': 'text/plain', ...headers } })
  return response.text()
}

/** A body in chunks, without Content-Length. */
function postChunks(url: string, chunks: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: 'POST', headers: { 'content-type': 'text/plain' } }, (answer) =>
      answer.resume().on('end', resolve),
    ).on('error', reject)
    for (const chunk of chunks) sent.write(chunk)
    sent.end()
  })
}

describe.each(FRAMEWORKS)('%s', (framework) => {
  test(
    promises(
      'D1.metric.http-requests',
      'D1.metric.http-request-duration',
      'D1.metric.http-request-size',
      'D1.metric.http-response-size',
    ),
    async () => {
      const prefix = 'mcp_dust_server'
      const url = await serve('shop.mjs', [framework, '--contract'], { METRICS_PREFIX: prefix })
      expect(await post(`${url}/mcp?key=hunter2`, 'abcdé')).toBe('héllo')
      const mcp = '{method="POST",path="/mcp"'
      const page = await pageWith(url, ({ value }) => value(`${prefix}_http_requests_total${mcp},status="200"}`) === 1)
      expect(page.value(`${prefix}_http_request_size_bytes_sum${mcp}}`)).toBe(6)
      expect(page.value(`${prefix}_http_response_size_bytes_sum${mcp}}`)).toBe(6)
      expect(page.value(`${prefix}_http_request_duration_seconds_count${mcp}}`)).toBe(1)
      expect(page.text).not.toContain('hunter2')
    },
  )

  test('tells why callers were refused', async () => {
    const url = await serve('shop.mjs', [framework])
    await post(`${url}/refused`, '')
    await post(`${url}/refused`, '', { authorization: 'Bearer hunter2' })
    await post(`${url}/forbidden`, '', { authorization: 'Bearer hunter2' })
    const forbidden = 'mcp_auth_failures_total{server="shop",reason="forbidden"}'
    const page = await pageWith(url, ({ value }) => value(forbidden) === 1)
    expect(page.value('mcp_auth_failures_total{server="shop",reason="no_credentials"}')).toBe(1)
    expect(page.value('mcp_auth_failures_total{server="shop",reason="unauthorized"}')).toBe(1)
    expect(page.text).not.toContain('hunter2')
  })

  test(promises('A3.metric.http-rate-limit-hits', 'A3.metric.auth-failures'), async () => {
    const url = await serve('shop.mjs', [framework, '--contract'])
    for (const path of ['refused', 'forbidden', 'slow-down', 'not-acceptable']) await post(`${url}/${path}`, '')
    const last = 'mcp_http_requests_total{method="POST",path="/not-acceptable",status="406"}'
    const page = await pageWith(url, ({ value }) => value(last) === 1)
    expect(page.value('mcp_auth_failures_total')).toBe(2)
    expect(page.value('mcp_http_rate_limit_hits_total')).toBe(1)
  })

  test('names routes and never addresses', async () => {
    const url = await serve('shop.mjs', [framework])
    for (const id of ['17', '18']) await (await fetch(`${url}/users/${id}`)).text()
    for (const id of ['17', '18']) await (await fetch(`${url}/nothing/${id}`)).text()
    const count = WITH_ROUTES.includes(framework) ? 2 : 4
    const unknown = http('requests_total', 'method="GET",path="unknown",status="404"')
    const page = await pageWith(url, ({ value }) => value(unknown) === count)
    if (count === 2) expect(page.value(http('requests_total', 'method="GET",path="/users/:id",status="200"'))).toBe(2)
    expect(page.text).not.toMatch(/path="[^"]*1[78]/)
  })

  test('shows its metrics in the format that is asked for', async () => {
    const url = await serve('shop.mjs', [framework])
    const page = await scrape(`${url}/metrics`, 'application/openmetrics-text;version=1.0.0')
    expect(page.type).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8')
    expect(page.text.endsWith('# EOF\n')).toBe(true)
    expect((await scrape(`${url}/metrics`)).type).toBe('text/plain; version=0.0.4; charset=utf-8')
    const head = await fetch(`${url}/metrics`, { method: 'HEAD' })
    expect([head.status, await head.text()]).toEqual([200, ''])
  })
})

test.each(COUNTS_CHUNKS)('%s: a body without length is counted as it passes', async (framework) => {
  const url = await serve('shop.mjs', [framework])
  await postChunks(`${url}/mcp`, ['abc', 'defg', 'é'])
  const mcp = 'method="POST",path="/mcp"'
  const page = await pageWith(url, ({ value }) => value(http('request_size_bytes_count', mcp)) === 1)
  expect(page.value(http('request_size_bytes_sum', mcp))).toBe(9)
})

test('a stream has no duration, and who leaves before an answer has 499', async () => {
  const url = await serve('shop.mjs', ['node'])
  for (const path of ['/stream', '/hang']) {
    const leave = new AbortController()
    const asked = fetch(`${url}${path}`, { signal: leave.signal })
    if (path === '/stream') await (await asked).body!.getReader().read()
    else
      await until(
        async () => (await scrape(`${url}/metrics`)).status === 200,
        5_000,
        () => 'no page',
      )
    leave.abort()
    await asked.catch(() => {})
  }
  const left = http('requests_total', 'method="GET",path="unknown",status="499"')
  const page = await pageWith(url, ({ value }) => value(left) === 1)
  expect(page.value(http('requests_total', 'method="GET",path="/stream",status="200"'))).toBe(1)
  expect(page.value(http('response_size_bytes_sum', 'method="GET",path="/stream"'))).toBe(11)
  expect(page.value(http('request_duration_seconds_count', 'method="GET",path="/stream"'))).toBeUndefined()
})

test('a web-standard stream passes as it comes, and its source hears that its reader left', async () => {
  const url = await serve('shop.mjs', ['fetch'])
  const leave = new AbortController()
  const stream = await fetch(`${url}/stream`, { signal: leave.signal })
  const { value } = await stream.body!.getReader().read()
  expect(new TextDecoder().decode(value)).toBe('data: one\n\n')
  leave.abort()
  const told = http('requests_total', 'method="GET",path="/stream",status="200"')
  const page = await pageWith(url, (now) => now.value(told) === 1)
  expect(page.value('mcp_business_total{server="shop",name="streams_left"}')).toBe(1)
  expect(page.value(http('response_size_bytes_sum', 'method="GET",path="/stream"'))).toBe(11)
  expect(page.value(http('request_duration_seconds_count', 'method="GET",path="/stream"'))).toBeUndefined()
})
