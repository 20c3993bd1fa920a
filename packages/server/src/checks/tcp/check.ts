import type { Probe } from '../check.js'
import { connected } from '../socket.js'
import type { TcpOptions } from './options.js'

/** Well: the connection was taken. */
export function tcpProbe({ host, port }: TcpOptions): Probe {
  return (signal) => connected({ host, port }, signal, async () => {})
}
