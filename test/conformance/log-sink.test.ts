import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createLogSink, type LogStream } from '../../packages/server/src/sinks/log/index.js'
import { logOptions } from '../../packages/server/src/sinks/log/options.js'
import { sinkConformance } from './sink.js'

const options = logOptions.parse({ level: 'debug', format: 'json' })
const setup = { options, now: Date.now }

function operationsIn(text: string): readonly string[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { operation?: string })
    .flatMap(({ operation }) => operation ?? [])
}

sinkConformance('log to a stream', async () => {
  let text = ''
  let broken = false
  const stream: LogStream = {
    on: () => {},
    write: (part, done) => {
      if (broken) return done(new Error('closed pipe'))
      text += part
      setImmediate(done)
    },
  }
  return {
    sink: createLogSink({ ...setup, stream }),
    arrived: async () => operationsIn(text),
    async breakDown() {
      broken = true
      return async () => {
        broken = false
      }
    },
    dispose: async () => {},
  }
})

sinkConformance('log to a file', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'mcp-vitals-log-'))
  const file = join(directory, 'log')
  const fd = openSync(file, 'a')
  return {
    sink: createLogSink({ ...setup, stream: { fd, on: () => {}, write: () => {} } }),
    arrived: async () => operationsIn(readFileSync(file, 'utf8')),
    async breakDown() {
      reopen(fd, '/dev/full')
      return async () => reopen(fd, file)
    },
    async dispose() {
      closeSync(fd)
      rmSync(directory, { recursive: true })
    },
  }
})

sinkConformance('log to a file that is turned over', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'mcp-vitals-log-'))
  const file = join(directory, 'logs', 'mcp.log')
  const nowhere: LogStream = { on: () => {}, write: (_part, done) => done(new Error('closed pipe')) }
  return {
    sink: createLogSink({
      ...setup,
      options: { ...options, file, maxSizeBytes: 65_536, maxFiles: 900 },
      stream: nowhere,
    }),
    arrived: async () => operationsIn(linesOf(file)),
    async breakDown() {
      renameSync(join(directory, 'logs'), join(directory, 'away'))
      writeFileSync(join(directory, 'logs'), 'no directory')
      return async () => {
        rmSync(join(directory, 'logs'))
        renameSync(join(directory, 'away'), join(directory, 'logs'))
      }
    },
    async dispose() {
      rmSync(directory, { recursive: true })
    },
  }
})

/** The whole log, oldest line first. */
function linesOf(file: string): string {
  if (!existsSync(file)) return ''
  const files = readdirSync(dirname(file)).sort((one, other) => numberOf(other) - numberOf(one))
  return files.map((name) => readFileSync(join(dirname(file), name), 'utf8')).join('')
}

function numberOf(name: string): number {
  return Number(/\d+$/.exec(name)?.[0] ?? 0)
}

/** Lets a descriptor mean another file, as a disk that fills up and is emptied again. */
function reopen(fd: number, path: string): void {
  closeSync(fd)
  const opened: number[] = []
  do opened.push(openSync(path, 'a'))
  while (opened.at(-1) !== fd)
  for (const extra of opened.slice(0, -1)) closeSync(extra)
}
