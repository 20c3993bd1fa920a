/**
 * A daemon's alerts, killed at any moment while what holds changes, with every type of channel on: far ends that take,
 * refuse for a while, ask for peace, hang and break off; a mail server; Twilio, which takes and does not deliver; and
 * Debian's Alertmanager. In the end everybody believes what is true.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, onTestFinished, test } from 'vitest'
import { alertmanagerOfTest } from '../fixtures/alertmanager.js'
import { type Behaviour, httpFarEnd, type Posted, smtpFarEnd } from '../fixtures/far-end.js'
import { until } from '../fixtures/until.js'
import { between, oneOf, PROVE, record, seeded } from './prove.js'

const PROOF = 'alerts under kill -9'
const CHANGES = PROVE ? 1000 : 25
const CHILD = join(import.meta.dirname, 'alerts-child.mjs')
const CALLBACK = 'https://vitals.example.com/v1/alerts/twilio'
const TOKEN = 'twilio-token-of-this-test'
/** How often Twilio tells what became of messages of which nobody heard yet. */
const CALLBACK_EVERY_MS = 200
const MOODS: readonly [Behaviour, ...Behaviour[]] = ['busy', 'broken', 'reset', 'hang']

/** A message as its recipient understands it: alerts by name, and what each was said to be. */
type Told = readonly (readonly [alert: string, state: string])[]

const linesOf = <T>(file: string): readonly T[] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as T)
    : []

/** What a text for people says of the alerts, a line for each. */
const inWords = (text: string): Told =>
  [...text.matchAll(/(RESOLVED|CRITICAL) ([ABC]\d)\b/g)].map(([, word, name]) => [
    name as string,
    word === 'RESOLVED' ? 'resolved' : 'firing',
  ])

function inWebhook(body: string): Told {
  const { alerts } = JSON.parse(body) as { alerts: { labels: { alertname: string }; status: string }[] }
  return alerts.map(({ labels, status }) => [labels.alertname, status])
}

/** PagerDuty's incidents: one for each group, which is over as a whole. */
function inIncidents(keyName: string, actionName: string) {
  const known = new Map<unknown, Set<string>>()
  return (body: string): Told => {
    const event = JSON.parse(body) as Record<string, unknown>
    const names = known.get(event[keyName]) ?? new Set()
    known.set(event[keyName], names)
    for (const [name] of inWords(body)) names.add(name)
    return event[actionName] === 'resolve' ? [...names].map((name) => [name, 'resolved']) : inWords(body)
  }
}

/** Twilio: takes messages, and tells for each, until it was heard, whether it arrived; most do. */
function twilioOf(random: () => number) {
  const problems = new Map<string, string | undefined>()
  let last = 0
  return {
    /** Of what arrived, in order, the numbers. */
    arrived: (sid: string) => problems.has(sid) && problems.get(sid) === undefined,
    take() {
      const sid = `SM${++last}`
      problems.set(sid, random() < 0.2 ? '63016' : undefined)
      return JSON.stringify({ sid, status: 'queued' })
    },
    words: () =>
      [...problems].map(([MessageSid, ErrorCode]) => {
        const form = ErrorCode
          ? { ErrorCode, MessageSid, MessageStatus: 'undelivered' }
          : { MessageSid, MessageStatus: 'delivered' }
        const signed =
          CALLBACK +
          Object.entries(form)
            .map(([name, value]) => name + value)
            .join('')
        const signature = createHmac('sha1', TOKEN).update(signed).digest('base64')
        return { body: new URLSearchParams(form).toString(), signature }
      }),
  }
}

