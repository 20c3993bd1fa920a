import { createInterface } from 'node:readline'
import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { createStdioProxy } from '../../packages/server/src/sources/stdio-proxy/index.js'
import { describeSource, type Message } from './source.js'

const SERVER = fileURLToPath(new URL('../fixtures/scripted-stdio.mjs', import.meta.url))

describeSource({
  name: 'stdio proxy',
  transport: 'stdio',
  async open(publish, onMessage) {
    const stdin = new PassThrough()
    const stdout = new PassThrough()
    createInterface({ input: stdout }).on('line', (line) => onMessage(JSON.parse(line) as Message))
    const source = createStdioProxy({
      name: 'scripted',
      session: 'a-pseudonym',
      command: process.execPath,
      args: [SERVER],
      env: process.env,
      stdin,
      stdout,
      publish,
      now: Date.now,
      clock: () => performance.now(),
    })
    await source.start()
    return {
      source,
      send: (message) => stdin.write(`${JSON.stringify(message)}\n`),
      async leave() {
        stdin.end()
        await source.exited
      },
      dispose: () => source.stop(),
    }
  },
})
