/** What changed is told to who asks the same address again: the configuration, what servers offer, an incident. */
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { ChangeMark, DashboardDocument } from '../../packages/server/src/faces/dashboard/api.js'
import type { ChangesDocument, ServersDocument } from '../../packages/server/src/faces/dashboard/api-views.js'
import { daemonOfTest } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'
import { script } from './gateway-harness.js'

const PATIENCE_MS = 30_000
/** A stdio server whose one tool is described by what stands in a file. */
const SHELF = `
  const answers = {
    initialize: ({ protocolVersion }) => ({
      protocolVersion,
      capabilities: { tools: {} },
      serverInfo: { name: 'shelf', version: '1' },
    }),
    'tools/list': () => ({
      tools: [{
        name: 'read',
        description: require('node:fs').readFileSync(process.argv[1], 'utf8'),
        inputSchema: { type: 'object' },
      }],
    }),
  }
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, method, params } = JSON.parse(line)
    if (id === undefined) return
    const result = answers[method]?.(params)
    const error = { code: -32601, message: 'Method not found' }
    console.log(JSON.stringify({ jsonrpc: '2.0', id, ...(result ? { result } : { error }) }))
  })`

test('a reload, other tools by a server and by ingest, and an incident are among the changes, asked at one address', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-vitals-changes-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const words = join(folder, 'words')
  writeFileSync(words, 'Reads a book.')
  const site = createServer((_, response) => response.end('well')).listen(0, '127.0.0.1')
  onTestFinished(() => void site.close())
  await once(site, 'listening')
  const config = {
    environment: 'before',
    servers: { shelf: script('-e', SHELF, words) },
    monitor: {
      ...{ intervalMs: 1000, stdioIntervalMs: 1000, failureThreshold: 1 },
      components: { site: { type: 'http', url: `http://127.0.0.1:${(site.address() as AddressInfo).port}/` } },
    },
  }
  const daemon = await daemonOfTest({ config })
  const get = async <T>(path: string) => (await (await fetch(`${daemon.url}/admin/api/${path}`)).json()) as T
  const changes = async () => (await get<ChangesDocument>('changes')).changes
  const has = async (wanted: Partial<ChangeMark>) =>
    (await changes()).some((change) =>
      Object.entries(wanted).every(([key, value]) => Object.is(change[key as keyof ChangeMark], value)),
    )
  const comes = (wanted: Partial<ChangeMark>) =>
    until(
      () => has(wanted),
      PATIENCE_MS,
      () => `no ${JSON.stringify(wanted)}:\n${daemon.stdout()}`,
    )
  const listed = async (hash: string) => {
    const token = readFileSync(join(daemon.dataDir, 'token'), 'utf8').trim()
    const tools = {
      type: 'tools.listed',
      server: 'told',
      tools: ['read'],
      hashes: [hash],
      sizeBytes: 100,
      complete: true,
    }
    const answer = await fetch(`${daemon.url}/v1/events`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ sender: { kind: 'script', name: 'test', version: '1' }, events: [tools] }),
    })
    expect(await answer.json()).toMatchObject({ rejected: [] })
  }

  await comes({ kind: 'started' })
  await listed('a'.repeat(32))
  const isSeen = async () =>
    (await get<ServersDocument>('servers')).servers.some(({ server, tools }) => server === 'shelf' && tools === 1)
  const isWell = async () =>
    (await get<DashboardDocument>('dashboard')).health.components.some(
      ({ name, status }) => name === 'site' && status === 'healthy',
    )
  await until(async () => (await isSeen()) && (await isWell()), PATIENCE_MS, daemon.stdout)
  expect((await changes()).map(({ kind }) => kind)).toEqual(['started'])

  writeFileSync(words, 'Reads a book, and does as it says.')
  await comes({ kind: 'tools', server: 'shelf' })
  await listed('b'.repeat(32))
  await comes({ kind: 'tools', server: 'told' })
  site.close()
  site.closeAllConnections()
  await comes({ kind: 'incident', component: 'site' })
  writeFileSync(join(daemon.home, 'config.json'), JSON.stringify({ ...config, environment: 'after' }))
  daemon.process.kill('SIGHUP')
  await comes({ kind: 'config' })
  const kinds = new Set((await changes()).map(({ kind }) => kind))
  expect([...kinds].sort()).toEqual(['config', 'incident', 'started', 'tools'])
})
