import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { startDaemonProcess } from '../faults/daemon-process.js'
import {
  type CommandLine,
  exists,
  Kept,
  Receiver,
  type Running,
  run,
  script,
  start,
  temporaryDir,
  until,
  wrapped,
} from './wrapped.js'

const ping = (id: number) => JSON.stringify({ jsonrpc: '2.0', id, method: 'ping' })

/** Resolves when `progress` has not changed for half a second. */
async function standstill(progress: () => number): Promise<void> {
  let last = -1
  let since = 0
  await until(() => {
    if (progress() !== last) since = performance.now()
    last = progress()
    return performance.now() - since > 500
  })
}

async function write({ process }: Running, chunk: string | Buffer): Promise<void> {
  if (!process.stdin.write(chunk)) await once(process.stdin, 'drain')
}

test('a line of 100 MB passes in either direction, and the wrap never holds half of it', async () => {
  const dir = temporaryDir()
  const kept = new Kept()
  await Receiver.start(dir, kept)
  const server = script(`
    import { createHash } from 'node:crypto'
    import { once } from 'node:events'
    const hash = createHash('sha256')
    process.stdin.on('data', async (chunk) => {
      hash.update(chunk)
      if (chunk.at(-1) !== 10) return
      process.stdout.write('{"jsonrpc":"2.0","id":1,"result":{"asked":"' + hash.digest('hex') + '","text":"')
      for (let block = 0; block < 1600; block++)
        if (!process.stdout.write('é'.repeat(32_768))) await once(process.stdout, 'drain')
      process.stdout.write('"}}\\n')
    })`)
  const held = join(dir, 'held')
  const watch = join(dir, 'watch.mjs')
  // What is still held once the garbage is gone: what Node has not collected yet would say nothing.
  writeFileSync(
    watch,
    `import { writeFileSync } from 'node:fs'
    let most = 0
    function look() {
      const startedAt = performance.now()
      gc()
      const { heapUsed, arrayBuffers } = process.memoryUsage()
      most = Math.max(most, heapUsed + arrayBuffers)
      writeFileSync(${JSON.stringify(held)}, String(most))
      // In proportion, so that a slow machine does not spend all its time on this.
      setTimeout(look, 20 * (performance.now() - startedAt)).unref()
    }
    look()`,
  )
  const [node, ...args] = wrapped(server)
  const running = start([node, '--expose-gc', '--import', watch, ...args], dir, false)
  const asked = createHash('sha256')
  const said = async (text: string) => {
    asked.update(text)
    await write(running, text)
  }
  let start50 = ''
  let answeredBytes = 0
  let isOver = false
  running.process.stdout.on('data', (chunk: Buffer) => {
    if (start50.length < 200) start50 += chunk.toString('latin1').slice(0, 200)
    answeredBytes += chunk.length
    isOver = chunk.at(-1) === 10
  })
  await said('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"big","arguments":{"a":"')
  for (let block = 0; block < 1600; block++) await said('x'.repeat(65_536))
  await said('"}}}\n')
  await until(() => isOver)
  expect(/"asked":"(\w+)"/.exec(start50)?.[1]).toBe(asked.digest('hex'))
  expect(answeredBytes).toBeGreaterThan(100e6)
  expect(Number(readFileSync(held, 'utf8'))).toBeLessThan(40e6)
  running.process.stdin.end()
  await running.ended
  await until(() => kept.of('request.ended').length === 1)
  const [call] = kept.of('request.ended')
  expect(call).toMatchObject({ name: 'big', outcome: 'ok', responseBytes: answeredBytes - 1 })
  expect(call!.requestBytes).toBeGreaterThan(100e6)
})

test('calls leave no more room for new objects behind than a wrap begins with', async () => {
  const dir = temporaryDir()
  const room = join(dir, 'room')
  const watch = join(dir, 'watch.mjs')
  writeFileSync(
    watch,
    `import { writeFileSync } from 'node:fs'
    import { getHeapSpaceStatistics } from 'node:v8'
    const roomBytes = () => getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size
    process.once('exit', () => writeFileSync(${JSON.stringify(room)}, String(roomBytes())))`,
  )
  const [node, ...args] = wrapped(['cat'])
  const calls = Array.from({ length: 20_000 }, (_, id) => `${ping(id)}\n`).join('')
  const { out } = await run([node, '--import', watch, ...args], dir, calls)
  expect(out.toString()).toBe(calls)
  // It begins with 2 MB, and grows to 32 MB where it may.
  expect(Number(readFileSync(room, 'utf8'))).toBeLessThan(5e6)
})

test('a server that never reads stalls its client, and the wrap does not keep what it has not read', async () => {
  const running = start(wrapped(script('console.log("ready"); setInterval(() => {}, 1000)')), temporaryDir())
  await until(() => running.out().toString() === 'ready\n')
  let writtenBytes = 0
  const chunk = Buffer.alloc(65_536, 'x')
  void (async () => {
    while (writtenBytes < 60e6) {
      await write(running, chunk)
      writtenBytes += chunk.length
    }
  })().catch(() => {})
  await standstill(() => writtenBytes)
  expect(writtenBytes).toBeLessThan(10e6)
  running.process.kill('SIGTERM')
  expect((await running.ended).signal).toBe('SIGTERM')
})

