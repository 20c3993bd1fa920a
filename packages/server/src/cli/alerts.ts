import { vitalsError } from '../errors/index.js'
import { findDaemon, request } from './ask.js'
import { durationMsOf } from './duration.js'
import type { Terminal } from './terminal.js'

/** What the command line gave to `alerts …`. */
export interface AlertsFlags {
  readonly data?: string
  readonly json?: boolean
  readonly undo?: boolean
  readonly for?: string
  readonly limit?: string
  readonly by?: string
  readonly comment?: string
}

/** How long a daemon may take to answer: a test waits for its channel. Milliseconds. */
const ANSWER_TIMEOUT_MS = 130_000

type Labels = Readonly<Record<string, string>>

interface Alert {
  readonly fingerprint: string
  readonly state: string
  readonly severity: string
  readonly labels: Labels
  readonly annotations: Labels
  readonly activeAt: string
  readonly startsAt?: string
  readonly quiet?: { readonly reason: string; readonly by: string }
  readonly acknowledgement?: { readonly by: string; readonly comment: string }
}

interface Silence {
  readonly id: string
  readonly matchers: readonly string[]
  readonly endsAt: string
  readonly by: string
  readonly comment: string
}

interface Entry {
  readonly at: string
  readonly what: string
  readonly labels: Labels
  readonly channel?: string
  readonly by?: string
  readonly comment?: string
  readonly problem?: string
  readonly reason?: string
}

interface Book {
  readonly alerts: readonly Alert[]
  readonly silences: readonly Silence[]
  readonly next?: string
}

/** A line for each alert, the gravest first, then the silences. */
export async function listAlerts(flags: AlertsFlags, terminal: Terminal): Promise<void> {
  const book = await readBook(flags, terminal)
  const { out } = terminal
  if (flags.json) return void out.write(`${JSON.stringify(book, undefined, 2)}\n`)
  const open = book.silences.filter(({ endsAt }) => Date.parse(endsAt) > Date.now())
  if (book.alerts.length === 0) out.write('Nothing fires.\n')
  for (const alert of book.alerts) out.write(`${lineOf(alert)}\n`)
  for (const { id, matchers, endsAt, by, comment } of open)
    out.write(
      `${visible(`silence ${id.slice(0, 8)} until ${short(endsAt)}: ${matchers.join(', ')} (${by}: ${comment})`)}\n`,
    )
}

/** All alerts, a page at a time. */
async function readBook(flags: AlertsFlags, terminal: Terminal): Promise<Omit<Book, 'next'>> {
  const alerts: Alert[] = []
  for (let after = ''; ; ) {
    const page = (await ask(flags, terminal, `?limit=1000${after}`)) as Book
    alerts.push(...page.alerts)
    if (page.next === undefined) return { alerts, silences: page.silences }
    after = `&after=${page.next}`
  }
}

/** One alert, whole. */
export async function showAlert(prefix: string, flags: AlertsFlags, terminal: Terminal): Promise<void> {
  const { alerts } = (await ask(flags, terminal, `?limit=2&fingerprint=${encodeURIComponent(prefix)}`)) as Book
  const [alert] = alerts
  if (!alert || alerts.length > 1)
    throw vitalsError('ALERT_REFUSED', {
      reason: `There is no alert, or more than one, whose fingerprint begins with ${visible(prefix)}.`,
    })
  const { entries } = (await ask(flags, terminal, `/history?limit=20&fingerprint=${alert.fingerprint}`)) as {
    entries: readonly Entry[]
  }
  terminal.out.write(`${JSON.stringify(alert, undefined, 2)}\n`)
  for (const entry of entries) terminal.out.write(`${entryLine(entry)}\n`)
}

/** Acknowledges an alert, or takes that back. */
export async function acknowledge(fingerprint: string, flags: AlertsFlags, terminal: Terminal): Promise<void> {
  const { by, comment, undo } = flags
  const act = undo ? { do: 'unacknowledge', fingerprint, by } : { do: 'acknowledge', fingerprint, by, comment }
  await ask(flags, terminal, '/act', act)
  terminal.out.write(undo ? 'Nobody knows of it any more.\n' : 'Acknowledged, until it is resolved.\n')
}

