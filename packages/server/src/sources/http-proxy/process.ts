import type { Readable } from 'node:stream'
import { event } from '@mcp-vitals/instrument/event'
import { type Child, type ChildExit, minimalEnvironment, readReusing, startChild } from '../../children/index.js'
import { oneLine } from './bytes.js'
import type { ServerContext, Startable } from './context.js'
import { tooLongAnswer } from './failures.js'
import { createJunkMeter } from './junk.js'
import { createLines } from './lines.js'
import { answeredId, type Message, readParcel } from './message.js'
import { createPings, type Pings, type Question } from './ping.js'

/** How much of a process's last standard error is held, in memory alone. */
const LAST_WORDS_BYTES = 4096
/** Input that a process left unread, beyond which it gets no more. */
const MAX_UNREAD_BYTES = 33_554_432

/** Takes what a process says, and its end. */
export interface ProcessTaker {
  /** Messages of one line of output, to be passed on. */
  readonly onMessages: (messages: readonly Message[]) => void
  /** A line of messages, as they were passed on. */
  readonly onLine?: (line: Buffer) => void
  /** A line that was no JSON-RPC, and so not passed on. */
  readonly onJunk?: (line: Buffer) => void
  /** Told before `onMessages` gets an error in place of the answer to the request with this id, which was too long. */
  readonly onTooLong?: (id: string, errorCode: string) => void
  /** It ended, its last output passed on, and its events published. */
  readonly onExit: (exit: ChildExit) => void
}

export interface ServerProcessOptions extends ProcessTaker {
  readonly entry: Startable
  readonly context: ServerContext
  /** Pseudonym of the session that it is for; absent where it has none. */
  readonly session?: string
}

/** A running stdio server that the gateway owns. */
export interface ServerProcess {
  /** Of the server that it was started for, as that was configured then. */
  readonly owner: ServerContext
  /** From now on all that it says goes to this one. */
  handOver(taker: ProcessTaker): void
  /** False where it stands for a server within this process. */
  readonly isProcess: boolean
  /** Writes one message, which is one line. False where the process does not read what it was sent: nothing is written. */
  send(message: Buffer): boolean
  /** Whether it answers a question of its era within `timeoutMs`, beside its clients; undefined where it cannot be asked now, or ended. */
  answers(question: Question, timeoutMs: number): Promise<boolean | undefined>
  /** Stops reading its output until `resume`. */
  pause(): void
  resume(): void
  /** Ends it and all that it started; its exit is then no crash. Idempotent. */
  end(): Promise<void>
}

/** Starts a stdio server whose slot the caller took. The slot is given back when it ended. */
export function startServerProcess(options: ServerProcessOptions): ServerProcess {
  const { context } = options
  const takers: Takers = { current: options }
  const { publish, now, clock, server } = context
  const child = childOf(options)
  const forget = child.pid === undefined ? undefined : context.records?.add(child.pid)
  const group = {
    server,
    child,
    isCleared: false,
    forget() {
      context.groups.delete(group)
      forget?.()
    },
  }
  context.groups.add(group)
  void child.cleared.then(() => {
    group.isCleared = true
    if (child.orphans() === 0) group.forget()
  })
  const began = clock()
  let wanted = true
  if (child.pid !== undefined) {
    const restart = context.crashes.unreplaced > 0 && { restart: true }
    if (restart) context.crashes.unreplaced--
    publish(event('process.started', now(), { server, transport: 'stdio' }, { pid: child.pid, ...restart }))
  }
  const lastWords = child.stderr ? tailOf(child.stderr) : () => ''
  const pings = createPings()
  const reading = readOutput(child, pings, context, takers)

  const ended = child.exited.then((exit) => {
    // What passed before comes before.
    context.looks.settle()
    pings.end()
    context.slots.give()
    context.lastWords.text = lastWords()
    context.running.delete(serverProcess)
    tellEnd(context, { pid: child.pid ?? 0, exit, wanted, durationMs: Math.max(0, clock() - began) })
    takers.current.onExit(exit)
  })

  const serverProcess: ServerProcess = {
    owner: context,
    isProcess: !('host' in options.entry),
    handOver(taker) {
      takers.current = taker
    },
    send(message) {
      if (child.stdin.writableLength > MAX_UNREAD_BYTES) return false
      child.stdin.write(Buffer.concat([message, NEWLINE]))
      return true
    },
    // While a client that reads slowly holds the output, no answer would come.
    answers: async (question, timeoutMs) =>
      reading.isHeld ? undefined : pings.ask(question, serverProcess.send, timeoutMs),
    pause: () => reading.hold('client'),
    resume: () => reading.release('client'),
    async end() {
      wanted = false
      reading.free()
      await child.end(context.options.childGraceMs)
      await ended
    },
  }
  context.running.add(serverProcess)
  return serverProcess
}

