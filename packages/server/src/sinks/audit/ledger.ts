import { event } from '@mcp-vitals/instrument/event'
import type { Publish } from '@mcp-vitals/instrument/stream'
import { commitTo, type NamedArgument } from './commit.js'
import { intentOf } from './drafts.js'
import type { RowLog } from './sink.js'

/** Longest time that a call waits for its row; then it counts as not written. Milliseconds. */
const WRITE_TIMEOUT_MS = 5000

/** A call that is about to go on. */
interface Call {
  readonly server: string
  readonly tool: string
  readonly agent?: string | undefined
  readonly arguments?: unknown
}

export interface LedgerSetup {
  readonly log: RowLog
  /** What becomes of a call whose row could not be written: it goes on (`open`), or does not (`closed`). */
  readonly policy: 'open' | 'closed'
  /** Whether a tool, as `<tool>` or `<server>.<tool>`, is one of those that are written down first. */
  readonly matches: (name: string) => boolean
  /** Arguments that the rows commit to; their tools are written down first, too. */
  readonly named: readonly NamedArgument[]
  /** Masks a name that came from outside. */
  readonly mask: (name: string) => string
  readonly publish: Publish
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** A UUID, new each time. */
  readonly newId: () => string
}

/** Calls that stand in the log before they go on. */
export interface Ledger {
  wants(call: Pick<Call, 'server' | 'tool'>): boolean
  /** Resolves to whether the calls may go on. Never rejects. */
  write(calls: readonly Call[]): Promise<boolean>
}

/**
 * Commits a row TOOL_INTENT for each call before it goes on. Where that fails, an event tells of it: a call that went on
 * unrecorded is CRITICAL, one that was refused HIGH. Each call tries anew, so that a log that was mended lets the next pass.
 */
export function createLedger({ log, policy, matches, named, mask, publish, now, newId }: LedgerSetup): Ledger {
  async function isWritten(calls: readonly Call[]): Promise<boolean> {
    const drafts = calls.map((call) => {
      const { server, tool, agent } = call
      const names = { server: mask(server), tool: mask(tool), agent: agent === undefined ? undefined : mask(agent) }
      const wanted = named.filter((one) => isOf(one, call))
      return intentOf({ ...names, ...commitTo(call.arguments, wanted) }, now(), newId())
    })
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), WRITE_TIMEOUT_MS)
    })
    const saved = log.record(drafts).then(
      () => true,
      () => false,
    )
    return Promise.race([saved, late]).finally(() => clearTimeout(timer))
  }

  return {
    wants: (call) => isOf({ matches }, call) || named.some((one) => isOf(one, call)),
    async write(calls) {
      if (await isWritten(calls)) return true
      const isClosed = policy === 'closed'
      for (const server of new Set(calls.map((call) => call.server)))
        publish(
          event(
            'security',
            now(),
            { server },
            isClosed
              ? { kind: 'AUDIT_CALL_REFUSED', severity: 'HIGH' }
              : { kind: 'AUDIT_CALL_UNRECORDED', severity: 'CRITICAL' },
          ),
        )
      return !isClosed
    },
  }
}

function isOf({ matches }: Pick<NamedArgument, 'matches'>, { server, tool }: Pick<Call, 'server' | 'tool'>): boolean {
  return matches(tool) || matches(`${server}.${tool}`)
}
