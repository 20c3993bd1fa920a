import { spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { CLI, daemonOfTest, metric, type RunningDaemon, startDaemon } from '../fixtures/daemon.js'
import { httpFarEnd, type Posted } from '../fixtures/far-end.js'
import { until } from '../fixtures/until.js'
import { promises } from '../requirements.js'

const TOKEN = 'twilio-token-of-this-test'
const CALLBACK = 'https://vitals.example.com/v1/alerts/twilio'
/** As the messaging system's operators set it. */
const ENV = {
  ADMIN_WHATSAPP_NUMBER: '+15551234567',
  ADMIN_WHATSAPP_SENDER: 'whatsapp:+14155238886',
  TWILIO_ACCOUNT_SID: `AC${'0'.repeat(32)}`,
  TWILIO_AUTH_TOKEN: TOKEN,
}
const FAST = { groupWaitMs: 0, groupIntervalMs: 1000 }

/** Posts events to the daemon, as an application does. */
async function tell(daemon: RunningDaemon, ...events: readonly object[]): Promise<void> {
  const token = readFileSync(join(daemon.dataDir, 'token'), 'utf8').trim()
  const { status } = await fetch(`${daemon.url}/v1/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ sender: { kind: 'script', name: 'app', version: '1' }, events }),
  })
  expect(status).toBe(200)
}

const twilio = () => httpFarEnd({ status: 201, body: '{"sid":"SM1","status":"queued"}' })
const bodiesOf = (got: readonly Posted[]) => got.map(({ body }) => new URLSearchParams(body).get('Body') ?? '')
const soon = (condition: () => boolean | Promise<boolean>, daemon: RunningDaemon) =>
  until(condition, 20_000, () => `it did not come:\n${daemon.stdout()}`)
const logged = (daemon: RunningDaemon) =>
  daemon
    .lines()
    .filter(({ event }) => event === 'alert_firing')
    .map(({ alertname, severity }) => `${severity} ${alertname}`)

/** Runs `mcp-vitals alerts …` for the daemon; resolves to what it printed. */
const alerts = (daemon: RunningDaemon, ...args: readonly string[]) => run(daemon, 'alerts', ...args)

async function run(
  daemon: RunningDaemon,
  ...args: readonly string[]
): Promise<{ code: number; out: string; err: string }> {
  const child = spawn(process.execPath, [CLI, ...args, '--data', daemon.dataDir], { cwd: daemon.home })
  let [out, err] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  const [code] = (await once(child, 'close')) as [number]
  return { code, out, err }
}

test(
  promises(
    'A7.route.critical',
    'A7.route.high',
    'A7.route.medium',
    'A7.route.low',
    'A7.env.admin-whatsapp-number',
    'A7.env.admin-whatsapp-sender',
    'A8.trigger.rate-limit',
    'A8.trigger.auth-failure',
    'A8.trigger.brute-force',
    'A8.trigger.provider-error',
    'A8.trigger.anomaly',
    'A8.trigger.spending',
    'C12.rule.auth-failures-repeating',
  ),
  async () => {
    const far = await twilio()
    const whatsapp = { apiUrl: far.url }
    const daemon = await daemonOfTest({ config: { alerts: { ...FAST, groupBy: ['alertname'], whatsapp } }, env: ENV })
    await tell(
      daemon,
      { type: 'limit', server: 'notes', limitType: 'agent', layer: 'mcp' },
      { type: 'provider', server: 'notes', provider: 'twilio', ok: false, durationMs: 5 },
      { type: 'provider', server: 'notes', provider: 'sms', ok: true, durationMs: 5 },
      {
        ...{ type: 'anomaly', server: 'notes', name: 'read', signal: 'latency', stage: 'found', severity: 'MEDIUM' },
        ...{ usual: 10, seen: 40, calls: 30 },
      },
      {
        ...{ type: 'budget', server: 'notes', budget: 'all', stage: 'warned', severity: 'MEDIUM' },
        ...{ spentUsd: 8.5, limitUsd: 10, per: 'month' },
      },
      { type: 'security', server: 'notes', kind: 'TAMPERING', severity: 'CRITICAL' },
      { type: 'security', server: 'notes', kind: 'LOOKED_AT', severity: 'MEDIUM' },
      { type: 'security', server: 'notes', kind: 'KEY_CREATED', severity: 'LOW' },
      ...Array.from({ length: 5 }, () => ({ type: 'auth', server: 'notes', action: 'refused', reason: 'unknown' })),
    )
    await soon(() => logged(daemon).length >= 8 && far.got.length >= 4, daemon)
    expect(logged(daemon).toSorted()).toEqual([
      'CRITICAL SecurityEvent',
      'HIGH AuthenticationFailure',
      'HIGH BruteForce',
      'HIGH ProviderError',
      'MEDIUM Anomaly',
      'MEDIUM RateLimitExceeded',
      'MEDIUM SecurityEvent',
      'MEDIUM Spending',
    ])
    const form = Object.fromEntries(new URLSearchParams(far.got[0]!.body))
    expect(form).toMatchObject({ To: 'whatsapp:+15551234567', From: 'whatsapp:+14155238886' })
    const told = bodiesOf(far.got).join('\n')
    for (const name of ['ProviderError', 'AuthenticationFailure', 'BruteForce', 'TAMPERING'])
      expect(told).toContain(name)
    for (const name of ['RateLimitExceeded', 'LOOKED_AT', 'KEY_CREATED']) expect(told).not.toContain(name)
    expect(daemon.stdout() + daemon.stderr()).not.toContain(TOKEN)
    await soon(async () => (await metric(daemon.url, 'mcp_vitals_alerts', { state: 'firing' })) === 8, daemon)
    expect(await metric(daemon.url, 'mcp_vitals_alert_messages_sent_total', { channel: 'whatsapp' })).toBe(4)
  },
)

/** Some twenty processes one after another, on a machine that does more than that. */
const COMMANDS_MS = 180_000

test('a person sees, acknowledges, silences and tests by commands, and the history tells of it', {
  timeout: COMMANDS_MS,
}, async () => {
  const far = await httpFarEnd()
  const channels = { team: { type: 'slack', url: far.url }, gone: { type: 'slack', url: 'http://127.0.0.1:9/' } }
  const routes = [{ notify: ['log', 'team'] }]
  const daemon = await daemonOfTest({ config: { alerts: { ...FAST, repeatIntervalMs: 1000, channels, routes } } })
  expect(await alerts(daemon, 'list')).toMatchObject({ code: 0, out: 'Nothing fires.\n' })
  await tell(daemon, { type: 'provider', server: 'notes', provider: 'sms', ok: false, durationMs: 5 })
  await soon(() => far.got.length > 0, daemon)
  const listed = await alerts(daemon, 'list')
  const [, fingerprint = ''] =
    /^([0-9a-f]{8}) {2}HIGH {6}firing .* ProviderError server=notes provider=sms/.exec(listed.out) ?? []
  expect(fingerprint).not.toBe('')

  expect((await alerts(daemon, 'ack', fingerprint, '--comment', 'on it', '--by', 'anna')).code).toBe(0)
  const shown = await alerts(daemon, 'show', fingerprint)
  expect(shown.out).toContain('"state": "acknowledged"')
  expect(shown.out).toMatch(/acknowledged .*by anna, on it/)

  const silenced = await alerts(daemon, 'silence', 'server="files"', '--for', '2h', '--comment', 'patches')
  const [, id = ''] = /Silenced for 2h: ([0-9a-f]{8})/.exec(silenced.out) ?? []
  await tell(daemon, { type: 'provider', server: 'files', provider: 'sms', ok: false, durationMs: 5 })
  await soon(async () => (await alerts(daemon, 'list')).out.includes('quiet by silence'), daemon)
  expect((await alerts(daemon, 'unsilence', id)).code).toBe(0)
  await soon(() => far.got.some(({ body }) => body.includes('server=files')), daemon)

  expect(await alerts(daemon, 'test', 'team')).toMatchObject({ code: 0, out: 'The channel team took a test.\n' })
  expect(far.got.map(({ body }) => body)).toContainEqual(expect.stringContaining('This is a test'))
  const gone = await alerts(daemon, 'test', 'gone')
  expect([gone.code, gone.err]).toEqual([
    1,
    expect.stringContaining('The channel gone took nothing: could not be reached'),
  ])
  const wrong = await alerts(daemon, 'ack', 'ffff')
  expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('There is no alert, or more than one')])
  const slip = await alerts(daemon, 'silence', 'severity=critical', '--for', '2h')
  expect([slip.code, slip.err]).toEqual([
    1,
    expect.stringMatching(/^mcp-vitals: "severity=critical" means no severity;/),
  ])

  const { out } = await alerts(daemon, 'history')
  for (const word of ['firing', 'acknowledged', 'silenced', 'unsilenced', 'sent', 'to team'])
    expect(out).toContain(word)
  const acts = daemon.lines().filter(({ kind }) => String(kind).startsWith('ALERT_'))
  expect(acts.map(({ kind, agent }) => [kind, agent])).toEqual([
    ['ALERT_ACKNOWLEDGED', 'anna'],
    ['ALERT_SILENCED', 'owner'],
    ['ALERT_UNSILENCED', 'owner'],
    ['ALERT_TESTED', 'owner'],
    ['ALERT_TESTED', 'owner'],
  ])
  // The audit log has what became of alerts: the actor is who showed the token, `by` the name that they gave.
  const rows = await run(daemon, 'audit', 'tail', '--target', 'ProviderError')
  expect(rows.out).toMatch(/ALERT_FIRED {2}system {2}ProviderError .*"severity":"HIGH"/)
  expect(rows.out).toMatch(/ALERT_ACKNOWLEDGED {2}admin {2}ProviderError .*"by":"anna"/)
  const acted = (await run(daemon, 'audit', 'search', 'admin')).out
  for (const words of ['SILENCED  admin  server="files"', 'UNSILENCED  admin  server="files"', 'TESTED  admin  team'])
    expect(acted).toContain(`ALERT_${words}`)
  expect(acted.match(/"by":"owner"/g)).toHaveLength(4)
})

test('what Twilio took and did not deliver goes to the next channel, and only Twilio can say so', async () => {
  const [far, next] = [await twilio(), await httpFarEnd()]
  const whatsapp = { apiUrl: far.url, callbackUrl: CALLBACK, fallback: 'team' }
  const config = { alerts: { ...FAST, whatsapp, channels: { team: { type: 'slack', url: next.url } } } }
  const daemon = await daemonOfTest({ config, env: ENV })
  await tell(daemon, { type: 'provider', server: 'notes', provider: 'sms', ok: false, durationMs: 5 })
  await soon(() => far.got.length === 1, daemon)
  expect(new URLSearchParams(far.got[0]!.body).get('StatusCallback')).toBe(CALLBACK)
  const say = async (form: Record<string, string>, token: string) => {
    const text =
      CALLBACK +
      Object.keys(form)
        .sort()
        .map((name) => name + form[name])
        .join('')
    const signature = createHmac('sha1', token).update(text).digest('base64')
    const { status } = await fetch(`${daemon.url}/v1/alerts/twilio`, {
      method: 'POST',
      headers: { 'x-twilio-signature': signature },
      body: new URLSearchParams(form),
    })
    return status
  }
  const word = { MessageSid: 'SM1', MessageStatus: 'undelivered', ErrorCode: '63016' }
  expect(await say(word, 'another token')).toBe(401)
  expect(await say({ ...word, MessageStatus: 'sent' }, TOKEN)).toBe(204)
  expect(next.got).toEqual([])
  await soon(async () => (await say(word, TOKEN)) === 204 && next.got.length === 1, daemon)
  expect(next.got[0]!.body).toContain('ProviderError')
  const { out } = await alerts(daemon, 'history')
  expect(out).toMatch(/undelivered .*to whatsapp, it was undelivered \(Twilio's error 63016\)/)
})

test('a daemon that is killed knows afterwards what was acknowledged and silenced, and tells nothing twice', async () => {
  const home = mkdtempSync(join(tmpdir(), 'mcp-vitals-test-'))
  onTestFinished(() => rmSync(home, { recursive: true, force: true }))
  const far = await httpFarEnd()
  const channels = { team: { type: 'webhook', url: far.url } }
  const settings = {
    dataDir: join(home, 'state'),
    config: { alerts: { ...FAST, channels, routes: [{ notify: ['team'] }] } },
  }
  const first = await startDaemon(settings)
  await tell(first, { type: 'provider', server: 'notes', provider: 'sms', ok: false, durationMs: 5 })
  await soon(() => far.got.length === 1, first)
  const [, fingerprint = ''] = /^([0-9a-f]{8})/.exec((await alerts(first, 'list')).out) ?? []
  await alerts(first, 'ack', fingerprint)
  await alerts(first, 'silence', 'server=x', '--for', '1d', '--comment', 'kept')
  await soon(async () => (await metric(first.url, 'mcp_vitals_alert_messages_waiting')) === 0, first)
  await first.stop('SIGKILL')
  const second = await daemonOfTest(settings)
  const { out } = await alerts(second, 'list')
  expect(out).toMatch(/HIGH {6}acknowledged .*ProviderError/)
  expect(out).toContain('owner: kept')
  await tell(second, { type: 'limit', server: 'notes', limitType: 'agent', layer: 'mcp' })
  await soon(() => far.got.some(({ body }) => body.includes('RateLimitExceeded')), second)
  expect(far.got.filter(({ body }) => body.includes('ProviderError'))).toHaveLength(1)
})

test('while alerts work a watcher elsewhere hears of it, and stops to when the daemon ends', async () => {
  const far = await httpFarEnd()
  const heartbeat = { url: `${far.url}/beat`, everyMs: 1000 }
  const daemon = await daemonOfTest({ config: { alerts: { heartbeat } } })
  await soon(() => far.got.length >= 2, daemon)
  expect(far.got[0]).toMatchObject({ method: 'GET', path: '/beat' })
  expect(await metric(daemon.url, 'mcp_vitals_alert_heartbeat_timestamp_seconds')).toBeGreaterThan(1e9)
  await daemon.stop()
  const heard = far.got.length
  await new Promise((resolve) => setTimeout(resolve, 1500))
  expect(far.got).toHaveLength(heard)
})

test('a configuration that names what is not there is refused, with its place', async () => {
  const routes = [{ match: ['severity=HIGH', 'no matcher'], notify: ['nobody'], muteTimes: ['nights'] }]
  const times = { days: { zone: 'Europe/Nowhere', ranges: [{}] } }
  const started = startDaemon({ config: { alerts: { routes, times } } })
  await expect(started).rejects.toThrow(/alerts\.routes\.0\.notify\.0 is "nobody", which is no channel/)
  await expect(started).rejects.toThrow(/alerts\.routes\.0\.match\.1 is "no matcher", which is no matcher/)
  await expect(started).rejects.toThrow(/muteTimes\.0 is "nights"/)
  await expect(started).rejects.toThrow(/times\.days\.zone is "Europe\/Nowhere"/)
  const patterns = startDaemon({ config: { alerts: { routes: [{ match: ['a=~"("'] }] } } })
  await expect(patterns).rejects.toThrow(/is no matcher: the pattern is no RE2 expression/)
})
