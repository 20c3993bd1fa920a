// A daemon's alerts in a process of its own, for tests that kill it. What holds stands in a file, a line for each change,
// and what its log got in another: both are written before anything is said. It is told what Twilio says on standard input.

import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { openAlerts } from '../../packages/server/dist/app/alerts.js'
import { createTeardown } from '../../packages/server/dist/app/teardown.js'
import { configOptions } from '../../packages/server/dist/config/options.js'

const [dir, seed, changes] = process.argv.slice(2)
const NAMES = ['A1', 'A2', 'B1', 'B2', 'C1']
const truthFile = join(dir, 'truth.jsonl')
const linesOf = (file) => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').filter(Boolean) : [])
const note = (file, value) => appendFileSync(join(dir, file), `${JSON.stringify(value)}\n`)

let state = Number(seed)
function random() {
  state = (state + 0x6d2b79f5) | 0
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
}
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** As the configuration has them, and quicker than it lets anybody be. */
function quickConfig() {
  const config = configOptions.parse({ alerts: JSON.parse(readFileSync(join(dir, 'alerts.json'), 'utf8')) })
  const { channels } = config.alerts
  channels.relay.resendMs = 300
  return { ...config, alerts: { ...config.alerts, groupWaitMs: 5, groupIntervalMs: 10, channels } }
}

function say(name, _message, fields) {
  if (fields?.alertname) note('log.jsonl', [fields.alertname, name.replace('alert_', '')])
  else if (name === 'alert_not_sent') note('troubles.jsonl', fields.channel)
}
const logger = { info: say, warning: say, error: say }
const teardown = createTeardown((error) => process.stdout.write(`fault ${error}\n`))
const { pager, twilio } = await openAlerts({ config: quickConfig(), dataDir: dir, logger, teardown })
const input = createInterface({ input: process.stdin }).on('line', async (line) => {
  const { body, signature } = JSON.parse(line)
  const headers = { 'x-twilio-signature': signature, 'content-length': String(body.length) }
  const { status } = await twilio(new Request('http://localhost/', { method: 'POST', headers, body }))
  if (status !== 204) process.stdout.write(`fault Twilio was answered ${status}\n`)
})

const { holding = [], acknowledged = [], silenced = [] } = JSON.parse(linesOf(truthFile).at(-1) ?? '{}')
const truth = { holding: new Set(holding), acknowledged: new Set(acknowledged), silenced: new Set(silenced) }
const write = () => note('truth.jsonl', Object.fromEntries(Object.entries(truth).map(([key, set]) => [key, [...set]])))
const report = () =>
  pager.report({
    source: 'rules',
    evidence: 'seen',
    conditions: [...truth.holding].map((name) => ({
      labels: { alertname: name, team: name[0], severity: 'critical' },
      annotations: { summary: name },
    })),
  })
report()

while (linesOf(truthFile).length < Number(changes)) {
  const name = NAMES[Math.floor(random() * NAMES.length)]
  const luck = random()
  if (luck < 0.1 && truth.holding.has(name)) {
    const found = (await pager.alerts()).alerts.find(({ alert }) => alert.labels.alertname === name)
    const act = { do: 'acknowledge', fingerprint: found?.alert.fingerprint ?? '', by: 'anna', comment: '' }
    if (await pager.act(act)) truth.acknowledged.add(name)
  } else if (luck < 0.15 && truth.silenced.size < 1) {
    const silence = { id: name, matchers: [`alertname="${name}"`], startsAt: 0, endsAt: 4e12, by: 'anna', comment: 'x' }
    if (await pager.act({ do: 'silence', silence })) truth.silenced.add(name)
  } else if (truth.holding.delete(name)) truth.acknowledged.delete(name)
  else truth.holding.add(name)
  // What holds is true from now on, whether or not anybody gets to say so.
  write()
  report()
  await sleep(random() * 20)
  process.stdout.write('changed\n')
}

// Everything that is to be said gets said; and what holds goes on being seen until nobody asks any more.
let isAsked = true
input.on('close', () => {
  isAsked = false
})
// A message is made some time after the change that it tells of: nothing may wait for a while.
const LOOKS = 5
let quietLooks = 0
while (isAsked) {
  report()
  await sleep(100)
  const { alerts } = await pager.alerts()
  const { waitingMessages } = pager.stats()
  const isQuiet = waitingMessages === 0 && alerts.every(({ alert }) => alert.state !== 'resolved')
  quietLooks = isQuiet ? quietLooks + 1 : 0
  if (quietLooks === LOOKS) process.stdout.write('settled\n')
}
const states = Object.fromEntries(
  (await pager.alerts()).alerts.map(({ alert }) => [alert.labels.alertname, alert.state]),
)
const silences = (await pager.silences()).map(({ id }) => id)
await teardown.run()
process.stdout.write(`end ${JSON.stringify({ states, silences })}\n`)
