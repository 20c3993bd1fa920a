// An audit log, signed in time, in a process of its own whose clock is somebody else's. Prints a line for each row that was
// acknowledged and each checkpoint that was made; a line on standard input ends it.

import { randomUUID } from 'node:crypto'
import { openAuditLog, openKeys } from '../../packages/server/dist/audit-log/index.js'
import { auditOptions } from '../../packages/server/dist/audit-log/options.js'

const [dir] = process.argv.slice(2)
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)
const options = auditOptions.parse({ checkpoints: { everyRows: 20, everyMs: 100, idleMs: 1000 } })
const log = await openAuditLog(
  {
    dir,
    options,
    now: Date.now,
    clock: () => performance.now(),
    onFault: ({ message }) => say({ fault: message }),
  },
  await openKeys(dir, options),
)
let isOver = false
process.stdin.once('data', () => {
  isOver = true
})
for (let n = 0; !isOver; n++) {
  const timestamp = new Date().toISOString()
  const what = { eventType: 'TOOL_CALLED', actor: 'agent-1', target: 'notes.add', details: { n } }
  await log.record([{ id: randomUUID(), timestamp, ...what, origin: 'daemon' }])
  say({ seq: n, timestamp, signed: log.readings().signedRows })
}
await log.close()
process.stdin.destroy()
