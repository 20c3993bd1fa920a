/** The command line of `npm run prove`, which must not begin an hour of work for a word that it does not know. */
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { FILES, ROOT } from './files.js'

const prove = (...words: string[]) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/prove.mjs', ...words], {
    cwd: ROOT,
    encoding: 'utf8',
    timeout: 30_000,
  })
  return { status, stdout, stderr }
}

test.each(['--help', '-h'])('%s prints how it is used, and runs nothing', (word) => {
  expect(prove('gateway-soak', word)).toEqual({ status: 0, stdout: expect.stringMatching(/^Usage: /), stderr: '' })
})

test('--list names every proof with its file, or those that are asked for', () => {
  const { status, stdout } = prove('--list')
  const listed = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(/ +/)[1])
  expect(status).toBe(0)
  const folders = FILES.filter((file) => /^test\/(faults|soak)\/.*\.test\.ts$/.test(file))
  expect(listed).toEqual(expect.arrayContaining([...folders, 'test/property/differential-http.test.ts']))
  expect(prove('--list', 'gateway-soak').stdout).toMatch(/^gateway-soak +test\/soak\/gateway-soak\.test\.ts\n$/)
})

test.each([
  ['a proof', 'gateway-soaks'],
  ['an option', '--lsit'],
])('%s that it does not know is an error, and nothing runs', (_, word) => {
  expect(prove('gateway-soak', word)).toEqual({ status: 2, stdout: '', stderr: expect.stringContaining(word) })
})
