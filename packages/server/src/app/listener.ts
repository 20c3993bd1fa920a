import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { listen } from './http.js'

/** How long what is no call, such as a page that is being answered, has to end before its connection is cut. Milliseconds. */
const LAST_ANSWERS_MS = 1_000

/** Where to listen. Port 0: the system chooses. */
export interface Place {
  readonly host: string
  readonly port: number
}

export interface ListenerOptions extends Place {
  /** Makes a server that does not listen yet: each place has one of its own. */
  readonly create: () => Server
  /** Resolves when no call over these connections is in flight, or when it was waited for long enough. */
  readonly quiet: (isOf: (socket: Socket) => boolean) => Promise<void>
}

/** What listens now, and moves without dropping a call. */
export interface Listener {
  readonly place: Place
  /** Every address that takes requests, those included that are about to be left. */
  readonly hosts: readonly string[]
  /**
   * Listens at another place beside the one that there is; rejects (PORT_IN_USE) where that cannot be, and nothing has
   * changed. The result makes it the one that there is: what listened before takes requests until its calls are over,
   * since what they wait for from their clients comes there, and then ends.
   */
  prepare(next: Place): Promise<() => void>
  /** Takes no connection any more. */
  close(): void
}

/** One server that listens. */
interface Bound extends Place {
  readonly server: Server
  readonly sockets: ReadonlySet<Socket>
  /** As it was asked for: 0 where the system chose. */
  readonly asked: number
}

/** Begins to listen, or rejects with PORT_IN_USE. */
export async function openListener({ create, quiet, ...first }: ListenerOptions): Promise<Listener> {
  const leaving = new Set<Bound>()
  let current = await bind(first)

  async function bind({ host, port: asked }: Place): Promise<Bound> {
    const server = create()
    const sockets = new Set<Socket>()
    server.on('connection', (socket) => {
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
    })
    return { server, sockets, host, asked, port: await listen(server, host, asked) }
  }

  async function leave(bound: Bound): Promise<void> {
    const { server, sockets } = bound
    leaving.add(bound)
    // Who comes again is to come to the new place.
    server.prependListener('request', (_, response) => {
      response.shouldKeepAlive = false
    })
    await quiet((socket) => sockets.has(socket))
    const closed = new Promise((resolve) => server.close(resolve))
    await Promise.race([closed, delay(LAST_ANSWERS_MS, undefined, { ref: false })])
    server.closeAllConnections()
    leaving.delete(bound)
  }

  return {
    get place() {
      return { host: current.host, port: current.port }
    },
    get hosts() {
      return [current, ...leaving].map(({ host }) => host)
    },
    async prepare(next) {
      if (next.host === current.host && next.port === current.asked) return () => {}
      const before = current
      // The system does not let two addresses of one port be listened on where one of them is every address.
      const isSamePort = next.port === before.port
      if (isSamePort) before.server.close()
      let made: Bound
      try {
        made = await bind(next)
      } catch (error) {
        if (isSamePort) await listen(before.server, before.host, before.port)
        throw error
      }
      return () => {
        current = made
        void leave(before)
      }
    },
    close() {
      for (const { server } of [current, ...leaving]) server.close()
    },
  }
}
