import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CLI } from '../../fixtures/daemon.js'

const DATA = join(import.meta.dirname, '../../data/rules')

test('mcp-vitals rules check and test say what is valid and what passes, and end with a status for the rest', () => {
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, 'rules', ...args], { encoding: 'utf8' })
    return { status, stdout, stderr }
  }
  const rules = join(import.meta.dirname, '../../../packages/server/rules/plugins.yml')
  expect(run('check', rules)).toEqual({ status: 0, stdout: `${rules} is valid: 1 group, 3 rules.\n`, stderr: '' })
  const tests = join(DATA, 'plugins.test.yml')
  expect(run('test', tests)).toEqual({ status: 0, stdout: `${tests}: 1 test passed\n`, stderr: '' })
  expect(run('check', tests)).toMatchObject({ status: 2, stderr: expect.stringContaining('line 1, column 1') })
})
