import { ReadBuffer, serializeMessage, type Transport } from '@modelcontextprotocol/client'
import type { Child } from '../../children/index.js'

/** The client's end of a stdio server that is already running, and that its owner ends. */
export function createChildTransport(child: Child): Transport {
  const buffer = new ReadBuffer()
  const transport: Transport = {
    async start() {
      child.stdout.on('data', (chunk: Buffer) => {
        try {
          buffer.append(chunk)
          for (let message = buffer.readMessage(); message !== null; message = buffer.readMessage())
            transport.onmessage?.(message)
        } catch (error) {
          transport.onerror?.(error instanceof Error ? error : new Error('unreadable'))
        }
      })
    },
    async send(message) {
      child.stdin.write(serializeMessage(message))
    },
    async close() {
      transport.onclose?.()
    },
  }
  return transport
}
