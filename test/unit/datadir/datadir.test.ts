import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type DataDir, defaultDataDir, openDataDir } from '../../../packages/server/src/datadir/index.js'

function tempDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'mcp-vitals-test-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

const mode = (path: string) => statSync(path).mode & 0o777
const opened = (): Promise<DataDir> => openDataDir(join(tempDir(), 'state', 'mcp-vitals'))

test.each([
  ['linux', { MCP_VITALS_DATA: '/data' }, '/data'],
  ['linux', { MCP_VITALS_DATA: '~/data' }, '/home/u/data'],
  ['linux', { MCP_VITALS_DATA: 'data' }, join(process.cwd(), 'data')],
  ['linux', { MCP_VITALS_DATA: '', XDG_STATE_HOME: '/state' }, '/state/mcp-vitals'],
  ['linux', { XDG_STATE_HOME: 'relative' }, '/home/u/.local/state/mcp-vitals'],
  ['linux', {}, '/home/u/.local/state/mcp-vitals'],
  ['darwin', { XDG_STATE_HOME: '/state' }, '/home/u/Library/Application Support/mcp-vitals'],
  ['win32', { LOCALAPPDATA: '/local' }, '/local/mcp-vitals'],
  ['win32', {}, '/home/u/AppData/Local/mcp-vitals'],
] as const)('on %s with %j state is kept in %s', (platform, env, expected) => {
  expect(defaultDataDir({ platform, env, home: '/home/u' })).toBe(expected)
})

test('a directory is made for its owner alone, and opens again', async () => {
  const { path, spoolDir } = await opened()
  expect(mode(path)).toBe(0o700)
  expect(mode(spoolDir)).toBe(0o700)
  expect(readdirSync(path)).toEqual(['spool'])
  expect((await openDataDir(path)).path).toBe(path)
})

test.each([0o777, 0o770, 0o720, 0o702])(
  'a directory of mode %o, in which others may write, is refused',
  async (bits) => {
    const dir = tempDir()
    chmodSync(dir, bits)
    await expect(openDataDir(dir)).rejects.toMatchObject({
      code: 'DATA_DIR_INSECURE',
      message: expect.stringContaining(`${dir} is open to other users (mode ${bits.toString(8)})`),
    })
  },
)

test('a directory that others may only read is taken', async () => {
  const dir = tempDir()
  chmodSync(dir, 0o755)
  expect((await openDataDir(dir)).path).toBe(dir)
})

test('a path that is a file, or goes through one, is refused with the reason', async () => {
  const file = join(tempDir(), 'file')
  writeFileSync(file, '')
  for (const path of [file, join(file, 'below')])
    await expect(openDataDir(path)).rejects.toMatchObject({
      code: 'DATA_DIR_UNUSABLE',
      message: expect.stringContaining('there is a file of that name'),
    })
})

test('the token is made once, for the owner alone, and is the same for all who ask at once', async () => {
  const dir = await opened()
  const asked = await Promise.all(Array.from({ length: 20 }, async () => (await openDataDir(dir.path)).token()))
  expect(new Set(asked).size).toBe(1)
  expect(Buffer.from(asked[0]!, 'base64url')).toHaveLength(32)
  expect(mode(join(dir.path, 'token'))).toBe(0o600)
  expect(readdirSync(dir.path).sort()).toEqual(['spool', 'token'])
})

test('a token that others can read is refused, a damaged one is replaced', async () => {
  const dir = await opened()
  const file = join(dir.path, 'token')
  const first = await dir.token()
  chmodSync(file, 0o640)
  await expect(dir.token()).rejects.toMatchObject({ code: 'DATA_DIR_INSECURE' })
  chmodSync(file, 0o600)
  writeFileSync(file, first.slice(0, 20))
  const second = await dir.token()
  expect(second).toMatch(/^[\w-]{43}$/)
  expect(second).not.toBe(first)
  expect(await dir.token()).toBe(second)
})

test('the lock is held once, says by whom, and can be had again after its release', async () => {
  const dir = await opened()
  const release = await dir.lock()
  await expect((await openDataDir(dir.path)).lock()).rejects.toMatchObject({
    code: 'DATA_DIR_LOCKED',
    message: expect.stringContaining(`(process ${process.pid})`),
  })
  await Promise.all([release(), release()])
  const again = await dir.lock()
  await again()
})

test('of many who want the lock at once, one has it', async () => {
  const dir = await opened()
  const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => dir.lock()))
  const held = outcomes.filter((outcome) => outcome.status === 'fulfilled')
  expect(held).toHaveLength(1)
  await held[0]!.value()
})

test('a daemon is found while it is announced, and only if its process lives', async () => {
  const dir = await opened()
  expect(await dir.findDaemon()).toBeUndefined()
  const withdraw = await dir.announce({ url: 'http://127.0.0.1:9464', pid: process.pid })
  expect(await dir.findDaemon()).toMatchObject({ url: 'http://127.0.0.1:9464', pid: process.pid })
  expect(mode(join(dir.path, 'daemon.json'))).toBe(0o600)
  await withdraw()
  await withdraw()
  expect(await dir.findDaemon()).toBeUndefined()
})

test('a daemon’s word is not taken back by one that came before it', async () => {
  const dir = await opened()
  const withdrawFirst = await dir.announce({ url: 'http://127.0.0.1:1', pid: process.pid })
  await dir.announce({ url: 'http://127.0.0.1:2', pid: process.pid })
  await withdrawFirst()
  expect(await dir.findDaemon()).toMatchObject({ url: 'http://127.0.0.1:2' })
})

test.each([
  ['a dead process', JSON.stringify({ url: 'http://127.0.0.1:1', pid: 2 ** 30, startedAt: 1 })],
  ['cut off', '{"url":"http://127'],
  ['no address', JSON.stringify({ url: 'nowhere', pid: process.pid, startedAt: 1 })],
  ['a process group', JSON.stringify({ url: 'http://127.0.0.1:1', pid: -1, startedAt: 1 })],
  ['not an object', 'null'],
])('an announcement that is %s is no daemon', async (_, text) => {
  const dir = await opened()
  writeFileSync(join(dir.path, 'daemon.json'), text)
  expect(await dir.findDaemon()).toBeUndefined()
})

test('an unreadable announcement is no daemon', async () => {
  const dir = await opened()
  mkdirSync(join(dir.path, 'daemon.json'))
  expect(await dir.findDaemon()).toBeUndefined()
})

test('the lock is readable for its owner alone, also one that was made before', async () => {
  const dataDir = await opened()
  const lock = join(dataDir.path, 'lock')
  await (await dataDir.lock())()
  expect(mode(lock)).toBe(0o600)
  chmodSync(lock, 0o644)
  const release = await dataDir.lock()
  expect(mode(lock)).toBe(0o600)
  await expect(dataDir.lock()).rejects.toMatchObject({ code: 'DATA_DIR_LOCKED' })
  await release()
})
