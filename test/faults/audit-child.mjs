// Writers of an audit log in a process of its own, for tests that break the process or its disk. Prints a line for each
// batch that was acknowledged: the places of its rows, and the ids that they have to have there. What was rejected is brought again, with the same ids, as the daemon does.

import { randomUUID } from 'node:crypto'
import { openAuditStore } from '../../packages/server/dist/audit-store/index.js'

const [file, log, writers] = process.argv.slice(2)
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)
/** Clocks jump: hours back and forth. */
const clock = () => Date.now() + Math.round(Math.sin(Date.now() / 50) * 7_200_000)

const store = await openAuditStore({
  place: { sqlite: file },
  log,
  onFault: ({ code, message }) => say({ fault: code, message }),
})
say({ pid: process.pid })
for (let n = 0; n < Number(writers); n++) void writeForever(n)

async function writeForever(writer) {
  for (let n = 0; ; n++) {
    const drafts = Array.from({ length: 1 + ((n * 7919 + writer) % 9) }, () => ({
      id: randomUUID(),
      timestamp: new Date(clock()).toISOString(),
      eventType: 'TOOL_CALLED',
      actor: `agent-${writer}`,
      target: 'notes.add',
      details: { n },
      origin: 'daemon',
    }))
    const seqs = await keepTrying(drafts)
    say({ seqs, ids: drafts.map(({ id }) => id) })
  }
}

async function keepTrying(drafts) {
  for (;;) {
    try {
      return await store.append(drafts)
    } catch (error) {
      say({ rejected: error.code, message: error.message })
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}
