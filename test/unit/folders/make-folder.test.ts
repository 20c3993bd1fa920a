import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeFolder } from '../../../packages/server/src/folders/index.js'
import { CLI } from '../../fixtures/daemon.js'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'mcp-vitals-folders-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

describe('makeFolder', () => {
  test('makes what is missing with the mode, and leaves what is there', () => {
    mkdirSync(join(home, 'a'), { mode: 0o755 })
    makeFolder(join(home, 'a', 'b', 'c'), 0o700)
    makeFolder(join(home, 'a', 'b', 'c'), 0o750)
    for (const [path, mode] of [
      ['a', 0o755],
      ['a/b', 0o700],
      ['a/b/c', 0o700],
    ] as const)
      expect(statSync(join(home, path)).mode & 0o777, path).toBe(mode)
  })

  test('tells of a file in its place or in its path, and of a link that leads nowhere', () => {
    writeFileSync(join(home, 'file'), '')
    symlinkSync(join(home, 'nowhere'), join(home, 'link'))
    expect(() => makeFolder(join(home, 'file'))).toThrow(/EEXIST/)
    expect(() => makeFolder(join(home, 'file', 'below'))).toThrow(/ENOTDIR/)
    expect(() => makeFolder(join(home, 'link', 'below'))).toThrow(/EEXIST/)
    expect(existsSync(join(home, 'nowhere'))).toBe(false)
  })
})

/** Linux answers ENOENT there to whoever makes a folder, although the parent is there. */
const IMPOSSIBLE = '/proc/mcp-vitals-nowhere/state'

describe('at a place where no folder can be made, nobody tries for ever', () => {
  const run = (args: readonly string[], env: Readonly<Record<string, string>>) =>
    spawnSync(process.execPath, [CLI, ...args], {
      env: { ...process.env, ...env },
      input: '{"jsonrpc":"2.0","id":1,"method":"ping"}\n',
      encoding: 'utf8',
      timeout: 20_000,
    })

  test('makeFolder says so', () => {
    expect(() => makeFolder(IMPOSSIBLE)).toThrow(/ENOENT/)
  })

  test('the daemon ends, with words', () => {
    const { status, stderr } = run(['up', '--port', '0'], { MCP_VITALS_DATA: IMPOSSIBLE })
    expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('DATA_DIR_UNUSABLE') })
  })

  test('a wrap passes everything on, says that nothing is recorded, and ends', () => {
    const { status, stdout, stderr } = run(['wrap', '--', 'cat'], { MCP_VITALS_DATA: IMPOSSIBLE })
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: '{"jsonrpc":"2.0","id":1,"method":"ping"}\n',
      stderr: expect.stringContaining('nothing is recorded'),
    })
  })
})
