import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CLI } from '../../fixtures/daemon.js'
import { tempDir } from '../store/support.js'

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

test('mcp-vitals config check reads the rule files that a configuration names, from its folder on', () => {
  const dir = tempDir()
  mkdirSync(join(dir, 'rules'))
  writeFileSync(join(dir, 'mine.json'), JSON.stringify({ servers: {}, rules: { files: ['rules/*.yml'] } }))
  const check = () => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [CLI, 'config', 'check', '--config', join(dir, 'mine.json')],
      {
        encoding: 'utf8',
      },
    )
    return { status, stderr }
  }
  writeFileSync(join(dir, 'rules/not-rules.txt'), 'groups: [')
  expect(check().status).toBe(0)
  writeFileSync(join(dir, 'rules/a.yml'), 'groups: [{ name: g, rules: [{ alert: A, expr: "up{" }] }]')
  expect(check()).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(/a\.yml is not valid:\s+line 1, column \d+/),
  })
})
