// A daemon's alerts in a process of its own, for tests that kill it. What holds stands in a file, a line for each change,
// and what a reader of the two channels gets in another: both are written before anything is said.

import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { alertsOptions } from '../../packages/server/dist/alerts/options.js'
import { openPager } from '../../packages/server/dist/pager/index.js'

const [dir, seed, changes] = process.argv.slice(2)
const NAMES = ['A1', 'A2', 'B1', 'B2', 'C1']
const truthFile = join(dir, 'truth.jsonl')
const receivedFile = join(dir, 'received.jsonl')
const linesOf = (file) => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n').filter(Boolean) : [])

let state = Number(seed)
function random() {
  state = (state + 0x6d2b79f5) | 0
  let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
}
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Takes most messages, after a while; says no to some, and hangs with some until its time is over. */
const channel = (name) => ({
  traits: {
    ...{ sendsResolved: true, sendsAcknowledged: false },
    ...{ fallbackAfterMs: 1e9, giveUpAfterMs: 1e9, receiptTimeoutMs: 1e9 },
  },
  timeoutMs: 50,
  async send({ id, alerts }, signal) {
    const luck = random()
    if (luck < 0.05) return new Promise(() => {})
    await sleep(luck * 10)
    // On a slow machine the time may be over meanwhile: who gave up is not told.
    if (luck < 0.2 || signal.aborted) return { is: 'failed', problem: 'answered 503' }
    const told = alerts.map(({ labels, state }) => [labels.alertname, state])
    appendFileSync(receivedFile, `${JSON.stringify({ name, id, told })}\n`)
    return { is: 'sent' }
  },
})

const options = {
  ...alertsOptions.parse({ routes: [{ notify: ['one', 'two'] }], groupBy: ['team'], repeatIntervalMs: 86_400_000 }),
  groupWaitMs: 5,
  groupIntervalMs: 10,
}
const pager = await openPager({
  ...{ dir, options, graveToo: [] },
  channels: { one: channel('one'), two: channel('two') },
  onFault: (error) => process.stdout.write(`fault ${error.message}\n`),
})
const { holding = [], acknowledged = [], silenced = [] } = JSON.parse(linesOf(truthFile).at(-1) ?? '{}')
const truth = { holding: new Set(holding), acknowledged: new Set(acknowledged), silenced: new Set(silenced) }
const write = () =>
  appendFileSync(
    truthFile,
    `${JSON.stringify(Object.fromEntries(Object.entries(truth).map(([key, set]) => [key, [...set]])))}\n`,
  )
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
process.stdout.write('ready\n')

while (linesOf(truthFile).length < Number(changes)) {
  const name = NAMES[Math.floor(random() * NAMES.length)]
  const luck = random()
  if (luck < 0.1 && truth.holding.has(name)) {
    const found = (await pager.alerts()).find(({ alert }) => alert.labels.alertname === name)
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

// Everything that is to be said gets said.
for (;;) {
  report()
  await sleep(100)
  const { waitingMessages } = pager.stats()
  const alerts = await pager.alerts()
  if (waitingMessages === 0 && alerts.every(({ alert }) => alert.state !== 'resolved')) break
}
await sleep(200)
const alerts = await pager.alerts()
const silences = await pager.silences()
await pager.close()
const states = Object.fromEntries(alerts.map(({ alert }) => [alert.labels.alertname, alert.state]))
process.stdout.write(`end ${JSON.stringify({ states, silences: silences.map(({ id }) => id) })}\n`)
