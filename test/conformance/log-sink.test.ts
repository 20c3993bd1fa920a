import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogSink, type LogStream } from '../../packages/server/src/sinks/log/index.js'
import { sinkConformance } from './sink.js'

const setup = { options: { level: 'debug', format: 'json' }, now: Date.now } as const

function operationsIn(text: string): readonly string[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { operation: string }).operation)
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

/** Lets a descriptor mean another file, as a disk that fills up and is emptied again. */
function reopen(fd: number, path: string): void {
  closeSync(fd)
  const opened: number[] = []
  do opened.push(openSync(path, 'a'))
  while (opened.at(-1) !== fd)
  for (const extra of opened.slice(0, -1)) closeSync(extra)
}
