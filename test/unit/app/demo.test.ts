import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startApp } from '../../../packages/server/src/app/index.js'
import { loadConfig } from '../../../packages/server/src/config/index.js'

test('the demo keeps its files to itself, and says that it stops before anything ends', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'demo-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  let log = ''
  const out = {
    write(text: string, done: (error?: Error | null) => void) {
      log += text
      done()
    },
    on: () => {},
  }
  const overrides = [
    { flag: '--port', path: ['listen', 'port'], value: 0 },
    { flag: '--data', path: ['dataDir'], value: dir },
  ]
  const app = await startApp({
    config: loadConfig({ env: {}, overrides }).config,
    demo: true,
    out,
    err: { write() {} },
  })
  const deadline = performance.now() + 30_000
  while (!log.includes('tool_call_completed') && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 20))
  expect(statSync(join(dir, 'memory.jsonl')).mode & 0o777).toBe(0o600)
  const before = log.length
  await app.close()
  const lines = log.slice(before).trim().split('\n')
  const at = (event: string) => lines.findIndex((line) => line.includes(`"${event}"`))
  expect(at('daemon_stopping')).toBeGreaterThanOrEqual(0)
  expect(at('session_ended')).toBeGreaterThan(at('daemon_stopping'))
})
