import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

const index = join(resolve(import.meta.dirname, '../../../packages/server/dist'), 'sinks/log/index.js')

/** Writes until a batch is lost, says so on standard error, waits for a line on its input, and then tries a last line until it is out. */
const WRITER = `
  import { createLogSink } from ${JSON.stringify(index)}
  const sink = createLogSink({ stream: process.stdout, options: { level: 'info', format: 'json', form: 'mcp-vitals' }, now: Date.now })
  const event = { v: 1, type: 'webhook', at: 0, server: 'a'.repeat(100), kind: 'b' }
  const batch = Array.from({ length: 500 }, () => ({ event, entrance: 'local' }))
  let lost
  while (!lost) await sink.write(batch).catch((error) => { lost = error })
  console.error(lost.code)
  await new Promise((resolve) => process.stdin.once('data', resolve))
  const last = [{ event: { ...event, kind: 'last' }, entrance: 'local' }]
  while (!(await sink.write(last).then(() => true, () => false))) await new Promise((resolve) => setTimeout(resolve, 10))
  await sink.close()
  process.exit(0)`

function startWriter() {
  return spawn(process.execPath, ['--input-type=module', '-e', WRITER], { stdio: ['pipe', 'pipe', 'pipe'] })
}

describe('a pipe', () => {
  test('whose reader stalls loses lines, and the next one is whole again', async () => {
    const writer = startWriter()
    const [code] = (await once(writer.stderr, 'data')) as [Buffer]
    expect(code.toString().trim()).toBe('EAGAIN')
    writer.stdin.write('\n')
    let text = ''
    for await (const part of writer.stdout.setEncoding('utf8')) text += part
    const lines = text.trimEnd().split('\n')
    const torn = lines.filter((line) => !line.endsWith('}'))
    expect(torn.length).toBeLessThanOrEqual(1)
    expect(lines.filter((line) => line.includes('last'))).toHaveLength(1)
    expect(JSON.parse(lines.at(-2) as string)).toMatchObject({ kind: 'last' })
    expect(JSON.parse(lines.at(-1) as string)).toMatchObject({ event: 'log_recovered', code: 'EAGAIN' })
  })

  test('whose reader is gone loses lines, and ends nothing', async () => {
    const writer = startWriter()
    writer.stdout.destroy()
    const [code] = (await once(writer.stderr, 'data')) as [Buffer]
    expect(code.toString().trim()).toBe('EPIPE')
    writer.kill()
  })
})
