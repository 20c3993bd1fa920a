/** `mcp-vitals up` as a process that may be killed at any moment, before it listens too, and started again. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'libsql'
import { expect, onTestFinished } from 'vitest'
import { CLI } from '../fixtures/daemon.js'
import { until } from '../fixtures/until.js'

const START_TIMEOUT_MS = 30_000

/** A temporary directory that goes when the test ends. */
export function temporaryDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'mcp-vitals-prove-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

export interface DaemonProcess {
  readonly process: ChildProcess
  /** Its address, once it listens; undefined when it ended before. */
  readonly listening: Promise<string | undefined>
  /** What it wrote on both its outputs so far. */
  output(): string
  /** Sends the signal and resolves when it is gone. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>
}

/** Starts a daemon on the state directory `dataDir`; it is killed when the test ends. */
export function startDaemonProcess(
  dataDir: string,
  args: readonly string[] = [],
  nodeFlags: readonly string[] = [],
): DaemonProcess {
  const child = spawn(process.execPath, [...nodeFlags, CLI, 'up', '--port', '0', ...args], {
    env: { ...process.env, LOG_FORMAT: 'json', MCP_VITALS_DATA: dataDir },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const closed = once(child, 'close')
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk) => {
      output += chunk
    })
  const address = () => /"daemon_started".*?(http:[^"\s]+)/.exec(output)?.[1]
  const isOver = () => child.exitCode !== null || child.signalCode !== null
  const listening = until(
    () => address() !== undefined || isOver(),
    START_TIMEOUT_MS,
    () => `no start:\n${output}`,
  ).then(address)
  return {
    process: child,
    listening,
    output: () => output,
    async end(signal) {
      if (!isOver()) child.kill(signal)
      await closed
      await listening
    },
  }
}

/** Processes that were started with this state directory in their environment: daemons, wraps and all below them. */
export function processesOf(dataDir: string): readonly number[] {
  const mark = `MCP_VITALS_DATA=${dataDir}\0`
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => contentOf(`/proc/${pid}/environ`).includes(mark) && runs(pid))
    .map(Number)
}

/** Processes that this one started and that run. */
export function childrenOf(pid: number): readonly number[] {
  return readdirSync(`/proc/${pid}/task`)
    .flatMap((thread) => contentOf(`/proc/${pid}/task/${thread}/children`).split(' '))
    .filter((child) => child !== '' && runs(child))
    .map(Number)
}

/** True while the process runs; a zombie does not. */
function runs(pid: string): boolean {
  const stat = contentOf(`/proc/${pid}/stat`)
  return stat !== '' && !/\) Z /.test(stat)
}

/** Empty where the file is gone, as with every process that ends meanwhile. */
function contentOf(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}

/** Names of the spool files in a state directory. */
export function spoolFiles(dataDir: string): readonly string[] {
  const dir = join(dataDir, 'spool')
  return existsSync(dir) ? readdirSync(dir) : []
}

/** Asks the store's file by SQL alone, without the store's code; no daemon may run. The file must be whole. */
export function askStore<T>(dataDir: string, ...statements: readonly string[]): T[][] {
  const database = new Database(join(dataDir, 'events.db'))
  const check = database.prepare('PRAGMA integrity_check').raw().all()
  const answers = statements.map((sql) => database.prepare(sql).all() as T[])
  database.close()
  expect(check).toEqual([['ok']])
  return answers
}