/** Runs a server directly and wrapped, with the same input, and gives what the wrap told. */
async function bothWays(server: CommandLine, input: readonly (string | Buffer)[], answers: number): Promise<Kept> {
  const dir = temporaryDir()
  const outputs: string[] = []
  for (const commandLine of [server, wrapped(server)]) {
    const running = start(commandLine, dir)
    for (const piece of input) {
      await write(running, piece)
      await turn()
    }
    await until(
      () =>
        (
          running
            .out()
            .toString()
            .match(/"result"/g) ?? []
        ).length >= answers,
    )
    running.process.stdin.end()
    await running.ended
    outputs.push(running.out().toString('hex'))
  }
  expect(outputs[1]).toBe(outputs[0])
  const kept = new Kept()
  await Receiver.start(dir, kept)
  await until(() => kept.of('process.ended').length === 1)
  return kept
}

test('junk before, between and in the middle of messages passes, and no call is lost to it', async () => {
  const server = script(`
    import { createInterface } from 'node:readline'
    process.stdout.write('starting up …\\n\\x1b[32mready\\x1b[0m\\n')
    createInterface({ input: process.stdin }).on('line', (line) => {
      const { id } = JSON.parse(line)
      const answer = JSON.stringify({ jsonrpc: '2.0', id, result: {} })
      process.stdout.write('between\\n' + answer.slice(0, 18) + '\\nin the middle\\n' + answer + '\\n')
    })`)
  const kept = await bothWays(
    server,
    [1, 2, 3].map((id) => `${ping(id)}\n`),
    3,
  )
  expect(kept.of('request.ended').map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'ok'])
  expect(kept.of('unreadable').reduce((sum, { count = 1 }) => sum + count, 0)).toBe(2 + 3 * 3)
})

test('messages that come byte by byte, with split characters and split line ends, are seen whole', async () => {
  const server = script(`
    import { createInterface } from 'node:readline'
    import { setImmediate as turn } from 'node:timers/promises'
    for await (const line of createInterface({ input: process.stdin })) {
      const { id, params } = JSON.parse(line)
      const answer = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, result: { said: params.name } }) + '\\r\\n')
      for (const byte of answer) { process.stdout.write(Buffer.of(byte)); await turn() }
    }`)
  const line = (id: number) =>
    `${JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'größe-😀', arguments: {} } })}\r\n`
  const bytes = Buffer.from(line(1) + line(2))
  const kept = await bothWays(
    server,
    [...bytes].map((byte) => Buffer.of(byte)),
    2,
  )
  const expected = { name: 'größe-😀', outcome: 'ok', requestBytes: Buffer.byteLength(line(1)) - 2 }
  expect(kept.of('request.ended')).toMatchObject([expected, expected])
  expect(kept.of('unreadable')).toEqual([])
})

test('two wraps of one name at the same time: each call of both is kept once, in two sessions', async () => {
  const dir = temporaryDir()
  const kept = new Kept()
  await Receiver.start(dir, kept)
  const server = script(`
    import { createInterface } from 'node:readline'
    createInterface({ input: process.stdin }).on('line', (line) =>
      console.log(JSON.stringify({ jsonrpc: '2.0', id: JSON.parse(line).id, result: {} })))`)
  const both = [start(wrapped(server, 'same'), dir), start(wrapped(server, 'same'), dir)]
  await Promise.all(
    both.map(async (running) => {
      for (let id = 1; id <= 20; id++) await running.ask(ping(id))
      running.process.stdin.end()
      await running.ended
    }),
  )
  await until(() => kept.of('process.ended').length === 2)
  const calls = kept.of('request.ended')
  expect(calls).toHaveLength(40)
  expect(new Set(calls.map(({ session, operation }) => `${session} ${operation}`)).size).toBe(40)
  expect(new Set(calls.map(({ session }) => session)).size).toBe(2)
})

test('a disk that fills up changes nothing for the client, and one line on stderr says so', async () => {
  const dir = temporaryDir()
  const full = join(dir, 'full.mjs')
  // Stands for the disk: in the wrap and its server, every file that a spool writes is refused.
  writeFileSync(
    full,
    `import fs from 'node:fs'; import { syncBuiltinESMExports } from 'node:module'
    fs.writeSync = ((write) => (fd, ...rest) => {
      if (fd <= 2) return write(fd, ...rest)
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' })
    })(fs.writeSync)
    syncBuiltinESMExports()`,
  )
  const [node, ...args] = wrapped(script('process.stdin.pipe(process.stdout)'))
  const calls = Array.from({ length: 50 }, (_, id) => `${ping(id)}\n`).join('')
  const { code, out, err } = await run([node, '--import', full, ...args], join(dir, 'state'), calls)
  expect([code, out.toString()]).toEqual([0, calls])
  expect(err).toMatch(/^mcp-vitals: nothing is recorded, though the server runs\. [^\n]*the disk is full[^\n]*\n$/)
})