/** All far ends, and the options of their channels. */
async function farEnds(random: () => number) {
  const mood = (): Behaviour => (random() < 0.15 ? oneOf(random, MOODS) : 'take')
  const settings = { mood, retryAfter: '0.2' }
  const taking = () => httpFarEnd(undefined, settings)
  const twilio = twilioOf(random)
  const mail = await smtpFarEnd({ mood })
  const page = await httpFarEnd({ status: 201, body: twilio.take }, settings)
  const relay = await alertmanagerOfTest()
  const posts = {
    ...{ hook: await taking(), instead: await taking(), slack: await taking(), duty: await taking() },
    ...{ service: await taking(), ntfy: await taking(), discord: await taking(), teams: await taking() },
    ...{ telegram: await taking(), own: await taking() },
  }
  const form = (name: 'ntfy' | 'discord' | 'teams' | 'telegram') => ({
    type: 'template',
    form: name,
    url: posts[name].url,
  })
  const limit = { messages: 10_000, perMs: 1000 }
  const limited = Object.fromEntries(
    Object.entries({
      slack: { type: 'slack', url: posts.slack.url },
      ntfy: { ...form('ntfy'), to: 'alerts' },
      discord: form('discord'),
      teams: form('teams'),
      telegram: { ...form('telegram'), to: '1' },
      own: { type: 'template', url: posts.own.url, body: '{"text":"{{text}}"}' },
      mail: {
        ...{ type: 'email', host: '127.0.0.1', port: mail.port, tls: 'optional' },
        ...{ from: 'vitals@example.com', to: 'team@example.com' },
      },
      page: {
        ...{ type: 'whatsapp', number: '+15551234567', sender: '+14155238886', accountSid: `AC${'0'.repeat(32)}` },
        ...{ authToken: TOKEN, apiUrl: page.url, callbackUrl: CALLBACK, fallback: 'instead' },
      },
    }).map(([name, options]) => [name, { ...options, limit, timeoutMs: 1000 }]),
  )
  const channels = {
    ...limited,
    hook: { type: 'webhook', url: posts.hook.url, timeoutMs: 1000 },
    instead: { type: 'webhook', url: posts.instead.url, timeoutMs: 1000 },
    duty: { type: 'pagerduty', routingKey: 'r'.repeat(32), apiUrl: posts.duty.url, timeoutMs: 1000 },
    service: { type: 'pagerduty', serviceKey: 's'.repeat(32), apiUrl: posts.service.url, timeoutMs: 1000 },
    relay: { type: 'alertmanager', url: relay.url, timeoutMs: 1000 },
  }
  const taken = (got: readonly Posted[]) => got.filter(({ how }) => how === 'take').map(({ body }) => body)
  const inDuty = inIncidents('dedup_key', 'event_action')
  const inService = inIncidents('incident_key', 'event_type')
  return {
    ...{ channels, twilio, relay, hook: posts.hook, mail },
    /** What each recipient was told, the oldest first. `page`: what arrived. */
    told: (): Readonly<Record<string, readonly Told[]>> => ({
      hook: taken(posts.hook.got).map(inWebhook),
      instead: taken(posts.instead.got).map(inWebhook),
      duty: taken(posts.duty.got).map(inDuty),
      service: taken(posts.service.got).map(inService),
      mail: mail.got.filter(({ how }) => how === 'take').map(({ text }) => inWords(text)),
      page: taken(page.got)
        .filter((_, index) => twilio.arrived(`SM${index + 1}`))
        .map((body) => inWords(new URLSearchParams(body).get('Body') ?? '')),
      ...Object.fromEntries(
        (['slack', 'ntfy', 'discord', 'teams', 'telegram', 'own'] as const).map((name) => [
          name,
          taken(posts[name].got).map(inWords),
        ]),
      ),
    }),
  }
}

/** What a recipient believes to fire. */
function believed(told: readonly Told[]): {
  readonly firing: readonly string[]
  readonly heardOf: ReadonlySet<string>
} {
  const states = new Map(told.flat())
  return {
    firing: [...states].filter(([, state]) => state !== 'resolved').map(([name]) => name),
    heardOf: new Set(states.keys()),
  }
}

interface Run {
  readonly child: ChildProcessWithoutNullStreams
  readonly isSettled: () => boolean
  /** Resolves to its last words, or undefined where it was killed. */
  readonly ended: Promise<string | undefined>
}

/** Starts the child, which is killed after so many changes, where it has so many left. */
function run(dir: string, seed: number, killAfter: number, words: () => readonly object[]): Run {
  const child = spawn(process.execPath, [CHILD, dir, String(seed), String(CHANGES)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  }) as unknown as ChildProcessWithoutNullStreams
  const saying = setInterval(() => {
    for (const word of words()) child.stdin.write(`${JSON.stringify(word)}\n`)
  }, CALLBACK_EVERY_MS)
  child.stdin.on('error', () => {})
  onTestFinished(() => void child.kill('SIGKILL'))
  let changes = 0
  let [end, isSettled]: [string | undefined, boolean] = [undefined, false]
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('fault')) throw new Error(line)
    if (line.startsWith('end ')) end = line.slice(4)
    if (line === 'settled') isSettled = true
    if (line === 'changed' && ++changes === killAfter) child.kill('SIGKILL')
  })
  const ended = once(child, 'close').then(() => {
    clearInterval(saying)
    return end
  })
  return { child, isSettled: () => isSettled, ended }
}

