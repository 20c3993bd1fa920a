/** Servers behind TLS: those that Node trusts are reached, over connections that are kept, and no others are asked. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { daemonOfTest } from '../fixtures/daemon.js'
import { ask, rpc } from '../fixtures/door-clients.js'
import { listen, serve, url } from './gateway-harness.js'

interface Certificate {
  readonly certFile: string
  readonly key: Buffer
  readonly cert: Buffer
}

/** A certificate of 127.0.0.1 that it signed itself. */
function certificate(extra: readonly string[] = []): Certificate {
  const home = mkdtempSync(join(tmpdir(), 'mcp-vitals-tls-'))
  onTestFinished(() => rmSync(home, { recursive: true }))
  const [keyFile, certFile] = [join(home, 'key.pem'), join(home, 'cert.pem')]
  const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const named = [
    '-subj',
    '/CN=localhost',
    '-addext',
    'subjectAltName=IP:127.0.0.1',
    '-keyout',
    keyFile,
    '-out',
    certFile,
  ]
  execFileSync('openssl', [...made, ...named, ...extra], { stdio: 'ignore' })
  return { certFile, key: readFileSync(keyFile), cert: readFileSync(certFile) }
}

async function secure(
  { key, cert }: Certificate,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ server: Server; address: string }> {
  const server = createServer({ key, cert }, answer)
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { server, address: `${(await listen(server)).replace('http:', 'https:')}/mcp` }
}

test('a trusted server is reached, its connection is kept, and its session is taken up by the next one', async () => {
  const trusted = certificate()
  const large = 'x'.repeat(1_000_000)
  const { server, address } = await secure(trusted, (request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk
    })
    request.on('end', () => {
      const { id } = JSON.parse(body || '{}') as { id?: unknown }
      response.writeHead(200, { 'content-type': 'application/json', ...(id === 'closing' && { connection: 'close' }) })
      response.end(JSON.stringify({ jsonrpc: '2.0', id, result: { large } }))
    })
  })
  const connections: boolean[] = []
  server.on('secureConnection', (socket: TLSSocket) => connections.push(socket.isSessionReused()))
  const daemon = await daemonOfTest({
    config: { servers: { safe: { url: address } } },
    env: { NODE_EXTRA_CA_CERTS: trusted.certFile },
  })
  const call = async (id: string) => {
    const answer = await ask(`${daemon.url}/mcp/safe`, { body: rpc(id, 'ping') })
    expect([answer.status, answer.json()]).toEqual([200, { jsonrpc: '2.0', id, result: { large } }])
  }
  for (let at = 0; at < 10; at++) await call('kept')
  // The daemon's own first look has some, too.
  const kept = connections.length
  expect(kept).toBeLessThan(6)
  for (let at = 0; at <= kept; at++) await call('closing')
  const anew = connections.slice(kept)
  expect(anew).toContain(true)
  expect(anew).not.toContain(false)
})

test.each([
  ['signed by itself', [], /signed by itself.*NODE_EXTRA_CA_CERTS/s],
  ['of an authority that is not known', ['-addext', 'basicConstraints=critical,CA:FALSE'], /NODE_EXTRA_CA_CERTS/],
])(
  'a server whose certificate is %s is not asked, and its client is told why and what to do',
  async (_, extra, words) => {
    let asked = 0
    const { address } = await secure(certificate(extra), (_, response) => {
      asked++
      response.end()
    })
    const harness = await serve({ safe: url(address) })
    onTestFinished(() => harness.stop())
    const answer = await ask(harness.address('safe'), { body: rpc('c-1', 'ping') })
    expect([answer.status, answer.json()]).toEqual([
      502,
      {
        jsonrpc: '2.0',
        id: 'c-1',
        error: { code: -32603, message: expect.stringMatching(words), data: { code: 'UPSTREAM_UNTRUSTED' } },
      },
    ])
    expect(asked).toBe(0)
  },
)
