import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Event } from '../../../packages/instrument/src/event/index.js'
import { createLogSink } from '../../../packages/server/src/sinks/log/index.js'
import { logOptions } from '../../../packages/server/src/sinks/log/options.js'
import { rotatingTarget } from '../../../packages/server/src/sinks/log/rotate.js'
import { promises } from '../../requirements.js'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mcp-vitals-rotate-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const numberOf = (name: string) => Number(/\d+$/.exec(name)?.[0] ?? 0)
const files = () => readdirSync(directory).sort((one, other) => numberOf(other) - numberOf(one))
const whole = () =>
  files()
    .map((name) => readFileSync(join(directory, name), 'utf8'))
    .join('')

test('no line is lost or torn, no file is too big or too many, over restarts, whatever is written', async () => {
  const line = fc.string({ maxLength: 300 }).map((text) => `${text.replaceAll('\n', ' ')}\n`)
  const batches = fc.array(fc.array(line, { minLength: 1, maxLength: 20 }), { maxLength: 20 })
  const property = fc.asyncProperty(batches, fc.integer({ min: 200, max: 3_000 }), async (written, maxSizeBytes) => {
    const file = join(directory, 'mcp.log')
    for (const batch of written) {
      // A target of its own for each: as many restarts.
      const target = rotatingTarget({ file, maxSizeBytes, maxFiles: 900 })
      await target(batch.join(''))
      await target.close()
    }
    expect(whole()).toBe(written.flat().join(''))
    for (const name of files()) {
      const text = readFileSync(join(directory, name), 'utf8')
      const isOneLine = text.indexOf('\n') === text.length - 1
      expect(Buffer.byteLength(text) <= maxSizeBytes || isOneLine).toBe(true)
    }
    for (const name of files()) rmSync(join(directory, name))
  })
  await fc.assert(property, { numRuns: 40 })
})

test(promises('E1.log.file-size', 'E1.log.file-count'), async () => {
  const file = join(directory, 'mcp.log')
  const { maxSizeBytes, maxFiles } = logOptions.parse({})
  expect({ maxSizeBytes, maxFiles }).toEqual({ maxSizeBytes: 10_485_760, maxFiles: 5 })
  const target = rotatingTarget({ file, maxSizeBytes, maxFiles })
  const megabyte = `${'x'.repeat(1_048_575)}\n`
  for (let count = 0; count < 65; count++) await target(`${count}${megabyte.slice(String(count).length)}`)
  await target.close()
  expect(files()).toEqual(['mcp.log.4', 'mcp.log.3', 'mcp.log.2', 'mcp.log.1', 'mcp.log'])
  expect(files().map((name) => statSync(join(directory, name)).size)).toEqual(
    [10, 10, 10, 10, 5].map((n) => n * 1_048_576),
  )
  expect(readFileSync(file, 'utf8').slice(0, 2)).toBe('60')
})

test('fewer files than before are kept after a restart, and those of others are left alone', async () => {
  const file = join(directory, 'mcp.log')
  for (const name of ['mcp.log.1', 'mcp.log.2', 'mcp.log.7', 'mcp.log.20260215', 'mcp.log.gz', 'other.log.9'])
    writeFileSync(join(directory, name), 'x\n')
  const target = rotatingTarget({ file, maxSizeBytes: 1_024, maxFiles: 2 })
  await target('new\n')
  await target.close()
  expect(files().sort()).toEqual(['mcp.log', 'mcp.log.1', 'mcp.log.20260215', 'mcp.log.gz', 'other.log.9'])
})

test('half a line that a killed process left is ended, and a file that was moved away is begun anew', async () => {
  const file = join(directory, 'mcp.log')
  writeFileSync(file, '{"half":')
  const target = rotatingTarget({ file, maxSizeBytes: 1_024, maxFiles: 2 })
  await target('one\n')
  expect(readFileSync(file, 'utf8')).toBe('{"half":\none\n')
  renameSync(file, join(directory, 'away'))
  await target('two\n')
  await target.close()
  expect(readFileSync(file, 'utf8')).toBe('two\n')
})

test('a file that cannot be written stops nothing: lost lines are counted, and one warning tells of them', async () => {
  const place = join(directory, 'logs')
  writeFileSync(place, 'no directory')
  let out = ''
  const write = (text: string, done: () => void) => {
    out += text
    done()
  }
  const stream = { on: () => {}, write }
  const options = logOptions.parse({ file: join(place, 'mcp.log'), form: 'dust' })
  const log = createLogSink({ stream, options, now: () => 0 })
  const say = (kind: string) =>
    log.write([{ event: { v: 1, type: 'webhook', at: 0, server: 'a', kind } as unknown as Event, entrance: 'local' }])
  await say('one')
  await say('two')
  await log.logger.flush()
  rmSync(place)
  await say('three')
  await log.close()
  expect(out.match(/log_failing/g)).toHaveLength(1)
  expect(log.logger.dropped).toBe(3)
  const kept = readFileSync(join(place, 'mcp.log'), 'utf8').trim().split('\n')
  expect(kept.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual([
    'webhook_received',
    'log_recovered',
  ])
  expect(JSON.parse(kept[1]!)).toMatchObject({
    level: 'warning',
    lost: 3,
    code: expect.stringMatching(/ENOTDIR|EEXIST/),
  })
})
