import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { type Home, homeOfTest } from '../fixtures/clients.js'

const SERVERS = '{ "mcpServers": { "notes": { "command": "notes" } } }'

/** A home whose Cursor is on a file system of its own, of 64 kB; another client is not. Only root can make one. */
function homeWithDisk(): { readonly home: Home; readonly disk: string } {
  const home = homeOfTest()
  const disk = join(home.path, '.cursor')
  mkdirSync(disk)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=700', 'tmpfs', disk])
  onTestFinished(() => void execFileSync('umount', ['-l', disk]))
  home.write('.cursor/mcp.json', SERVERS)
  home.write('.gemini/settings.json', SERVERS)
  return { home, disk }
}

function fill(file: string): void {
  for (let size = 65_536; size > 0; size = Math.floor(size / 2)) {
    try {
      writeFileSync(file, Buffer.alloc(size), { flag: 'a' })
    } catch {
      // As much as there was room for is written.
    }
  }
}

test.each([
  ['a full disk', 'the disk is full', (disk: string) => fill(join(disk, 'ballast'))],
  [
    'a read-only disk',
    'the file system is read-only',
    (disk: string) => void execFileSync('mount', ['-o', 'remount,ro', disk]),
  ],
])('%s leaves its file whole and nothing beside it; the others are done, and said', async (_, reason, spoil) => {
  const { home, disk } = homeWithDisk()
  spoil(disk)
  const files = readdirSync(disk)
  const ran = await home.run('install', '--yes')
  expect(ran.status).toBe(1)
  expect(ran.out).toContain(`could not be written: ${reason}. It is as it was.`)
  expect(ran.err).toContain('1 of the files above')
  expect(home.bytes('.cursor/mcp.json').toString()).toBe(SERVERS)
  expect(readdirSync(disk)).toEqual(files)
  expect(home.bytes('.gemini/settings.json').toString()).toContain('"wrap"')

  // Mended, the same command does the rest; and from a spoiled disk nothing is taken back by halves either.
  execFileSync('mount', ['-o', 'remount,rw', disk])
  rmSync(join(disk, 'ballast'), { force: true })
  expect(await home.run('install', '--yes')).toMatchObject({ status: 0 })
  const wrapped = home.bytes('.cursor/mcp.json').toString()
  expect(wrapped).toContain('"wrap"')
  spoil(disk)
  expect((await home.run('uninstall', '--yes')).status).toBe(1)
  expect(home.bytes('.cursor/mcp.json').toString()).toBe(wrapped)
  expect(home.bytes('.gemini/settings.json').toString()).toBe(SERVERS)
  execFileSync('mount', ['-o', 'remount,rw', disk])
  rmSync(join(disk, 'ballast'), { force: true })
  expect(await home.run('uninstall', '--yes')).toMatchObject({ status: 0 })
  expect(home.bytes('.cursor/mcp.json').toString()).toBe(SERVERS)
})

test('a state directory without room changes no file', async () => {
  const home = homeOfTest()
  home.write('.cursor/mcp.json', SERVERS)
  mkdirSync(home.dataDir)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=700', 'tmpfs', home.dataDir])
  onTestFinished(() => void execFileSync('umount', ['-l', home.dataDir]))
  fill(join(home.dataDir, 'ballast'))
  expect((await home.run('install', '--yes')).status).toBe(1)
  expect(home.bytes('.cursor/mcp.json').toString()).toBe(SERVERS)
})

test('a link that leads nowhere is no configuration', async () => {
  const home = homeOfTest()
  const link = join(home.path, '.cursor/mcp.json')
  mkdirSync(dirname(link))
  symlinkSync('/nowhere/mcp.json', link)
  expect(await home.run('install', '--yes')).toMatchObject({ status: 0, out: 'There is nothing to change.\n' })
})
