import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Person, person } from './person.js'

const TEXT = '{ "mcpServers": { "notes": { "command": "notes" } } }'
let home = ''
let file = ''
const unit = () => join(home, '.config/systemd/user/mcp-vitals.service')

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'mcp-vitals-install-'))
  file = join(home, '.cursor/mcp.json')
  mkdirSync(join(home, '.cursor'))
  mkdirSync(join(home, 'bin'))
  writeFileSync(file, TEXT)
  writeFileSync(join(home, 'bin/systemctl'), '#!/bin/sh\nexit 0\n', { mode: 0o755 })
  vi.stubEnv('HOME', home)
  vi.stubEnv('PATH', join(home, 'bin'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(home, { recursive: true, force: true })
})

function atKeyboard(...args: string[]): Person {
  return person(args, { isTTY: true, env: { MCP_VITALS_DATA: join(home, 'state') } })
}

async function asked(someone: Person, question: string): Promise<void> {
  await expect.poll(() => someone.seen().err, { timeout: 20_000 }).toContain(question)
}

test.each(['\n', 'n\n', 'no\n'])('anything but a yes (%j) changes nothing', async (answer) => {
  const someone = atKeyboard('install')
  await asked(someone, 'Change this file? [y/N]')
  someone.types(answer)
  expect(await someone.status).toBe(0)
  expect(someone.seen().out).toContain('Nothing was changed.')
  expect(readFileSync(file, 'utf8')).toBe(TEXT)
})

test('after a yes a login service is offered, and uninstall asks too', async () => {
  const someone = atKeyboard('install')
  await asked(someone, 'Change this file? [y/N]')
  someone.types('y\n')
  await asked(someone, 'as a systemd user service? [y/N]')
  expect(readFileSync(file, 'utf8')).toContain('"wrap"')
  expect(existsSync(unit())).toBe(false)
  someone.types('y\n')
  expect(await someone.status).toBe(0)
  expect(readFileSync(unit(), 'utf8')).toContain('ExecStart=')
  expect(existsSync(join(home, '.config/mcp-vitals/mcp-vitals.yaml'))).toBe(true)

  const back = atKeyboard('uninstall')
  await asked(back, 'Change these 3 files? [y/N]')
  back.types('yes\n')
  expect(await back.status).toBe(0)
  expect(readFileSync(file, 'utf8')).toBe(TEXT)
  expect(existsSync(unit())).toBe(false)
})

test('a file that another program writes after it was shown is left to that program', async () => {
  const someone = atKeyboard('install')
  await asked(someone, 'Change this file? [y/N]')
  const theirs = TEXT.replace('notes', 'other')
  writeFileSync(file, theirs)
  someone.types('y\n')
  expect(await someone.status).toBe(1)
  expect(someone.seen().out).toContain('was changed by another program since it was read')
  expect(someone.seen().err).toContain('(INSTALL_INCOMPLETE)')
  expect(readFileSync(file, 'utf8')).toBe(theirs)
})
