import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { exists, run, script, start, temporaryDir, until, wrapped } from './wrapped.js'

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')
const ECHO = script('process.stdin.pipe(process.stdout)')

describe('bytes', () => {
  test.each([
    ['lines', '{"jsonrpc":"2.0","id":1,"method":"ping"}\n{"jsonrpc":"2.0","id":1,"result":{}}\n'],
    ['no line break at the end', '{"jsonrpc":"2.0"'],
    ['what is no JSON', 'hello\r\n\0\u2028 world\n\n'],
    ['what is no UTF-8', Buffer.from([0xff, 0xfe, 0x0a, 0xc3, 0x28, 0x0a, 0x80])],
    ['nothing', ''],
  ])('go through unchanged: %s', async (_, input) => {
    const { out, err, code } = await run(wrapped(ECHO), temporaryDir(), input)
    expect([out, err, code]).toEqual([Buffer.from(input), '', 0])
  })

  test('a message of 20 MB goes through in both directions', async () => {
    const message = Buffer.from(
      `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'big', arguments: { a: 'é"\\'.repeat(4_000_000) } } })}\n`,
    )
    expect(message.length).toBeGreaterThan(20_000_000)
    const { out, code } = await run(wrapped(ECHO), temporaryDir(), message)
    expect([sha256(out), out.length, code]).toEqual([sha256(message), message.length, 0])
  })

  test('a client that reads slowly slows the server down, and the wrap does not keep what it has not read', async () => {
    const dir = temporaryDir()
    const counter = join(dir, 'written')
    const server = script(`
      import { writeFileSync } from 'node:fs'
      const chunk = Buffer.alloc(65536, 'x'); let written = 0
      // The count is on disk before each write: a write to a full pipe may stop the whole server.
      const go = () => {
        while (written < 60e6) {
          written += chunk.length
          writeFileSync(${JSON.stringify(counter)}, String(written))
          if (!process.stdout.write(chunk)) return process.stdout.once('drain', go)
        }
      }
      go()`)
    const running = start(wrapped(server), dir, false)
    const written = () => (existsSync(counter) ? Number(readFileSync(counter, 'utf8')) : 0)
    // Until the server has not got on for half a second.
    let last = 0
    let since = performance.now()
    await until(() => {
      if (written() !== last || last === 0) since = performance.now()
      last = written()
      return performance.now() - since > 500
    })
    expect(written()).toBeLessThan(10e6)
    let got = 0
    running.process.stdout.on('data', (chunk: Buffer) => {
      got += chunk.length
    })
    await running.ended
    expect(got).toBeGreaterThanOrEqual(60e6)
  })

  test('stderr is the server’s own', async () => {
    const { out, err } = await run(wrapped(script("process.stderr.write('\\u001b[31mred\\u001b[0m')")), temporaryDir())
    expect([err, out.length]).toEqual(['\u001b[31mred\u001b[0m', 0])
  })
})

describe('the end', () => {
  test.each([0, 1, 7, 255])('the exit status is the server’s: %i', async (status) => {
    const { code, err } = await run(wrapped(script(`process.exit(${status})`)), temporaryDir())
    expect([code, err]).toEqual([status, ''])
  })

  test.each(['SIGTERM', 'SIGKILL', 'SIGINT', 'SIGHUP'] as const)(
    'a server ended by %s ends the wrap by %s',
    async (signal) => {
      const { code, signal: by } = await run(wrapped(script(`process.kill(process.pid, '${signal}')`)), temporaryDir())
      expect([code, by]).toEqual([null, signal])
    },
  )

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const)(
    '%s reaches the server, whose answer to it counts',
    async (signal) => {
      const server = script(
        `process.on('${signal}', () => { console.log('got it'); process.exit(5) }); console.log('ready'); setInterval(() => {}, 1000)`,
      )
      const running = start(wrapped(server), temporaryDir())
      await until(() => running.out().toString() === 'ready\n')
      running.process.kill(signal)
      expect(await running.ended).toEqual({ code: 5, signal: null })
      expect(running.out().toString()).toBe('ready\ngot it\n')
    },
  )

  test('a signal that the server ignores does not end the wrap', async () => {
    const server = script(
      "process.on('SIGTERM', () => console.log('no')); console.log('ready'); process.stdin.on('end', () => process.exit(0)).resume()",
    )
    const running = start(wrapped(server), temporaryDir())
    await until(() => running.out().toString() === 'ready\n')
    running.process.kill('SIGTERM')
    await until(() => running.out().toString() === 'ready\nno\n')
    expect(running.process.exitCode).toBe(null)
    running.process.stdin.end()
    expect(await running.ended).toEqual({ code: 0, signal: null })
  })

  test('the end of the input reaches the server, which may still finish its work', async () => {
    const server = script(
      "process.stdin.on('end', () => setTimeout(() => { console.log('last words'); process.exit(3) }, 700)).resume()",
    )
    const { code, out } = await run(wrapped(server), temporaryDir())
    expect([code, out.toString()]).toEqual([3, 'last words\n'])
  })

  test('an input that is closed from the start is an empty one, whose end the server sees at once', async () => {
    const server = script("process.stdin.on('end', () => { console.log('end'); process.exit(5) }).resume()")
    const running = start(['sh', '-c', 'exec "$@" <&-', 'sh', ...wrapped(server)], temporaryDir())
    expect(await running.ended).toEqual({ code: 5, signal: null })
    expect(running.out().toString()).toBe('end\n')
  })

  test('a server that dies at once, or in the middle of a line, takes nothing back', async () => {
    const { code, out } = await run(
      wrapped(script(`process.stdout.write('{"jsonrpc":"2.0","id":1,"resu', () => process.exit(9))`)),
      temporaryDir(),
      'x\n',
    )
    expect([code, out.toString()]).toEqual([9, '{"jsonrpc":"2.0","id":1,"resu'])
  })

  test('a server that closes its output is seen to, though it lives on', async () => {
    const running = start(
      wrapped(
        script(
          "import { closeSync } from 'node:fs'; closeSync(1); process.stdin.on('end', () => process.exit(4)).resume()",
        ),
      ),
      temporaryDir(),
    )
    await once(running.process.stdout, 'end')
    expect(running.process.exitCode).toBe(null)
    running.process.stdin.end()
    expect(await running.ended).toEqual({ code: 4, signal: null })
  })

  test('a command that does not exist: 127, and stderr says what to do', async () => {
    const { code, out, err } = await run(wrapped(['no-such-server', '--token=s3cret']), temporaryDir())
    expect([code, out.length]).toEqual([127, 0])
    expect(err).toContain('no-such-server')
    expect(err).toContain('COMMAND_NOT_FOUND')
    expect(err).not.toContain('s3cret')
  })

  test('a file that cannot be executed: 126', async () => {
    const path = join(temporaryDir(), 'server')
    writeFileSync(path, 'no program')
    chmodSync(path, 0o644)
    const { code, err } = await run(wrapped([path]), temporaryDir())
    expect([code, err.includes('COMMAND_NOT_EXECUTABLE')]).toEqual([126, true])
  })
})

