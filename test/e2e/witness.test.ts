import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import {
  beginLog,
  formatSubmission,
  openNote,
  parseWitnessKey,
  seal,
  signCheckpoint,
} from '../../packages/server/src/audit/index.js'
import { draft, LOG, START_SECONDS, testSigner } from '../fixtures/audit-logs.js'
import { CLI } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'

const log = testSigner(1)

async function startWitness(data: string) {
  const args = [CLI, 'witness', '--name', 'witness.example.com', '--log', log.key.vkey, '--port', '0', '--data', data]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const told = { out: '', err: '' }
  child.stdout.on('data', (chunk) => {
    told.out += chunk
  })
  child.stderr.on('data', (chunk) => {
    told.err += chunk
  })
  await until(
    () => told.err.includes('http://') && told.out.includes('\n'),
    20_000,
    () => JSON.stringify(told),
  )
  const url = /http:\/\/127\.0\.0\.1:\d+\//.exec(told.err)![0]
  const stop = async () => {
    const closed = once(child, 'close')
    child.kill('SIGTERM')
    return (await closed)[0]
  }
  return { url, key: parseWitnessKey(told.out), stop }
}

test('mcp-vitals witness signs for the logs it was given, remembers what it signed, and ends when it is told to', async () => {
  const data = mkdtempSync(join(tmpdir(), 'mcp-vitals-witness-'))
  onTestFinished(() => rmSync(data, { recursive: true, force: true }))
  const { head } = seal([draft(0), draft(1)], beginLog(LOG))
  const note = signCheckpoint(head, START_SECONDS, [log])
  const body = formatSubmission({ oldSize: 0, proof: [], note })
  const first = await startWitness(data)
  const post = async (url: string, text: string) => {
    const answer = await fetch(`${url}add-checkpoint`, { method: 'POST', body: text })
    return [answer.status, await answer.text(), answer.headers.get('content-type')] as const
  }
  const [status, lines] = await post(first.url, body)
  expect(status).toBe(200)
  expect(openNote(note + lines, [first.key])).toHaveProperty('text')
  expect((await post(first.url, body.replace(LOG, 'example.com/other')))[0]).toBe(404)
  expect((await post(first.url, 'x'.repeat(70_000)))[0]).toBe(413)
  expect((await fetch(first.url)).status).toBe(404)
  expect((await fetch(`${first.url}add-checkpoint`)).status).toBe(405)
  expect(statSync(join(data, 'witness.key')).mode & 0o777).toBe(0o600)
  expect(await first.stop()).toBe(0)

  const second = await startWitness(data)
  expect(second.key.vkey).toBe(first.key.vkey)
  expect(await post(second.url, body)).toEqual([409, '2\n', 'text/x.tlog.size'])
  expect(await second.stop()).toBe(0)
})
