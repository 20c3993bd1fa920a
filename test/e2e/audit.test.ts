import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import Database from 'libsql'
import { describe, expect, onTestFinished, test } from 'vitest'
import { CLI, daemonOfTest, metric, type RunningDaemon } from '../fixtures/daemon.js'
import { run } from '../fixtures/run.js'
import { until } from '../fixtures/until.js'
import { promises } from '../requirements.js'

const MEMORY = {
  command: process.execPath,
  args: [fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-memory/dist/index.js'))],
}
const SECRET = 'a-value-that-nobody-should-keep'
const TOKEN = 'admin-token-of-this-test-0123456789'

/** A daemon whose audit log has some rows: a call, a session, a server. */
async function audited(config: object = {}): Promise<RunningDaemon> {
  const daemon = await daemonOfTest({
    config: {
      servers: { memory: MEMORY },
      audit: { before: ['memory.search_*'], commitments: [{ tool: 'search_nodes', argument: 'query' }] },
      listen: { adminToken: TOKEN },
      ...config,
    },
  })
  const client = new Client({ name: 'test-client', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(new URL(`${daemon.url}/mcp/memory`)))
  onTestFinished(() => client.close())
  await client.callTool({ name: 'search_nodes', arguments: { query: SECRET } })
  await until(
    async () => (await api(daemon, 'type=TOOL_CALLED')).body.rows?.length === 1,
    20_000,
    () => daemon.stdout(),
  )
  return daemon
}

// biome-ignore lint/suspicious/noExplicitAny: answers of many shapes
async function api(daemon: RunningDaemon, query: string, token = TOKEN): Promise<{ status: number; body: any }> {
  const answer = await fetch(`${daemon.url}/admin/api/audit?${query}`, {
    headers: { authorization: `Bearer ${token}` },
  })
  return { status: answer.status, body: await answer.json() }
}

const audit = (daemon: RunningDaemon, ...args: readonly string[]) =>
  run(process.execPath, [CLI, 'audit', ...args, '--data', daemon.dataDir])

describe('the audit log of a daemon', () => {
  test(
    promises(
      'A6.audit.hash-chain',
      'A6.audit.field-id',
      'A6.audit.field-timestamp',
      'A6.audit.field-event-type',
      'A6.audit.field-actor',
      'A6.audit.field-target',
      'A6.audit.field-details',
      'A6.audit.field-prev-hash',
      'A6.audit.field-row-hash',
      'A6.audit.any-change-found',
    ),
    async () => {
      const daemon = await audited()
      const { body } = await api(daemon, 'type=TOOL_CALLED')
      const [row] = body.rows
      expect(row).toMatchObject({
        id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
        event_type: 'TOOL_CALLED',
        actor: 'system',
        target: 'memory.search_nodes',
        details: { outcome: 'ok', status: 200 },
        prev_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
        row_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      })
      expect(new Date(row.timestamp).toISOString()).toBe(row.timestamp)
      const all = (await api(daemon, 'limit=1000')).body.rows.reverse()
      for (const [n, one] of all.entries()) if (n > 0) expect(one.prev_hash).toBe(all[n - 1].row_hash)
      expect(all.map((one: { event_type: string }) => one.event_type)).toEqual(
        expect.arrayContaining(['SERVER_STARTED', 'SESSION_OPENED', 'TOOL_CALLED']),
      )
      // The call went on behind its row.
      const intent = all.find((one: { event_type: string }) => one.event_type === 'TOOL_INTENT')
      expect(intent).toMatchObject({
        target: 'memory.search_nodes',
        actor: 'system',
        details: { commitments: { 'arguments.query': expect.stringMatching(/^[0-9a-f]{64}$/) } },
      })
      expect(intent.seq).toBeLessThan(row.seq)
      expect(JSON.stringify(all)).not.toContain(SECRET)

      const key = readFileSync(join(daemon.dataDir, 'audit.pub'), 'utf8').trim()
      const script = fileURLToPath(new URL('../../tools/verify_audit.py', import.meta.url))
      const python = () => run('python3', [script, join(daemon.dataDir, 'audit.db'), '--key', key])
      expect((await audit(daemon, 'checkpoint')).out).toContain(key.split('+')[0])
      expect(await audit(daemon, 'verify')).toMatchObject({ status: 0, out: expect.stringMatching(/^holds: \d+ rows/) })
      expect(await python()).toMatchObject({ status: 0, out: expect.stringMatching(/^holds: \d+ rows/) })

      const database = new Database(join(daemon.dataDir, 'audit.db'), { timeout: 5000 })
      database.exec('DROP TRIGGER rows_stay_as_they_are')
      database.exec(
        `UPDATE row_data SET bytes = CAST(replace(CAST(bytes AS TEXT), '"ok"', '"no"') AS BLOB) WHERE seq = ${row.seq}`,
      )
      database.close()
      for (const found of [await audit(daemon, 'verify'), await python()])
        expect(found).toMatchObject({ status: 1, out: `row ${row.seq}: changed\n` })
    },
  )

  test('rows are shown, searched, proved and exported at the command line, beside a daemon that writes', async () => {
    const daemon = await audited()
    expect((await audit(daemon, 'tail', '--type', 'TOOL_CALLED')).out).toMatch(
      /^\d+ {2}\S+Z {2}TOOL_CALLED {2}system {2}memory\.search_nodes {2}\{.*\}\n$/,
    )
    const found = await audit(daemon, 'search', 'search_nodes', '--type', 'TOOL_CALLED', '--json')
    const { seq } = JSON.parse(found.out)
    const [{ seq: intent }] = (await api(daemon, 'type=TOOL_INTENT')).body.rows
    const opened = async () => JSON.parse((await audit(daemon, 'show', String(intent), '--open')).out).opened
    expect(await opened()).toEqual({ 'arguments.query': { value: SECRET, holds: true } })
    expect((await audit(daemon, 'erase', String(intent), 'arguments.query')).status).toBe(0)
    expect(await opened()).toEqual({})
    for (const file of ['audit.db', 'audit.db-wal'])
      expect(readFileSync(join(daemon.dataDir, file)).includes(SECRET)).toBe(false)
    expect(JSON.parse((await audit(daemon, 'show', String(seq))).out)).toMatchObject({
      seq,
      target: 'memory.search_nodes',
    })
    await audit(daemon, 'checkpoint')
    const proof = await audit(daemon, 'prove', String(seq))
    const file = join(daemon.home, 'row.proof')
    await (await import('node:fs/promises')).writeFile(file, proof.out)
    expect((await audit(daemon, 'check-proof', file)).out).toContain(`holds: row ${seq} of`)
    expect((await api(daemon, `seq=${seq}&proof=1`)).body).toMatchObject({
      row: { seq },
      proof: expect.stringContaining('tlog-proof'),
    })

    const rows = join(daemon.home, 'rows.jsonl')
    expect((await audit(daemon, 'export', rows)).status).toBe(0)
    const kept = join(daemon.home, 'kept')
    await (await import('node:fs/promises')).writeFile(kept, (await audit(daemon, 'checkpoint')).out)
    expect(await audit(daemon, 'verify', rows)).toMatchObject({ status: 1, out: 'row 0: unsigned\n' })
    expect((await audit(daemon, 'verify', '--checkpoints', kept)).out).toMatch(/^holds/)
    expect((await audit(daemon, 'tail', '--type', 'EXPORT')).out).toContain('EXPORT')

    expect((await audit(daemon, 'archive', join(daemon.home, 'archive'), '--before', String(seq + 1))).status).toBe(0)
    expect((await audit(daemon, 'rotate-key')).out).toMatch(/\+[0-9a-f]{8}\+/)
    expect((await audit(daemon, 'verify')).out).toMatch(/^holds/)
    expect(await audit(daemon, 'show', '99999')).toMatchObject({
      status: 1,
      err: expect.stringContaining('no row 99999'),
    })
    expect(await audit(daemon, 'tail', '--type', 'NONE')).toMatchObject({
      status: 2,
      err: expect.stringContaining('TOOL_CALLED'),
    })
  })

  test('the page is the administrator’s alone, says what a parameter should be, and pages through', async () => {
    const daemon = await audited()
    expect((await api(daemon, '', 'wrong')).status).toBe(401)
    for (const query of ['limit=many', 'type=NONE', 'since=yesterday', 'colour=red'])
      expect(await api(daemon, query)).toMatchObject({ status: 400, body: { error: expect.any(String) } })
    const first = (await api(daemon, 'limit=1')).body
    const second = (await api(daemon, `limit=1&before=${first.next}`)).body
    expect(second.rows[0].seq).toBe(first.rows[0].seq - 1)
    expect((await api(daemon, 'seq=99999')).status).toBe(404)
    expect(await metric(daemon.url, 'mcp_vitals_audit_rows_total')).toBeGreaterThan(2)
    expect(await metric(daemon.url, 'mcp_vitals_audit_writable')).toBe(1)
    expect(await metric(daemon.url, 'mcp_vitals_audit_unsigned_rows')).toBeGreaterThanOrEqual(0)
    expect(await metric(daemon.url, 'mcp_vitals_audit_checkpoint_timestamp_seconds')).toBeGreaterThan(1_700_000_000)
  })

  test('while it cannot be written, the named calls are refused with the reason, and others go on', async () => {
    // Nobody listens there: what a database that is away looks like.
    const away = 'postgres://audit@127.0.0.1:1/audit'
    const daemon = await daemonOfTest({
      config: { servers: { memory: MEMORY }, audit: { postgres: away, policy: 'closed', before: ['create_*'] } },
    })
    const client = new Client({ name: 'test-client', version: '1.0.0' })
    await client.connect(new StreamableHTTPClientTransport(new URL(`${daemon.url}/mcp/memory`)))
    onTestFinished(() => client.close())
    await expect(client.callTool({ name: 'create_entities', arguments: { entities: [] } })).rejects.toMatchObject({
      code: -32000,
      message: expect.stringContaining('audit log'),
      data: { reason: 'audit' },
    })
    expect((await client.callTool({ name: 'search_nodes', arguments: { query: 'x' } })).isError).not.toBe(true)
    const ready = await fetch(`${daemon.url}/health/ready`)
    expect(ready.status).toBe(503)
    expect(await ready.json()).toMatchObject({
      audit: { status: 'down', reason: expect.stringContaining('127.0.0.1:1') },
    })
    expect(await metric(daemon.url, 'mcp_vitals_audit_writable')).toBe(0)
    expect(await metric(daemon.url, 'mcp_security_events_total', { type: 'AUDIT_CALL_REFUSED' })).toBe(1)
    expect(daemon.lines().some(({ event }) => event === 'audit_failed')).toBe(true)
  })

  test('where it is switched off no row is kept, and the page says why', async () => {
    const daemon = await daemonOfTest({
      config: { servers: {}, audit: { enabled: false }, listen: { adminToken: TOKEN } },
    })
    expect(await api(daemon, '')).toMatchObject({
      status: 404,
      body: { error: expect.stringContaining('audit.enabled') },
    })
  })
})