test(`killed at any moment of ${CHANGES} changes, with all channels on, nobody is left believing what is not true`, {
  timeout: PROVE ? 1_800_000 : 120_000,
}, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'mcp-vitals-test-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  const random = seeded(PROOF)
  const far = await farEnds(random)
  const notify = ['log', ...Object.keys(far.channels).filter((name) => name !== 'instead')]
  const options = { channels: far.channels, routes: [{ notify }], groupBy: ['team'], repeatIntervalMs: 86_400_000 }
  writeFileSync(join(dir, 'alerts.json'), JSON.stringify(options))
  let kills = -1
  let last: Run
  do {
    kills++
    last = run(dir, between(random, 1, 1e9), between(random, 1, PROVE ? 25 : 15), far.twilio.words)
    await Promise.race([last.ended, until(last.isSettled, PROVE ? 900_000 : 90_000, () => 'it did not settle')])
  } while (!last.isSettled())

  const truth = linesOf<Readonly<Record<'holding' | 'acknowledged' | 'silenced', readonly string[]>>>(
    join(dir, 'truth.jsonl'),
  ).at(-1)!
  const spoken = truth.holding.filter((name) => !truth.silenced.includes(name)).sort()
  const relayed = async () => (await far.relay.firing()).map(({ labels }) => labels.alertname as string).sort()
  await until(
    async () => JSON.stringify(await relayed()) === JSON.stringify(spoken),
    30_000,
    () => `Alertmanager does not show ${spoken}`,
  )
  last.child.stdin.end()
  const { states, silences } = JSON.parse((await last.ended) as string) as {
    states: Readonly<Record<string, string>>
    silences: readonly string[]
  }
  expect(Object.keys(states).sort()).toEqual([...truth.holding].sort())
  for (const name of truth.acknowledged) expect(states[name]).toBe('acknowledged')
  expect(silences).toEqual(truth.silenced)

  const log: Told = linesOf<readonly [string, string]>(join(dir, 'log.jsonl'))
  const all: Readonly<Record<string, readonly Told[]>> = { log: [log], ...far.told() }
  // What the page did not take in time, the end of an alert too, went to the channel instead of it.
  const instead = believed(all.instead ?? [])
  const wentOver = (name: string) => instead.heardOf.has(name) && !instead.firing.includes(name)
  for (const [channel, told] of Object.entries(all)) {
    const { firing } = believed(told)
    expect(
      firing.filter((name) => !truth.holding.includes(name) && !(channel === 'page' && wentOver(name))),
      `${channel}: told as firing, and over`,
    ).toEqual([])
  }
  const pagedToo = new Set([...believed(all.page ?? []).firing, ...believed(all.instead ?? []).firing])
  for (const [channel, told] of Object.entries(all)) {
    const { firing, heardOf } = believed(told)
    const known = new Set(channel === 'page' || channel === 'instead' ? pagedToo : firing)
    expect(
      spoken.filter((name) => !known.has(name)),
      `${channel}: firing, and not told`,
    ).toEqual([])
    // In a short run all may have arrived where they were sent first.
    if (channel !== 'instead' || PROVE) expect(heardOf.size, channel).toBeGreaterThan(0)
  }
  // What was taken is sent again only where nobody knew that it was: the daemon was killed, or the answer did not come.
  const troubles = linesOf<string>(join(dir, 'troubles.jsonl'))
  const ids = {
    hook: far.hook.got.filter(({ how }) => how === 'take').map(({ headers }) => headers['idempotency-key']),
    mail: far.mail.got.filter(({ how }) => how === 'take').map(({ text }) => /^Message-ID: (.*)$/im.exec(text)?.[1]),
  }
  const again = Object.entries(ids).map(([channel, all]) => {
    const count = all.length - new Set(all).size
    expect(count).toBeLessThanOrEqual(kills + troubles.filter((name) => name === channel).length)
    return count
  })
  record(PROOF, 'changes of what holds', CHANGES)
  record(PROOF, 'kills survived', kills)
  record(PROOF, 'channels on', notify.length)
  record(
    PROOF,
    'messages received',
    Object.values(all).reduce((sum, told) => sum + told.length, 0),
  )
  record(PROOF, 'tries that failed, hung or were refused for a while', troubles.length)
  record(
    PROOF,
    'of the messages of webhook and mail, twice',
    again.reduce((sum, count) => sum + count, 0),
  )
})
