import type { Entry, Sink } from '@mcp-vitals/instrument/stream'
import type { Draft } from '../../audit/index.js'
import { VitalsError } from '../../errors/index.js'
import { Definitions } from './definitions.js'
import { contentOf, draftOf } from './drafts.js'

/** Most events that wait while the log cannot be written; beyond it the newest are dropped and counted. */
const QUEUE_LIMIT = 20_000
/**
 * A commit costs as much for one row as for many, and a busy log waits for the disk with each. A daemon that is killed loses
 * the rows of so much time, as it does of its events; a call that must be written down first waits for none of it. Milliseconds.
 */
const LINGER_MS = 100
/** Pause before rows that could not be saved are brought again: doubled each time. Milliseconds. */
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 5000

/** What the sink asks of the log. */
export interface RowLog {
  /** Resolves when the rows are durable. */
  record(drafts: readonly Draft[]): Promise<void>
}

export interface AuditSinkSetup {
  readonly log: RowLog
  /** Whether calls of tools are recorded. */
  readonly calls: 'metadata' | 'none'
  /** A UUID, new each time. */
  readonly newId: () => string
  /** What servers offered, as `saveSeen` was given it last. */
  readonly seen: string | undefined
  readonly saveSeen: (text: string) => Promise<void>
  /** Told of a server that shows other tools than before to one to whom it showed its tools before. */
  readonly onDefinitions: (server: string) => void
  /** Told of a row that the log does not take. */
  readonly onInvalid: (error: VitalsError) => void
}

export interface AuditSink extends Sink {
  /** From now on, what cannot be saved within `graceMs` is given up. */
  hurry(graceMs: number): void
}

/** Turns events into rows. What cannot be saved waits, and is brought again: other sinks drop what failed. */
export function createAuditSink(setup: AuditSinkSetup): AuditSink {
  const { log, calls, newId, saveSeen, onDefinitions, onInvalid } = setup
  const definitions = new Definitions(setup.seen)
  let saved = definitions.changes
  let wake: (() => void) | undefined
  let deadline = Number.POSITIVE_INFINITY

  function draft({ event, entrance }: Entry): readonly Draft[] {
    const change = event.type === 'tools.listed' ? definitions.take(event) : undefined
    const content = event.type === 'tools.listed' ? change?.content : contentOf(event)
    if (!content || (content.eventType === 'TOOL_CALLED' && calls === 'none')) return []
    if (change?.isCertain) onDefinitions(event.server)
    const made = draftOf(content, event, entrance, newId())
    return made ? [made] : []
  }

  async function keepTrying(drafts: readonly Draft[]): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      try {
        return await log.record(drafts)
      } catch (error) {
        if (isInvalid(error)) return saveSingly(drafts, error)
        if (performance.now() + pauseMs > deadline) throw error
        await pause(pauseMs)
      }
    }
  }

  /** One row that may be none must not cost the others. */
  async function saveSingly(drafts: readonly Draft[], error: VitalsError): Promise<void> {
    if (drafts.length === 1) onInvalid(error)
    else for (const one of drafts) await keepTrying([one])
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms)
      function done(): void {
        clearTimeout(timer)
        wake = undefined
        resolve()
      }
      wake = done
    })
  }

  return {
    name: 'audit',
    queueLimit: QUEUE_LIMIT,
    lingerMs: LINGER_MS,
    async write(batch) {
      const drafts = batch.flatMap(draft)
      if (drafts.length > 0) await keepTrying(drafts)
      if (definitions.changes === saved) return
      saved = definitions.changes
      await saveSeen(definitions.text())
    },
    hurry(graceMs) {
      deadline = performance.now() + graceMs
      wake?.()
    },
    async close() {},
  }
}

function isInvalid(error: unknown): error is VitalsError {
  return error instanceof VitalsError && error.code === 'AUDIT_DRAFT_INVALID'
}
