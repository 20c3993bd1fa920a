import { createHash } from 'node:crypto'
import type { AlertView } from '../alerts/index.js'
import { createChannel } from '../channels/index.js'
import { vitalsError } from '../errors/index.js'
import type { ComponentReport } from '../monitor/index.js'
import type { Terminal } from './terminal.js'

/** So many checks must fail one after the other before anybody is told (CONTRACT.md, C8). */
const FAILURES = 3
const TIMEOUT_MS = 10_000

type Told = Readonly<Record<string, number>>

/** Tells Slack of components that stay down, and when they are well again. */
export interface SlackTeller {
  /** Resolves to what was told by now. What could not be told is tried again the next time. Never rejects. */
  tell(components: readonly ComponentReport[]): Promise<Told>
}

/**
 * `asked`: the address that the command line gives, before that of the environment; without any nobody is told. Throws
 * CHECK_OPTION_INVALID for what is no address.
 */
export function createSlackTeller(asked: string | undefined, before: Told, { env, err }: Terminal): SlackTeller {
  const webhook = asked ?? env.SLACK_WEBHOOK_URL ?? ''
  if (webhook === '') return { tell: async () => before }
  if (!/^https?:\/\/./.test(webhook) || !URL.canParse(webhook)) {
    // Not shown: it may be a secret all the same.
    const problem = 'it is no address that begins with https:// or http://'
    throw vitalsError('CHECK_OPTION_INVALID', {
      option: asked === undefined ? 'SLACK_WEBHOOK_URL' : '--slack-webhook',
      problem,
    })
  }
  const channel = createChannel(
    {
      ...{ type: 'slack', url: webhook, sendResolved: true, timeoutMs: TIMEOUT_MS },
      ...{ fallbackAfterMs: TIMEOUT_MS, giveUpAfterMs: TIMEOUT_MS },
    },
    { fetch, say: () => {} },
    'slack',
  )
  let told: Told = before

  return {
    async tell(components) {
      const at = Date.now()
      const down = components.filter(({ name, failures }) => failures >= FAILURES && !Object.hasOwn(told, name))
      const well = components.filter(({ name, failures }) => failures === 0 && Object.hasOwn(told, name))
      if (down.length + well.length === 0) return told
      const alerts = [
        ...down.map((component) => viewOf(component, at)),
        ...well.map((component) => viewOf(component, told[component.name]!, at)),
      ]
      const group = idOf(alerts.map(({ fingerprint }) => fingerprint).join())
      const notification = {
        ...({
          id: `${group}-${at}`,
          channel: 'slack',
          reason: down.length > 0 ? 'new' : 'resolved',
          at,
          group,
        } as const),
        ...{ groupKey: 'check', groupLabels: { alertname: 'HealthCheck' }, alerts, truncated: 0 },
        ...{ firing: down.length, resolved: well.length },
      }
      const outcome = await channel
        .send(notification, AbortSignal.timeout(TIMEOUT_MS))
        .catch(() => ({ is: 'failed', problem: 'no answer' }) as const)
      if (outcome.is !== 'sent') {
        err.write(`Slack was not told: ${'problem' in outcome ? outcome.problem : outcome.is}\n`)
        return told
      }
      const rest = Object.entries(told).filter(([name]) => !well.some((component) => component.name === name))
      told = { ...Object.fromEntries(rest), ...Object.fromEntries(down.map(({ name }) => [name, at])) }
      return told
    },
  }
}

function viewOf({ name, failures, reasons }: ComponentReport, startsAt: number, endsAt?: number): AlertView {
  const isOver = endsAt !== undefined
  const why = reasons.join(', ')
  return {
    fingerprint: idOf(name),
    state: isOver ? 'resolved' : 'firing',
    severity: 'HIGH',
    labels: { alertname: 'ComponentDown', component: name },
    annotations: { summary: isOver ? `${name} is well again` : `${name} failed ${failures} checks: ${why}` },
    evidence: 'seen',
    count: 1,
    startsAt,
    ...(isOver && { endsAt }),
  }
}

const idOf = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16)
