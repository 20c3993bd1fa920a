import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { Event, EventOf, EventType } from '../../packages/instrument/src/event/index.js'
import { openDataDir } from '../../packages/server/src/datadir/index.js'
import { createIngest } from '../../packages/server/src/sources/ingest/index.js'
import { ingestOptions } from '../../packages/server/src/sources/ingest/options.js'
import { type Adoption, adoptSpools } from '../../packages/server/src/spool/index.js'

const MAIN = fileURLToPath(new URL('../../packages/server/packed/cli/main.js', import.meta.url))
const DEADLINE_MS = 30_000

/** A command line, and the same run by a wrap. */
export type CommandLine = readonly [string, ...string[]]
export function wrapped(commandLine: CommandLine, name = 'notes'): CommandLine {
  return [process.execPath, MAIN, 'wrap', '--name', name, '--', ...commandLine]
}

/** A script for `node` that stands for a server. */
export function script(text: string): CommandLine {
  return [process.execPath, '--input-type=module', '-e', text]
}

/** A temporary directory that goes when the test ends. */
export function temporaryDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'wrap-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

export interface Running {
  readonly process: ChildProcessWithoutNullStreams
  /** All that came on stdout so far. */
  out(): Buffer
  err(): string
  /** Resolves when it exited and all its output came. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>
  /** Sends one line and resolves to the next line that comes. */
  ask(line: string): Promise<string>
}

/** Starts a command line with pipes; it is killed when the test ends. */
export function start([command, ...args]: CommandLine, dataDir: string, keepOutput = true): Running {
  const child = spawn(command, args, { env: { ...process.env, MCP_VITALS_DATA: dataDir } })
  const chunks: Buffer[] = []
  let err = ''
  if (keepOutput) child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  child.stderr.on('data', (chunk) => {
    err += chunk
  })
  child.stdin.on('error', () => {})
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }))
  onTestFinished(() => void child.kill('SIGKILL'))
  const lines = () => Buffer.concat(chunks).toString().split('\n').slice(0, -1)
  return {
    process: child,
    out: () => Buffer.concat(chunks),
    err: () => err,
    ended,
    async ask(line) {
      const before = lines().length
      child.stdin.write(`${line}\n`)
      await until(() => lines().length > before)
      return lines()[before]!
    },
  }
}

/** Runs to the end with the given input. */
export async function run(commandLine: CommandLine, dataDir: string, input: string | Buffer = '') {
  const running = start(commandLine, dataDir)
  running.process.stdin.end(input)
  const { code, signal } = await running.ended
  return { code, signal, out: running.out(), err: running.err() }
}

/** Polls until the condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('the condition was not met in time')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

/** Whether a process of this id runs; a zombie does not. */
export function exists(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

/** What was taken, and a store's marks, outliving the receivers in front of them. */
export class Kept {
  readonly events: Event[] = []
  readonly #marks = new Map<string, number>()

  async append() {}

  async appendStream(stream: string, batch: readonly { readonly seq: number; readonly event: Event }[]) {
    const mark = this.#marks.get(stream) ?? 0
    const fresh = batch.filter(({ seq }) => seq > mark).map(({ event }) => event)
    this.#marks.set(stream, Math.max(mark, batch.at(-1)?.seq ?? 0))
    return { highWater: this.#marks.get(stream)!, fresh }
  }

  async mark(stream: string) {
    return this.#marks.get(stream) ?? 0
  }

  of<T extends EventType>(type: T): EventOf<T>[] {
    return this.events.filter((event) => event.type === type) as unknown as EventOf<T>[]
  }
}

/** The daemon’s receiving end: the real ingest and the real adoption behind a plain HTTP server. */
export class Receiver {
  readonly #server: Server
  readonly #adoption: Adoption
  readonly #close: () => Promise<unknown>

  private constructor(server: Server, adoption: Adoption, close: () => Promise<unknown>) {
    this.#server = server
    this.#adoption = adoption
    this.#close = close
  }

  static async start(dataDirPath: string, kept: Kept): Promise<Receiver> {
    const dataDir = await openDataDir(dataDirPath)
    const ingest = createIngest({
      publish: (event) => kept.events.push(event),
      mask: (event) => event,
      cleanId: (id) => id,
      store: kept,
      token: await dataDir.token(),
      now: Date.now,
      clock: () => performance.now(),
      options: ingestOptions.parse({}),
    })
    const server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', async () => {
        const headers = Object.entries(request.headers) as [string, string][]
        const body = Buffer.concat(chunks)
        const answer = await ingest.handle(new Request('http://127.0.0.1/v1/events', { method: 'POST', headers, body }))
        response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const withdraw = await dataDir.announce({ url, pid: process.pid })
    const adoption = adoptSpools({ dir: dataDir.spoolDir, deliver: (batch) => ingest.take(batch) })
    await adoption.start()
    const receiver = new Receiver(server, adoption, async () => withdraw())
    onTestFinished(() => receiver.stop())
    return receiver
  }

  /** Breaks all connections and goes. Idempotent. */
  async stop(): Promise<void> {
    if (!this.#server.listening) return
    this.#server.closeAllConnections()
    this.#server.close()
    await this.#adoption.stop()
    await this.#close()
  }
}