test('a killed client leaves nobody: not a server that ignores all it can, nor what that started', async () => {
  const stubborn = `for (const name of ['SIGTERM', 'SIGHUP', 'SIGINT']) process.on(name, () => {}); setInterval(() => {}, 1000)`
  const server = script(`
    import { spawn } from 'node:child_process'
    const helper = spawn(process.execPath, ['-e', ${JSON.stringify(stubborn)} + "; console.log('up')"], { stdio: ['ignore', 'pipe', 'ignore'] })
    ${stubborn}
    helper.stdout.once('data', () => console.log(JSON.stringify([process.ppid, process.pid, helper.pid])))
    process.stdin.resume()`)
  const client = start(
    script(`
      import { spawn } from 'node:child_process'
      const [command, ...args] = ${JSON.stringify(wrapped(server))}
      spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] }).stdout.pipe(process.stdout)`),
    temporaryDir(),
  )
  await until(() => client.out().at(-1) === 10)
  const pids = JSON.parse(client.out().toString()) as number[]
  expect(pids.map(exists)).toEqual([true, true, true])
  client.process.kill('SIGKILL')
  await until(() => !pids.some(exists))
})

const STUBBORN = `
  for (const name of ['SIGTERM', 'SIGHUP', 'SIGINT']) process.on(name, () => {})
  process.stdout.on('error', () => {})
  setInterval(() => {}, 1000)`

test('what a killed wrap leaves, the next wrap or daemon ends, though it ignores the end of its input and signals', async () => {
  const dir = temporaryDir()
  const server = script(`
    import { spawn } from 'node:child_process'
    ${STUBBORN}
    const helper = spawn(process.execPath, ['-e', ${JSON.stringify(STUBBORN)}], { stdio: 'ignore' })
    console.log(JSON.stringify([process.pid, helper.pid]))`)
  const recorded = () => (existsSync(join(dir, 'wrapped')) ? readdirSync(join(dir, 'wrapped')) : [])
  const killed = start(wrapped(server), dir)
  const living = start(wrapped(server), dir)
  await until(() => [killed, living].every((running) => running.out().at(-1) === 10) && recorded().length === 2)
  const [left, used] = [killed, living].map((running) => JSON.parse(running.out().toString()) as number[])
  killed.process.kill('SIGKILL')
  await until(() => killed.process.signalCode !== null)
  expect(left!.map(exists)).toEqual([true, true])
  const next = start(wrapped(script("process.stdin.on('end', () => process.exit(0)).resume()")), dir)
  await until(() => !left!.some(exists) && recorded().length === 2)
  expect(used!.map(exists)).toEqual([true, true])
  next.process.stdin.end()
  expect(await next.ended).toEqual({ code: 0, signal: null })
  expect(recorded()).toEqual([expect.stringMatching(`^${living.process.pid}-`)])
  living.process.kill('SIGKILL')
  await until(() => living.process.signalCode !== null)
  const daemon = startDaemonProcess(dir)
  await until(() => !used!.some(exists) && recorded().length === 0)
  await daemon.end('SIGTERM')
})

const CALLS = 40_000
/** Twice what a wrap needs, and enough for the events of half as many calls: a wrap that kept them all would end. */
const HEAP_MB = 16

test('a burst of 40,000 calls is kept whole by a wrap whose heap could not hold it', async () => {
  const dir = temporaryDir()
  const kept = new Kept()
  await Receiver.start(dir, kept)
  const server = script(`
    let rest = ''
    process.stdin.setEncoding('utf8').on('data', (chunk) => {
      const lines = (rest + chunk).split('\\n')
      rest = lines.pop()
      process.stdout.write(lines.map((line) => '{"jsonrpc":"2.0","id":' + JSON.parse(line).id + ',"result":{}}\\n').join(''))
    })`)
  const [node, ...args] = wrapped(server)
  const running = start([node, `--max-old-space-size=${HEAP_MB}`, ...args], dir, false)
  let answers = 0
  running.process.stdout.on('data', (chunk: Buffer) => {
    for (const byte of chunk) if (byte === 10) answers++
  })
  for (let id = 1; id <= CALLS; id += 100) {
    await write(running, Array.from({ length: 100 }, (_, index) => `${ping(id + index)}\n`).join(''))
    await until(() => answers >= id - 100)
  }
  await until(() => answers === CALLS)
  running.process.stdin.end()
  expect(await running.ended).toEqual({ code: 0, signal: null })
  await until(() => kept.of('process.ended').length === 1)
  expect(new Set(kept.of('request.ended').map(({ operation }) => operation)).size).toBe(CALLS)
  expect(kept.of('request.ended')).toHaveLength(CALLS)
})
