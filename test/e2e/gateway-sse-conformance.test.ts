import type { Publish } from '../../packages/instrument/src/stream/index.js'
import type { ServerEntry } from '../../packages/server/src/children/index.js'
import { describeSource, type Message, type SourceUnderTest } from '../conformance/source.js'
import { fixture, script, serve } from './gateway-harness.js'
import { RawSseClient, serveScriptedSse, sse } from './gateway-sse-harness.js'

async function underTest(
  entry: ServerEntry,
  publish: Publish,
  onMessage: (message: Message) => void,
  close = () => {},
): Promise<SourceUnderTest> {
  const harness = await serve({ scripted: entry }, { stopGraceMs: 100 }, publish)
  const client = new RawSseClient(harness.address('scripted'), onMessage)
  return {
    source: harness.gateway,
    send: (message) => client.send(message),
    leave: () => client.leave(),
    async dispose() {
      await client.leave()
      await harness.stop()
      close()
    },
  }
}

describeSource({
  name: 'gateway in front of an HTTP+SSE server',
  transport: 'sse',
  async open(publish, onMessage) {
    const { address, close } = await serveScriptedSse()
    return underTest(sse(address), publish, onMessage, close)
  },
})

describeSource({
  name: 'gateway in front of a stdio server, by HTTP+SSE',
  transport: 'sse',
  open: (publish, onMessage) => underTest(script(fixture('scripted-stdio.mjs')), publish, onMessage),
})
