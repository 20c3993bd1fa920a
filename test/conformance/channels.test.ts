import { describe, expect, test } from 'vitest'
import {
  type Channel,
  type ChannelTools,
  createChannel,
  type MessageEntry,
} from '../../packages/server/src/channels/index.js'
import { channelEntry } from '../../packages/server/src/channels/options.js'
import { httpFarEnd, type Mailed, type Posted, smtpFarEnd } from '../fixtures/far-end.js'
import { alertView, notificationOf } from '../fixtures/notification.js'
import { promises } from '../requirements.js'
import { channelConformance, httpChannelConformance } from './channel.js'

const said: unknown[][] = []
const TOOLS: ChannelTools = { fetch, say: (...line) => void said.push(line) }
const SECRET = 'Zs3cr3tZs3cr3tZs3cr3tZs3cr3t0000'
const ACCOUNT = `AC${'0'.repeat(32)}`
const signal = () => AbortSignal.timeout(10_000)

const open = (options: object): Channel => createChannel(channelEntry.parse(options) as MessageEntry, TOOLS, 'page')

/** A channel of these options at a fresh HTTP server. */
async function atHttp(options: (url: string) => object, takenAs?: { status: number; body: string }) {
  const far = await httpFarEnd(takenAs)
  return { channel: open(options(far.url)), far, secrets: [SECRET, far.url, '127.0.0.1'] }
}

const webhook = () =>
  atHttp((url) => ({ type: 'webhook', url: `${url}/hook/${SECRET}`, headers: { authorization: `Bearer ${SECRET}` } }))
const slack = () => atHttp((url) => ({ type: 'slack', url: `${url}/services/${SECRET}`, channel: '#alerts' }))
const pagerduty = () =>
  atHttp((apiUrl) => ({ type: 'pagerduty', routingKey: SECRET, apiUrl }), { status: 202, body: '{"status":"success"}' })
const pagerdutyOld = () => atHttp((apiUrl) => ({ type: 'pagerduty', serviceKey: SECRET, apiUrl }))
const whatsapp = (more: object = {}) =>
  atHttp(
    (apiUrl) => ({
      ...{ type: 'whatsapp', number: '+15551234567', sender: 'whatsapp:+14155238886', accountSid: ACCOUNT },
      ...{ authToken: SECRET, apiUrl },
      ...more,
    }),
    { status: 201, body: '{"sid":"SM1","status":"queued"}' },
  )
const template = (more: object) => atHttp((url) => ({ type: 'template', url: `${url}/${SECRET}`, ...more }))
const email = async (more: object = {}, far?: Awaited<ReturnType<typeof smtpFarEnd>>) => {
  const server = far ?? (await smtpFarEnd({ password: SECRET }))
  const options = { type: 'email', host: '127.0.0.1', port: server.port, tls: 'optional', user: 'me', password: SECRET }
  const people = { from: 'mcp-vitals <alerts@example.com>', to: ['a@example.com', 'b@example.com'] }
  return { channel: open({ ...options, ...people, timeoutMs: 1000, ...more }), far: server, secrets: [SECRET] }
}

httpChannelConformance('webhook', webhook)
httpChannelConformance('slack', slack)
httpChannelConformance('pagerduty', pagerduty)
httpChannelConformance('pagerduty by a service key', pagerdutyOld)
httpChannelConformance('whatsapp', () => whatsapp())
httpChannelConformance('whatsapp by a template', () => whatsapp({ contentSid: `HX${'1'.repeat(32)}` }))
for (const form of ['ntfy', 'discord', 'teams', 'telegram'])
  httpChannelConformance(form, () => template({ form, to: 'there' }))
httpChannelConformance('a form of one’s own', () => template({ body: '{"t":"{{title}}","x":"{{text}}"}' }))
channelConformance('email', () => email())

/** What a channel of these posts for one message. */
async function posted(
  made: Awaited<ReturnType<typeof atHttp>>,
  more: Parameters<typeof notificationOf>[0] = {},
): Promise<Posted & { json: Record<string, unknown> }> {
  await made.channel.send(notificationOf(more), signal())
  const [request] = made.far.got as Posted[]
  return { ...request!, json: request!.headers['content-type']?.includes('json') ? JSON.parse(request!.body) : {} }
}

