import { PassThrough, Transform } from 'node:stream'
import type { Server } from '@modelcontextprotocol/server'
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

/** Hands on what is written to it, but never before the write has returned: no process answers as quickly, either. */
function createInput(): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      queueMicrotask(() => done(null, chunk))
    },
  })
}

/**
 * One client's connection to an MCP server within this process, which looks like a server process: bytes go in at its
 * standard input and come out at its standard output. The official SDK serves both eras there.
 */
export function connect({ serve, idle, onEnd }: ConnectionNeeds): Child {
  const stdin = createInput()
  const stdout = new PassThrough()
  const transport = new StdioServerTransport(stdin, stdout, { maxBufferSize: MAX_MESSAGE_BYTES })
  const handle = serveStdio(serve, { transport })
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