function childOf({ entry, context, session }: ServerProcessOptions): Child {
  if ('host' in entry) return entry.host.connect(session)
  const env = { ...minimalEnvironment(entry.env), ...context.records?.env }
  return startChild({ ...entry, env, stderr: 'pipe' })
}

const NEWLINE = Buffer.from('\n')

interface Takers {
  current: ProcessTaker
}

/** Whether an output is read: not while anybody holds it. */
interface Reading {
  readonly isHeld: boolean
  hold(who: 'client' | 'junk'): void
  release(who: 'client' | 'junk'): void
  /** From now on nobody holds it. */
  free(): void
}

function createReading(output: Readable): Reading {
  const holders = new Set<'client' | 'junk'>()
  let free = false
  return {
    get isHeld() {
      return holders.size > 0
    },
    hold(who) {
      if (free) return
      holders.add(who)
      output.pause()
    },
    release(who) {
      if (holders.delete(who) && holders.size === 0) output.resume()
    },
    free() {
      free = true
      output.resume()
    },
  }
}

/** Hands each message of the output on; what is none is counted, and goes no further. */
function readOutput(child: Child, pings: Pings, context: ServerContext, takers: Takers): Reading {
  const { maxBodyBytes } = context.options
  const meter = createJunkMeter((flooding) => (flooding ? reading.hold('junk') : reading.release('junk')))
  const count = () => {
    context.counters.junkLines++
    meter()
  }
  const lines = createLines(maxBodyBytes, (ends) => {
    const id = answeredId(ends)
    if (id === undefined) {
      count()
      return
    }
    const { code, message } = tooLongAnswer(context.server, id, maxBodyBytes)
    takers.current.onTooLong?.(id, String(code))
    takers.current.onMessages(readParcel(message)?.messages ?? [])
  })
  const output = readReusing(child.stdout, (bytes, length) => {
    // Its lines stay for a while, and the bytes that were read are read over.
    for (const raw of lines.feed(Buffer.from(bytes.subarray(0, length)))) {
      const line = oneLine(raw)
      const parcel = line && readParcel(line)
      if (parcel && pings.takes(parcel.messages)) continue
      const { onMessages, onLine, onJunk } = takers.current
      if (parcel) {
        onMessages(parcel.messages)
        onLine?.(parcel.line)
      } else {
        count()
        onJunk?.(raw)
      }
    }
  })
  output.on('error', () => {})
  // Who has closed this will answer nothing any more, whether it goes on running or not.
  output.once('end', () => void child.end(context.options.childGraceMs))
  const reading = createReading(output)
  return reading
}

interface End {
  readonly pid: number
  readonly exit: ChildExit
  /** Nobody had asked it to end. */
  readonly wanted: boolean
  readonly durationMs: number
}

function tellEnd({ publish, now, server, crashes }: ServerContext, { pid, exit, wanted, durationMs }: End): void {
  const { code, signal, startFailure } = exit
  const crashed = wanted && code !== 0
  // What lives in this process is no process that ended.
  if (pid === 0 && startFailure === undefined) return
  if (crashed && startFailure === undefined) crashes.unreplaced++
  publish(
    event(
      'process.ended',
      now(),
      { server, transport: 'stdio' },
      {
        pid,
        crashed,
        ...(code !== null && { exitCode: code }),
        ...(signal !== null && { signal }),
        durationMs,
        ...(startFailure && { reason: startFailure }),
      },
    ),
  )
}

/** Reads a stream to its end and holds the last of it. */
function tailOf(stream: Readable): () => string {
  let tail: Buffer = Buffer.alloc(0)
  stream.on('data', (chunk: Buffer) => {
    tail = Buffer.concat([tail, chunk.subarray(-LAST_WORDS_BYTES)]).subarray(-LAST_WORDS_BYTES)
  })
  return () => tail.toString('utf8')
}