const LINE =
  'CRITICAL HighErrorRate server=notes tool=read_note: Errors of read_note: 12 % > 5 % (value 0.123457, since 2026-11-29 12:29 UTC)'
const over = alertView({ state: 'resolved', endsAt: Date.UTC(2026, 10, 29, 12, 40) })

describe('what is posted, field by field', () => {
  test('webhook: Alertmanager’s payload', async () => {
    const { method, path, headers, json } = await posted(await webhook(), { alerts: [alertView(), over], truncated: 3 })
    expect([method, path, headers.authorization]).toEqual(['POST', `/hook/${SECRET}`, `Bearer ${SECRET}`])
    expect(headers['idempotency-key']).toBe('00000000000000bb-7-page')
    expect(json).toEqual({
      version: '4',
      groupKey: '["/",[["alertname","HighErrorRate"]]]',
      truncatedAlerts: 3,
      status: 'firing',
      receiver: 'page',
      groupLabels: { alertname: 'HighErrorRate' },
      commonLabels: { alertname: 'HighErrorRate', severity: 'critical', server: 'notes', tool: 'read_note' },
      commonAnnotations: { summary: 'Errors of read_note: 12 % > 5 %' },
      externalURL: '',
      alerts: [
        {
          status: 'firing',
          labels: alertView().labels,
          annotations: alertView().annotations,
          startsAt: '2026-11-29T12:29:00.000Z',
          endsAt: '0001-01-01T00:00:00Z',
          generatorURL: '',
          fingerprint: '00000000000000aa',
        },
        expect.objectContaining({ status: 'resolved', endsAt: '2026-11-29T12:40:00.000Z' }),
      ],
    })
  })

  test(promises('E5.receiver.slack', 'D7.alertmanager.slack'), async () => {
    const { path, json } = await posted(await slack())
    expect(path).toBe(`/services/${SECRET}`)
    expect(json).toEqual({
      text: '[1 firing] HighErrorRate',
      channel: '#alerts',
      attachments: [{ color: 'danger', fallback: '[1 firing] HighErrorRate', text: LINE.replace('>', '&gt;') }],
    })
    const resolved = await posted(await slack(), { alerts: [over] })
    expect(resolved.json).toMatchObject({ text: '[1 resolved] HighErrorRate', attachments: [{ color: 'good' }] })
    const made = await slack()
    made.far.behave('refused', 'invalid_payload')
    expect(await made.channel.send(notificationOf(), signal())).toEqual({
      is: 'refused',
      problem: 'answered 400 invalid_payload',
    })
  })

  test('pagerduty: an incident is opened, acknowledged and resolved by the same key', async () => {
    const { path, json } = await posted(await pagerduty())
    expect(path).toBe('/v2/enqueue')
    expect(json).toEqual({
      routing_key: SECRET,
      event_action: 'trigger',
      dedup_key: '00000000000000bb',
      client: 'mcp-vitals',
      payload: {
        summary: '[1 firing] HighErrorRate',
        source: 'notes',
        severity: 'critical',
        timestamp: '2026-11-29T12:29:00.000Z',
        component: 'read_note',
        class: 'HighErrorRate',
        custom_details: { firing: 1, resolved: 0, alerts: [LINE] },
      },
    })
    const known = await posted(await pagerduty(), {
      reason: 'acknowledged',
      alerts: [alertView({ state: 'acknowledged', acknowledgedBy: 'anna' })],
    })
    expect(known.json).toEqual({ routing_key: SECRET, event_action: 'acknowledge', dedup_key: '00000000000000bb' })
    const resolved = await posted(await pagerduty(), { alerts: [over] })
    expect(resolved.json).toEqual({ routing_key: SECRET, event_action: 'resolve', dedup_key: '00000000000000bb' })
    for (const [severity, word] of [
      ['HIGH', 'error'],
      ['MEDIUM', 'warning'],
      ['LOW', 'info'],
    ] as const) {
      const { json } = await posted(await pagerduty(), { alerts: [alertView({ severity })] })
      expect(json).toMatchObject({ payload: { severity: word } })
    }
  })

  test(promises('E5.receiver.pagerduty', 'E5.receiver.pagerduty-keys'), async () => {
    const { path, json } = await posted(await pagerdutyOld())
    expect(path).toBe('/generic/2010-04-15/create_event.json')
    expect(json).toEqual({
      service_key: SECRET,
      event_type: 'trigger',
      incident_key: '00000000000000bb',
      description: '[1 firing] HighErrorRate',
      client: 'mcp-vitals',
      details: { firing: 1, resolved: 0, alerts: [LINE] },
    })
    const resolved = await posted(await pagerdutyOld(), { alerts: [over] })
    expect(resolved.json).toMatchObject({ event_type: 'resolve', incident_key: '00000000000000bb' })
    expect((await posted(await pagerduty())).path).toBe('/v2/enqueue')
  })

  test('pagerduty: a test leaves no incident open', async () => {
    const made = await pagerduty()
    await made.channel.send(notificationOf({ reason: 'test', alerts: [] }), signal())
    expect((made.far.got as Posted[]).map(({ body }) => JSON.parse(body).event_action)).toEqual(['trigger', 'resolve'])
  })

  test('whatsapp: a form of Twilio’s, as text and by a template', async () => {
    const { path, headers, body } = await posted(await whatsapp())
    expect(path).toBe(`/2010-04-01/Accounts/${ACCOUNT}/Messages.json`)
    expect(headers.authorization).toBe(`Basic ${btoa(`${ACCOUNT}:${SECRET}`)}`)
    expect(Object.fromEntries(new URLSearchParams(body))).toEqual({
      From: 'whatsapp:+14155238886',
      To: 'whatsapp:+15551234567',
      Body: `[1 firing] HighErrorRate\n${LINE}`,
    })
    const callbackUrl = 'https://vitals.example.com/v1/alerts/twilio'
    const made = await whatsapp({ contentSid: `HX${'1'.repeat(32)}`, callbackUrl })
    expect(await made.channel.send(notificationOf(), signal())).toEqual({ is: 'accepted', receipt: 'SM1' })
    expect(Object.fromEntries(new URLSearchParams((made.far.got as Posted[])[0]!.body))).toEqual({
      From: 'whatsapp:+14155238886',
      To: 'whatsapp:+15551234567',
      ContentSid: `HX${'1'.repeat(32)}`,
      ContentVariables: JSON.stringify({ 1: '[1 firing] HighErrorRate', 2: LINE }),
      StatusCallback: callbackUrl,
    })
  })

  test('whatsapp: Twilio’s limits pass, and its other errors do not', async () => {
    const made = await whatsapp()
    for (const [code, is] of [
      [63018, 'failed'],
      [21611, 'failed'],
      [21211, 'refused'],
    ] as const) {
      made.far.behave('refused', JSON.stringify({ code, message: `To ${SECRET}` }))
      const outcome = await made.channel.send(notificationOf(), signal())
      expect(outcome).toEqual({ is, problem: `answered 400 (Twilio's error ${code})` })
    }
  })

  test(promises('E5.receiver.email'), async () => {
    const made = await email()
    await made.channel.send(notificationOf(), signal())
    await made.channel.send(notificationOf({ id: 'other', alerts: [over] }), signal())
    const [first, second] = made.far.got as readonly Mailed[]
    expect(first).toMatchObject({ from: 'alerts@example.com', to: ['a@example.com', 'b@example.com'], user: 'me' })
    expect(first!.text).toContain('From: "mcp-vitals" <alerts@example.com>\r\n')
    expect(first!.text).toContain('To: a@example.com, b@example.com\r\n')
    expect(first!.text).toContain('Subject: CRITICAL: [1 firing] HighErrorRate\r\n')
    expect(first!.text).toContain('Message-ID: <00000000000000bb-7-page@example.com>\r\n')
    expect(second!.text).toContain('Subject: RESOLVED: [1 resolved] HighErrorRate\r\n')
    const references = /^References: (.*)$/m
    expect(references.exec(first!.text)![1]).toBe(references.exec(second!.text)![1])
  })

  test('email: a name with line breaks is no header', async () => {
    const made = await email()
    const groupLabels = { alertname: 'A\r\nBcc: evil@example.com\r\n\r\nbody' }
    await made.channel.send(notificationOf({ groupLabels }), signal())
    const [mail] = made.far.got as readonly Mailed[]
    expect(mail!.text.split('\r\n\r\n')[0]).not.toMatch(/^Bcc:/m)
    expect(mail!.to).toEqual(['a@example.com', 'b@example.com'])
  })

  test('email: nothing goes without TLS unless that is allowed, nor to whom nobody vouches for', async () => {
    const plain = await smtpFarEnd({ password: SECRET })
    const strict = await email({ tls: 'required' }, plain)
    expect((await strict.channel.send(notificationOf(), signal())).is).not.toBe('sent')
    const unknown = await smtpFarEnd({ password: SECRET, tls: true })
    const wary = await email({ tls: 'required' }, unknown)
    expect((await wary.channel.send(notificationOf(), signal())).is).not.toBe('sent')
    expect([...plain.got, ...unknown.got]).toEqual([])
  })

  test('the forms of ntfy, Discord, Teams and Telegram', async () => {
    const ntfy = await posted(await template({ form: 'ntfy', to: 'mcp' }))
    expect(ntfy.json).toEqual({ topic: 'mcp', title: '[1 firing] HighErrorRate', message: LINE, priority: 5 })
    const discord = await posted(await template({ form: 'discord' }))
    expect(discord.json).toEqual({ content: `[1 firing] HighErrorRate\n${LINE}`, allowed_mentions: { parse: [] } })
    const teams = await posted(await template({ form: 'teams' }))
    expect(teams.json).toMatchObject({
      type: 'message',
      attachments: [
        {
          contentType: 'application/vnd.microsoft.card.adaptive',
          content: { type: 'AdaptiveCard', body: [{ text: '[1 firing] HighErrorRate' }, { text: LINE }] },
        },
      ],
    })
    const telegram = await posted(await template({ form: 'telegram', to: '-100123' }))
    expect(telegram.json).toEqual({ chat_id: '-100123', text: `[1 firing] HighErrorRate\n${LINE}` })
  })

  test('a form of one’s own is filled in, and stays JSON whatever is in it', async () => {
    const body = '{"m":"{{title}}","s":"{{severity}} {{status}}","n":{{firing}},"other":"{{nothing}}","id":"{{ id }}"}'
    const { json } = await posted(await template({ body }), { groupLabels: { alertname: '"A"\n\\' } })
    expect(json).toEqual({
      m: '[1 firing] "A"\n\\',
      s: 'CRITICAL firing',
      n: 1,
      other: '{{nothing}}',
      id: '00000000000000bb-7-page',
    })
    const plain = await posted(await template({ body: '{{title}}!', contentType: 'text/plain' }))
    expect([plain.body, plain.headers['content-type']]).toEqual(['[1 firing] HighErrorRate!', 'text/plain'])
  })

  test('log: a line for each alert, by how grave it is', async () => {
    said.length = 0
    const alerts = [alertView(), alertView({ severity: 'LOW' }), over]
    await open({ type: 'log' }).send(notificationOf({ alerts, truncated: 2 }), signal())
    expect(said.map(([level, event]) => [level, event])).toEqual([
      ['error', 'alert_firing'],
      ['info', 'alert_firing'],
      ['info', 'alert_resolved'],
      ['warning', 'alert_more'],
    ])
    expect(said[0]).toEqual([
      'error',
      'alert_firing',
      `Alert: ${LINE}`,
      {
        ...{ alertname: 'HighErrorRate', severity: 'CRITICAL', fingerprint: '00000000000000aa', reason: 'new' },
        ...{ server: 'notes', tool: 'read_note' },
      },
    ])
  })
})
