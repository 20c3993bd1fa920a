import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { type ChildOptions, minimalEnvironment, startChild } from '../../../packages/server/src/children/index.js'

const dir = mkdtempSync(join(tmpdir(), 'children-'))
afterAll(() => rmSync(dir, { recursive: true }))

const node = (script: string, options: Partial<ChildOptions> = {}) =>
  startChild({ command: process.execPath, args: ['-e', script], env: process.env, stderr: 'ignore', ...options })

async function text(stream: AsyncIterable<Buffer>): Promise<string> {
  let all = ''
  for await (const chunk of stream) all += chunk.toString()
  return all
}

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('the condition never came true')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** True while a process runs; a zombie, which waits for its parent to take note, does not. */
function runs(pid: number): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return false
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

test('input and output are piped, and the exit status comes after the last output', async () => {
  const child = node('process.stdin.on("data", (d) => process.stdout.write(d)).on("end", () => process.exit(3))')
  child.stdin.end('hello')
  const output = text(child.stdout)
  expect(await child.exited).toEqual({ code: 3, signal: null })
  expect(await output).toBe('hello')
})

test('the exit comes after the last output also where the loop was held up between them', async () => {
  const shell = (script: string) =>
    startChild({ command: 'sh', args: ['-c', script], env: process.env, stderr: 'ignore' })
  const [first, second] = [shell('echo first'), shell('read line; printf last')]
  let output = ''
  second.stdout.on('data', (chunk: Buffer) => {
    output += chunk
  })
  first.stdout.once('data', () => {
    // Both exits are told together now, after the loop has looked which pipes there are to read.
    second.stdin.write('\n')
    while (runs(second.pid!));
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000))
  })
  while (runs(first.pid!));
  expect(await second.exited).toEqual({ code: 0, signal: null })
  expect(output).toBe('last')
})

test('stderr is a stream where it is asked for', async () => {
  const child = node('console.error("diagnosis")', { stderr: 'pipe' })
  child.stdout.resume()
  expect(await text(child.stderr!)).toBe('diagnosis\n')
})

test('the signal that ended it is told', async () => {
  const child = node('setInterval(() => {}, 1000)')
  child.kill('SIGKILL')
  expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' })
  expect(child.kill('SIGTERM')).toBe(false)
})

test.each([
  ['a command that does not exist', '/nowhere/at-all', 'not_found'],
  ['a file that may not be run', 'plain.txt', 'not_executable'],
  ['a name that no system takes', 'a\0b', 'failed'],
])('%s is a typed failure, not a throw', async (_, command, startFailure) => {
  writeFileSync(join(dir, 'plain.txt'), 'not a program', { mode: 0o600 })
  const child = startChild({
    command: command === 'plain.txt' ? join(dir, command) : command,
    env: {},
    stderr: 'pipe',
  })
  expect(child.pid).toBeUndefined()
  expect(await child.exited).toEqual({ code: null, signal: null, startFailure })
  expect(await child.end(1)).toEqual({ code: null, signal: null, startFailure })
  expect(child.kill('SIGTERM')).toBe(false)
})

test('a directory that does not exist is not_found', async () => {
  const child = node('0', { cwd: join(dir, 'absent') })
  expect((await child.exited).startFailure).toBe('not_found')
})

test('a write after the end throws nothing', async () => {
  const child = node('process.exit(0)')
  await child.exited
  child.stdin.write('too late')
  await new Promise((resolve) => setImmediate(resolve))
})

test('end lets a server that heeds the end of its input go by itself', async () => {
  const child = node('process.stdin.resume().on("end", () => process.exit(0))')
  expect(await child.end(20_000)).toEqual({ code: 0, signal: null })
})

test('end uses SIGTERM, then SIGKILL, on one that does not', async () => {
  const heedsTerm = node('process.on("SIGTERM", () => process.exit(7)); console.log("up"); setInterval(() => {}, 1000)')
  await new Promise((resolve) => heedsTerm.stdout.once('data', resolve))
  expect(await heedsTerm.end(100)).toEqual({ code: 7, signal: null })
  const heedsNothing = node('process.on("SIGTERM", () => {}); console.log("up"); setInterval(() => {}, 1000)')
  await new Promise((resolve) => heedsNothing.stdout.once('data', resolve))
  expect(await heedsNothing.end(100)).toEqual({ code: null, signal: 'SIGKILL' })
})

const startsAnother = `
  const { spawn } = require('node:child_process')
  const grandchild = spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {}); process.send("up"); setInterval(() => {}, 1000)'], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  grandchild.on('message', () => console.log(grandchild.pid))
`

test.each([
  ['ended', (child: ReturnType<typeof node>) => child.end(100)],
  ['killed', (child: ReturnType<typeof node>) => process.kill(child.pid!, 'SIGKILL')],
])('what it started does not outlive it when it is %s', async (_, finish) => {
  const child = node(`${startsAnother}; setInterval(() => {}, 1000)`)
  const grandchild = Number(await new Promise((resolve) => child.stdout.once('data', resolve)))
  expect(runs(grandchild)).toBe(true)
  finish(child)
  await child.exited
  await until(() => !runs(grandchild))
})

test('the environment is a short list and the entry’s own', () => {
  const inherited = { PATH: '/bin', HOME: '/root', AWS_SECRET_ACCESS_KEY: 'x', SHELL: '() { evil; }' }
  expect(minimalEnvironment({ TOKEN: 't', HOME: '/h' }, inherited)).toEqual({ PATH: '/bin', HOME: '/h', TOKEN: 't' })
})
