import { type AlertView, type Notification, SEVERITIES, type Severity } from '../../alerts/index.js'

/** Labels that the text says in another place. */
const SAID = new Set(['alertname', 'severity', 'mcp_severity', 'ruleset'])

/** In one line what it is about: `[2 firing] HighErrorRate (notes)`. */
export function titleOf(notification: Notification): string {
  const { reason, firing, resolved, held, groupLabels, alerts } = notification
  if (reason === 'test') return '[test] This is a test of mcp-vitals'
  if (reason === 'digest') return `[digest] ${held} messages were held, ${firing} alerts fire`
  const { alertname = alerts[0]?.labels.alertname, ...others } = groupLabels
  const more = Object.values(others)
  const state = firing > 0 ? `${firing} firing${resolved > 0 ? `, ${resolved} resolved` : ''}` : `${resolved} resolved`
  const again = reason === 'repeat' ? ', still' : reason === 'escalation' ? ', not acknowledged' : ''
  const name = alertname ?? 'alerts'
  return `[${state}${again}] ${name}${more.length > 0 ? ` (${more.join(', ')})` : ''}`
}

/** A line for each alert, within `most` characters; what there is no room for is counted. */
export function linesOf({ alerts, truncated }: Notification, most: number): readonly string[] {
  const lines: string[] = []
  let left = most - 40
  for (const [index, alert] of alerts.entries()) {
    const line = lineOf(alert)
    if (line.length + 1 > left) {
      lines.push(`… and ${alerts.length - index + truncated} more`)
      return lines
    }
    lines.push(line)
    left -= line.length + 1
  }
  if (truncated > 0) lines.push(`… and ${truncated} more`)
  return lines
}

/** Title and lines as one text of at most `most` characters. */
export function textOf(notification: Notification, most: number): string {
  const title = cut(titleOf(notification), Math.min(200, most))
  return [title, ...linesOf(notification, most - title.length - 1)].join('\n')
}

/** One alert in one line: how grave, which, where, and what its rule says of it. */
export function lineOf({
  state,
  severity,
  labels,
  annotations,
  value,
  count,
  startsAt,
  endsAt,
  acknowledgedBy,
}: AlertView): string {
  const where = Object.entries(labels)
    .filter(([name, text]) => !SAID.has(name) && text !== '')
    .map(([name, text]) => `${name}=${text}`)
    .join(' ')
  const words = annotations.summary ?? annotations.description
  const facts = [
    ...(value === undefined ? [] : [`value ${Number(value.toPrecision(6))}`]),
    ...(count > 1 ? [`${count} times`] : []),
    endsAt === undefined ? `since ${timeOf(startsAt)}` : `${timeOf(startsAt)} to ${timeOf(endsAt)}`,
    ...(acknowledgedBy === undefined ? [] : [`acknowledged by ${acknowledgedBy}`]),
  ]
  const head = `${state === 'resolved' ? 'RESOLVED' : severity} ${labels.alertname ?? 'alert'}${where && ` ${where}`}`
  return cut(`${head}${words ? `: ${words}` : ''} (${facts.join(', ')})`, 1000)
}

/** The worst of what fires; of what is over, the worst that it was. */
export function worstOf({ alerts }: Notification): Severity {
  const firing = alerts.filter(({ state }) => state !== 'resolved')
  const ranks = (firing.length > 0 ? firing : alerts).map(({ severity }) => SEVERITIES.indexOf(severity))
  return SEVERITIES[Math.max(0, ...ranks)]!
}

/** At most `most` characters, with an ellipsis where something was cut off; never half a character. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text
  return `${text.slice(0, Math.max(0, most - 1)).replace(/[\uD800-\uDBFF]$/, '')}…`
}

function timeOf(at: number): string {
  return new Date(at).toISOString().slice(0, 16).replace('T', ' ').concat(' UTC')
}