/** Silences what matches. */
export async function silence(matchers: readonly string[], flags: AlertsFlags, terminal: Terminal): Promise<void> {
  const { by, comment, for: time = '' } = flags
  const durationMs = durationMsOf(time)
  if (durationMs === undefined)
    throw vitalsError('ALERT_REFUSED', {
      reason: `The option --for is ${visible(JSON.stringify(time))}; expected: a time, such as 45s, 30m, 12h or 7d.`,
    })
  const { id } = (await ask(flags, terminal, '/act', { do: 'silence', matchers, durationMs, by, comment })) as {
    id: string
  }
  terminal.out.write(`Silenced for ${time}: ${id.slice(0, 8)}\n`)
}

/** Ends a silence. */
export async function unsilence(id: string, flags: AlertsFlags, terminal: Terminal): Promise<void> {
  await ask(flags, terminal, '/act', { do: 'unsilence', id, by: flags.by })
  terminal.out.write('The silence has ended.\n')
}

/** What happened, the newest first. */
export async function history(flags: AlertsFlags, terminal: Terminal): Promise<void> {
  const { entries } = (await ask(flags, terminal, `/history?limit=${encodeURIComponent(flags.limit ?? '')}`)) as {
    entries: readonly Entry[]
  }
  if (flags.json) terminal.out.write(`${JSON.stringify(entries, undefined, 2)}\n`)
  else for (const entry of entries) terminal.out.write(`${entryLine(entry)}\n`)
}

/** Sends a test. */
export async function testChannel(channel: string, flags: AlertsFlags, terminal: Terminal): Promise<void> {
  const { outcome } = (await ask(flags, terminal, '/act', { do: 'test', channel })) as { outcome: string }
  const more = outcome === 'accepted' ? ' Whether it arrives is told later.' : ''
  terminal.out.write(`The channel ${visible(channel)} took a test.${more}\n`)
}

/** Asks the daemon of the state directory. */
async function ask(flags: AlertsFlags, { env }: Terminal, path: string, act?: object): Promise<unknown> {
  const response = await request(await findDaemon(flags, env), `/admin/api/alerts${path}`, {
    ...(act && { method: 'POST', body: JSON.stringify(act), headers: { 'content-type': 'application/json' } }),
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  })
  const answer = (await response.json().catch(() => ({}))) as { readonly error?: string }
  if (!response.ok)
    throw vitalsError('ALERT_REFUSED', { reason: visible(answer.error ?? `It answered ${response.status}.`) })
  return answer
}

function lineOf({
  fingerprint,
  state,
  severity,
  labels,
  annotations,
  startsAt,
  activeAt,
  quiet,
  acknowledgement,
}: Alert): string {
  const words = annotations.summary ?? annotations.description ?? ''
  const notes = [
    ...(quiet ? [`quiet by ${quiet.reason}: ${quiet.by}`] : []),
    ...(acknowledgement ? [`known to ${acknowledgement.by}: ${acknowledgement.comment}`] : []),
  ]
  const head = `${fingerprint.slice(0, 8)}  ${severity.padEnd(8)}  ${state.padEnd(12)}  since ${short(startsAt ?? activeAt)}`
  return visible(`${head}  ${labelled(labels)}${words && `: ${words}`}${notes.map((note) => ` (${note})`).join('')}`)
}

function entryLine({ at, what, labels, channel, by, comment, problem, reason }: Entry): string {
  const parts = [channel && `to ${channel}`, reason, problem, by && `by ${by}`, comment].filter(Boolean)
  return visible(
    `${short(at)}  ${what.padEnd(14)}  ${labelled(labels)}${parts.length > 0 ? ` (${parts.join(', ')})` : ''}`,
  )
}

function labelled({ alertname = '', severity: _, ruleset: __, ...others }: Labels): string {
  return [alertname, ...Object.entries(others).map(([name, value]) => `${name}=${value}`)].filter(Boolean).join(' ')
}

function short(iso: string): string {
  return iso.slice(0, 19).replace('T', ' ')
}

/** On one line of a terminal, whatever it holds: names come from servers that may be hostile. */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`)
}
