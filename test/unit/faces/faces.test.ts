import { event } from '@mcp-vitals/instrument/event'
import { describe, expect, test } from 'vitest'
import { createHealthFace } from '../../../packages/server/src/faces/health/index.js'
import { createStatusFace } from '../../../packages/server/src/faces/status/index.js'
import { refusalOf } from '../../../packages/server/src/listen/index.js'
import { createVitals } from '../../../packages/server/src/state/index.js'
import { promises } from '../../requirements.js'

const vitals = createVitals(() => 0)
vitals.declare('files')

function health(ok: boolean) {
  return createHealthFace({
    version: '1.2.3',
    environment: 'test',
    demoMode: false,
    uptimeSeconds: () => 12.3456,
    now: () => 0,
    vitals: vitals.snapshot,
    checks: { store: () => (ok ? { ok } : { ok, reason: 'the disk is full' }) },
  })
}

describe('health', () => {
  test(`tells uptime in seconds, version, environment and servers. ${promises('A1.health.field-uptime', 'E3.health.uptime')}`, async () => {
    expect(await health(true).live().json()).toEqual({
      status: 'ok',
      uptime: 12.346,
      version: '1.2.3',
      environment: 'test',
      demoMode: false,
      timestamp: '1970-01-01T00:00:00.000Z',
      sessions: 0,
      checks: { store: { status: 'ok' } },
      servers: { files: { status: 'unknown', tools: 0 } },
    })
  })

  test('a failing check makes readiness 503 with its reason, and leaves liveness 200', async () => {
    expect(health(true).ready().status).toBe(200)
    expect(health(false).live().status).toBe(200)
    const answer = health(false).ready()
    expect(answer.status).toBe(503)
    expect(await answer.json()).toMatchObject({ checks: { store: { status: 'down', reason: 'the disk is full' } } })
  })
})

describe('status page', () => {
  const inputs = { version: '1', demoMode: true, uptimeSeconds: () => 1, addressOf: () => undefined }

  test('hostile names come out as text', async () => {
    const hostile = createVitals(() => 0)
    const origin = { server: '<script>alert(1)</script>', session: 's' }
    const opened = { era: 'legacy' as const, serverName: '"><img src=x onerror=alert(2)>' }
    hostile.fold(event('session.opened', 0, origin, opened), 'local')
    const answer = createStatusFace({ ...inputs, vitals: hostile.snapshot })()
    const text = await answer.text()
    expect(text).not.toMatch(/<script|<img/)
    expect(text).toContain('&lt;script&gt;')
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
  })

  test('with nothing to show it says what to do next', async () => {
    const text = await createStatusFace({ ...inputs, vitals: createVitals(() => 0).snapshot })().text()
    expect(text).toContain('mcp-vitals up --config mcp.json')
  })
})

test.each([
  [{ host: '127.0.0.1:9464' }, undefined],
  [{ host: 'localhost' }, undefined],
  [{ host: '[::1]:9464', origin: 'http://localhost:3000' }, undefined],
  [{ host: 'LOCALHOST:1' }, undefined],
  [{ host: 'evil.example' }, 'foreign_host'],
  [{ host: 'localhost.evil.example:9464' }, 'foreign_host'],
  [{ host: '127.0.0.1.evil.example' }, 'foreign_host'],
  [{ host: 'localhost:evil' }, 'foreign_host'],
  [{}, 'foreign_host'],
  [{ host: 'localhost', origin: 'https://evil.example' }, 'foreign_origin'],
  [{ host: 'localhost', origin: 'null' }, 'foreign_origin'],
  [{ host: 'localhost', origin: 'https://localhost@evil.example' }, 'foreign_origin'],
  [{ host: 'localhost', origin: 'https://localhost.evil.example' }, 'foreign_origin'],
])(`the guard judges %j as %s. ${promises('F10.network.host-check')}`, (headers, verdict) => {
  expect(refusalOf(headers)).toBe(verdict)
})
