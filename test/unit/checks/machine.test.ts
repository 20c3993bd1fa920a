/** Checks of names, and of the machine that we run on. */
import { createSocket, type Socket } from 'node:dgram'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkConformance, checkFor } from '../../conformance/check.js'

describe('dns', () => {
  let server: Socket
  let port = 0
  beforeAll(async () => {
    server = createSocket('udp4', (question, { port: to, address }) => {
      const answer = answerTo(question)
      if (answer) server.send(answer, to, address)
    })
    await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve))
    port = server.address().port
  })
  afterAll(() => new Promise<void>((resolve) => server.close(resolve)))

  /** Answers `known.test` with 192.0.2.10, `none.test` with no such name, and is silent about all others. */
  function answerTo(question: Buffer): Buffer | undefined {
    const name = question
      .subarray(12, question.length - 4)
      .toString('latin1')
      .slice(1)
    if (!/^(known|none)/.test(name)) return undefined
    const isKnown = name.startsWith('known')
    const head = Buffer.from(question.subarray(0, 12))
    head.writeUInt16BE(isKnown ? 0x8180 : 0x8183, 2)
    head.writeUInt16BE(isKnown ? 1 : 0, 6)
    head.fill(0, 8)
    const asked = question.subarray(12, question.indexOf(0, 12) + 5)
    const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 10])
    return Buffer.concat([head, asked, ...(isKnown ? [record] : [])])
  }
  const name =
    (host: string, more: object = {}) =>
    () => ({
      type: 'dns',
      host,
      resolver: `127.0.0.1:${port}`,
      ...more,
    })

  checkConformance('dns', {
    well: [
      { what: 'a name with a record', entry: name('known.test') },
      { what: 'a name with the expected record', entry: name('known.test', { expect: '192.0.2.10' }) },
    ],
    ill: [
      { what: 'a name that there is not', entry: name('none.test'), reason: 'name_not_resolved', code: 'ENOTFOUND' },
      { what: 'another record', entry: name('known.test', { expect: '192.0.2.11' }), reason: 'unexpected_record' },
    ],
    hanging: [{ what: 'a name server that says nothing', entry: name('silent.test') }],
    held: () => 0,
  })
})

describe('disk', () => {
  checkConformance('disk', {
    well: [{ what: 'a file system with room', entry: () => ({ type: 'disk', path: tmpdir(), minFreePercent: 0 }) }],
    ill: [
      {
        what: 'too small a share',
        entry: () => ({ type: 'disk', path: '/', minFreePercent: 100 }),
        reason: 'disk_full',
      },
      {
        what: 'too few bytes',
        entry: () => ({ type: 'disk', minFreePercent: 0, minFreeBytes: Number.MAX_SAFE_INTEGER }),
        reason: 'disk_full',
      },
      { what: 'no such path', entry: () => ({ type: 'disk', path: '/nowhere/at/all' }), reason: 'not_found' },
    ],
    hanging: [],
    held: () => 0,
  })
})

describe('memory', () => {
  checkConformance('memory', {
    well: [{ what: 'some memory', entry: () => ({ type: 'memory', minAvailablePercent: 0 }) }],
    ill: [
      {
        what: 'less than all',
        entry: () => ({ type: 'memory', minAvailablePercent: 100 }),
        reason: 'memory_full',
      },
    ],
    hanging: [],
    held: () => 0,
  })
})

/** systemctl as its manual has it: what it was called with must be right, and its exit status tells. */
describe('systemd', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-vitals-systemctl-'))
  const before = process.env.PATH
  beforeAll(() => {
    const file = join(folder, 'systemctl')
    writeFileSync(
      file,
      `#!/bin/sh
scope=system
[ "$1" = --user ] && { scope=user; shift; }
[ "$1 $2" = 'is-active --quiet' ] && [ $# = 3 ] || exit 64
case "$scope $3" in
  'system up.service' | 'user own.service') exit 0 ;;
  'system hung.service') exec sleep 4242.4242 ;;
  'system down.service') exit 3 ;;
esac
exit 4
`,
    )
    chmodSync(file, 0o755)
    process.env.PATH = `${folder}${delimiter}${before}`
  })
  afterAll(() => {
    process.env.PATH = before
    rmSync(folder, { recursive: true })
  })
  const unit =
    (name: string, more: object = {}) =>
    () => ({ type: 'systemd', unit: name, ...more })

  checkConformance('systemd', {
    well: [
      { what: 'an active unit', entry: unit('up.service') },
      { what: 'one of the user', entry: unit('own.service', { user: true }) },
    ],
    ill: [
      { what: 'a stopped unit', entry: unit('down.service'), reason: 'inactive', code: '3' },
      { what: 'a unit that there is not', entry: unit('own.service'), reason: 'inactive', code: '4' },
    ],
    hanging: [{ what: 'a systemctl that hangs', entry: unit('hung.service') }],
    held: () => 0,
  })

  test('a machine without systemd has no systemctl', async () => {
    process.env.PATH = '/nowhere'
    const seen = await checkFor({ type: 'systemd', unit: 'up.service' }).run(AbortSignal.timeout(9_000))
    process.env.PATH = `${folder}${delimiter}${before}`
    expect(seen).toMatchObject({ ok: false, reason: 'not_found' })
  })

  test('a unit is never taken for an option', () => {
    expect(() => checkFor({ type: 'systemd', unit: '--no-pager' })).toThrow(/unit/)
  })
})
