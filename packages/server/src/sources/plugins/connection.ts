import { PassThrough, type Readable, Transform, type Writable } from 'node:stream'
import { isJSONRPCRequest, ProtocolErrorCode, type Server } from '@modelcontextprotocol/server'
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio'
import type { Child, ChildExit } from '../../children/index.js'

/** Largest message of a client; whoever hands us its bytes has a bound of his own below it. */
const MAX_MESSAGE_BYTES = 268_435_456

/** What a connection is made of. */
export interface ConnectionNeeds {
  /** Makes the server of this connection, once its era is known. */
  readonly serve: () => Server
  /** Resolves once nothing that was begun here runs any more. */
  readonly idle: () => Promise<unknown>
  /** It ended. */
  readonly onEnd: () => void
}

const NEWLINE = 10
const NO_REQUEST =
  'This is no request of MCP: "params" and its "_meta" are objects, and a "progressToken" in it is a text or a whole number.'

/**
 * Hands on what is written to it, a line at a time, but never before the write has returned: no process answers as
 * quickly, either.
 */
function createInput(): Transform {
  let open: Buffer[] = []
  let size = 0
  return new Transform({
    // What is read again is the line as it was handed on.
    readableObjectMode: true,
    transform(chunk: Buffer, _encoding, done) {
      queueMicrotask(() => {
        let from = 0
        for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
          this.push(Buffer.concat([...open, chunk.subarray(from, at + 1)]))
          open = []
          size = 0
          from = at + 1
        }
        if (from < chunk.length) open.push(from === 0 ? chunk : chunk.subarray(from))
        size += chunk.length - from
        // The SDK ends a connection whose message is longer than it may be.
        if (size > MAX_MESSAGE_BYTES) this.push(Buffer.concat(open.splice(0)))
        done()
      })
    },
  })
}

/** The SDK's, which drops a request of no valid form: whoever sent it would wait for ever, so it is told. */
class AnsweringTransport extends StdioServerTransport {
  readonly #output: Writable
  #line: Buffer | undefined

  constructor(input: Readable, output: Writable) {
    super(input, output, { maxBufferSize: MAX_MESSAGE_BYTES })
    this.#output = output
    const read = this._ondata
    this._ondata = (line) => {
      this.#line = line
      read(line)
      this.#line = undefined
    }
  }

  /** Answers the line that is read at the moment, where it is a request that was dropped. */
  refuse(): void {
    const line = this.#line
    this.#line = undefined
    const id = line && droppedId(line)
    if (id === undefined) return
    const error = { code: ProtocolErrorCode.InvalidRequest, message: NO_REQUEST }
    this.#output.write(`${JSON.stringify({ jsonrpc: '2.0', id, error })}\n`)
  }
}

function droppedId(line: Buffer): string | number | undefined {
  try {
    const message = JSON.parse(line.toString('utf8')) as { id?: unknown; method?: unknown } | null
    if (typeof message?.method !== 'string' || isJSONRPCRequest(message)) return undefined
    const { id } = message
    return typeof id === 'string' || typeof id === 'number' ? id : undefined
  } catch {
    return undefined
  }
}

/**
 * One client's connection to an MCP server within this process, which looks like a server process: bytes go in at its
 * standard input and come out at its standard output. The official SDK serves both eras there.
 */
export function connect({ serve, idle, onEnd }: ConnectionNeeds): Child {
  const stdin = createInput()
  const stdout = new PassThrough()
  const transport = new AnsweringTransport(stdin, stdout)
  const handle = serveStdio(serve, { transport, onerror: () => transport.refuse() })
  let resolveExited: (exit: ChildExit) => void = () => {}
  const exited = new Promise<ChildExit>((resolve) => {
    resolveExited = resolve
  })

  let ending: Promise<ChildExit> | undefined
  async function finish(): Promise<ChildExit> {
    // The SDK cancels what is open.
    await handle.close().catch(() => {})
    await idle()
    stdin.destroy()
    stdout.end()
    onEnd()
    resolveExited({ code: 0, signal: null })
    return exited
  }
  const end = () => {
    ending ??= finish()
    return ending
  }
  stdin.once('end', end)

  return {
    pid: undefined,
    stdin,
    stdout,
    stderr: undefined,
    exited,
    cleared: exited.then(() => {}),
    orphans: () => 0,
    kill() {
      if (ending) return false
      void end()
      return true
    },
    end,
  }
}