describe('nobody stays behind', () => {
  test('after kill -9 of the wrap its server sees the end of its input', async () => {
    const seen = join(temporaryDir(), 'seen')
    const server = script(`
      import { writeFileSync } from 'node:fs'
      process.stdin.on('end', () => { writeFileSync(${JSON.stringify(seen)}, 'end'); process.exit() }).resume()
      console.log('ready')`)
    const running = start(wrapped(server), temporaryDir())
    await until(() => running.out().toString() === 'ready\n')
    running.process.kill('SIGKILL')
    await until(() => existsSync(seen))
  })

  test('a client that ends as the SDKs do (input, SIGTERM, SIGKILL) leaves no server, nor what that started', async () => {
    const stubborn = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)"
    const server = script(`
      import { spawn } from 'node:child_process'
      process.on('SIGTERM', () => console.log('no'))
      setInterval(() => {}, 1000)
      const helper = spawn(process.execPath, ['-e', ${JSON.stringify(`${stubborn}; console.log(1)`)}], { stdio: ['ignore', 'pipe', 'ignore'] })
      helper.stdout.once('data', () => console.log(JSON.stringify([process.pid, helper.pid])))`)
    const running = start(wrapped(server), temporaryDir())
    await until(() => running.out().at(-1) === 10)
    const pids = JSON.parse(running.out().toString()) as number[]
    running.process.stdin.end()
    running.process.kill('SIGTERM')
    await until(() => running.out().toString().endsWith('no\n'))
    expect(pids.map(exists)).toEqual([true, true])
    running.process.kill('SIGKILL')
    await until(() => !pids.some(exists))
  })

  test('a client that stops reading and is gone takes a server with it that ignores everything but SIGKILL', async () => {
    const server = script(
      "process.on('SIGTERM', () => {}); process.stdout.on('error', () => {}); console.log(process.pid); setInterval(() => console.log('more'), 50)",
    )
    const running = start(wrapped(server), temporaryDir(), false)
    const [first] = (await once(running.process.stdout, 'data')) as [Buffer]
    const pid = Number(first.toString().split('\n')[0])
    expect(exists(pid)).toBe(true)
    running.process.stdout.destroy()
    running.process.stdin.destroy()
    expect((await running.ended).signal).toBe('SIGKILL')
    await until(() => !exists(pid))
  })

  test('what the server started goes with it', async () => {
    const server = script(`
      import { spawn } from 'node:child_process'
      const helper = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
      console.log(helper.pid); process.stdin.on('end', () => process.exit(0)).resume()`)
    const running = start(wrapped(server), temporaryDir())
    await until(() => running.out().length > 0)
    const helper = Number(running.out().toString())
    running.process.stdin.end()
    expect(await running.ended).toEqual({ code: 0, signal: null })
    await until(() => !exists(helper))
  })
})

test('a wrap is small: a heap of 16 MB is enough for a conversation', async () => {
  const [node, ...args] = wrapped(
    script(`
    import { createInterface } from 'node:readline'
    createInterface({ input: process.stdin }).on('line', (line) => console.log(JSON.stringify({ jsonrpc: '2.0', id: JSON.parse(line).id, result: {} })))`),
  )
  const running = start([node, '--max-old-space-size=16', ...args], temporaryDir())
  for (let id = 1; id <= 50; id++) await running.ask(JSON.stringify({ jsonrpc: '2.0', id, method: 'ping' }))
  running.process.stdin.end()
  expect(await running.ended).toEqual({ code: 0, signal: null })
})

test.each([
  ['whose place is a file', (dir: string) => writeFileSync(dir, ''), 'there is a file of that name'],
  ['in which others may write', openToAll, 'is open to other users'],
])('a state directory %s changes nothing for the client, and one line on stderr says so', async (_, spoil, reason) => {
  const dir = join(temporaryDir(), 'state')
  spoil(dir)
  const { code, out, err } = await run(wrapped(ECHO), dir, 'hello\n')
  expect([code, out.toString()]).toEqual([0, 'hello\n'])
  expect(err).toMatch(/^mcp-vitals: nothing is recorded, though the server runs\. [^\n]+\n$/)
  expect(err).toContain(reason)
})

function openToAll(dir: string): void {
  mkdirSync(dir)
  chmodSync(dir, 0o777)
}
