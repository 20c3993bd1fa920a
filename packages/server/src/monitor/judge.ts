import type { CheckResult, Reason } from '../checks/index.js'
import type { Colour, ComponentReport, ComponentStatus, SystemReport, Traffic } from './contract.js'
import type { MonitorOptions } from './options.js'
import { duration, percent, wordsOf } from './words.js'

export type Thresholds = Pick<MonitorOptions, 'healthy' | 'degraded' | 'yellowToolRatio'>

export interface ComponentEvidence {
  /** The newest result. */
  readonly result: CheckResult
  /** Whether as many checks failed as it takes to be down. */
  readonly isDown: boolean
  /** The latency to judge by: what most of the newest took at least, so that one slow check is no change. Milliseconds. */
  readonly latencyMs: number
  readonly missingTools: readonly string[]
  /** Of what passed through the gateway, where it did. */
  readonly traffic?: Traffic | undefined
}

/** What is wrong, out of a bounded list: that of the checks, and what is found by their latency and by the calls. */
type Kind = Reason | 'latency' | 'errors'

interface Judgement {
  readonly status: ComponentStatus
  /** In words. */
  readonly reasons: readonly string[]
  /** Of the first of the reasons. */
  readonly kind?: Kind
}

/** How a component is, and why: CONTRACT.md, C10. What will soon be ill, and what lacks tools, is degraded. */
export function judgeComponent(
  { result, isDown, latencyMs, missingTools, traffic }: ComponentEvidence,
  { healthy, degraded }: Thresholds,
): Judgement {
  if (isDown) return { status: 'unhealthy', reasons: [wordsOf(result)], kind: result.reason ?? 'failed' }
  const findings: { readonly isGrave: boolean; readonly words: string; readonly kind: Kind }[] = []
  const slow = (ms: number, what: string) => {
    if (ms >= healthy.latencyMs)
      findings.push({ isGrave: ms >= degraded.latencyMs, words: `${what} ${duration(ms)}`, kind: 'latency' })
  }
  slow(latencyMs, 'latency')
  if (traffic) {
    slow(traffic.p95Ms, '95th percentile of the calls')
    if (traffic.errorRatio >= healthy.errorRatio)
      findings.push({
        isGrave: traffic.errorRatio >= degraded.errorRatio,
        words: `${percent(traffic.errorRatio)} of the calls failed`,
        kind: 'errors',
      })
  }
  if (missingTools.length > 0)
    findings.push({ isGrave: false, words: `tools missing: ${missingTools.join(', ')}`, kind: 'tools_missing' })
  if (result.ok && result.reason !== undefined)
    findings.push({ isGrave: false, words: wordsOf(result), kind: result.reason })
  const grave = findings.filter(({ isGrave }) => isGrave)
  const told = grave.length > 0 ? grave : findings
  const status = grave.length > 0 ? 'unhealthy' : findings.length > 0 ? 'degraded' : 'healthy'
  return { status, reasons: told.map(({ words }) => words), ...(told[0] && { kind: told[0].kind }) }
}

/**
 * How the system is, and why: CONTRACT.md, C10. A component without tools that are known (no MCP server, or one that
 * never answered) counts as one tool, so that a system of such components is judged by the same share.
 */
export function judgeSystem(
  components: readonly ComponentReport[],
  { traffic, criticalAlerts }: { readonly traffic?: Traffic | undefined; readonly criticalAlerts: number },
  { healthy, degraded, yellowToolRatio }: Thresholds,
): SystemReport {
  const reasons: string[] = []
  let colour: Colour = 'GREEN'
  const worsen = (to: Colour, why: string) => {
    if (to === 'RED' || colour === 'GREEN') colour = to
    reasons.push(why)
  }

  const down = components.filter(({ status }) => status === 'unhealthy')
  for (const { name, reasons: why } of down) worsen('YELLOW', `${name} is unhealthy: ${why.join(', ')}`)
  for (const { name, status, reasons: why } of components)
    if (status === 'degraded') worsen('YELLOW', `${name} is degraded: ${why.join(', ')}`)
  const shares = components.map(shareOf)
  const { all, up } = sumOf(shares)
  if (up < all) for (const words of wordsOfShares(shares)) worsen(up < yellowToolRatio * all ? 'RED' : 'YELLOW', words)
  if (traffic) {
    if (traffic.errorRatio >= healthy.errorRatio)
      worsen(
        traffic.errorRatio >= degraded.errorRatio ? 'RED' : 'YELLOW',
        `${percent(traffic.errorRatio)} of the calls failed`,
      )
    if (traffic.p95Ms >= healthy.latencyMs)
      worsen(
        traffic.p95Ms >= degraded.latencyMs ? 'RED' : 'YELLOW',
        `95th percentile of the calls is ${duration(traffic.p95Ms)}`,
      )
  }
  if (criticalAlerts > 0) worsen('RED', `critical alerts: ${criticalAlerts}`)
  return { colour, reasons, components }
}

/** What a component adds to the share of tools that are there. */
interface Share {
  /** `tools`: those that it had once. One of the others, whose tools are not known, or which has none, counts as one. */
  readonly of: 'tools' | 'server' | 'component'
  readonly all: number
  readonly up: number
}

function shareOf({ type, status, tools }: ComponentReport): Share {
  const known = tools?.known.length ?? 0
  const of = known > 0 ? 'tools' : type === 'mcp' ? 'server' : 'component'
  const all = known || 1
  if (status === 'unhealthy') return { of, all, up: 0 }
  if (status === 'unknown' || status === 'maintenance') return { of, all, up: all }
  return { of, all, up: all - (tools?.missing.length ?? 0) }
}

function sumOf(shares: readonly Share[]): Pick<Share, 'all' | 'up'> {
  return shares.reduce((sum, { all, up }) => ({ all: sum.all + all, up: sum.up + up }), { all: 0, up: 0 })
}

/** What is not there: what has no tools that are known is not told of as if it were tools. */
function wordsOfShares(shares: readonly Share[]): readonly string[] {
  const lacking = (of: Share['of']) => {
    const { all, up } = sumOf(shares.filter((share) => share.of === of))
    return { all, up, isLacking: up < all }
  }
  const [tools, servers, others] = [lacking('tools'), lacking('server'), lacking('component')]
  const silent = servers.all - servers.up
  return [
    ...(tools.isLacking ? [`${tools.up} of ${tools.all} tools are there`] : []),
    ...(servers.isLacking ? [`no tools could be listed of ${silent === 1 ? 'one server' : `${silent} servers`}`] : []),
    ...(others.isLacking ? [`${others.up} of ${others.all} components without tools are up`] : []),
  ]
}
