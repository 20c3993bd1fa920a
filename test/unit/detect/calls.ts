import type { EventOf } from '../../../packages/instrument/src/event/index.js'
import { createDetector, type ToolFinding } from '../../../packages/server/src/detect/index.js'

/** What a call is like where the test does not say. */
const USUAL = { outcome: 'ok', durationMs: 100, responseBytes: 1000, gapMs: 1000 } as const

type Given = Partial<Pick<EventOf<'request.ended'>, 'outcome' | 'durationMs' | 'responseBytes' | 'server' | 'name'>> & {
  readonly session?: string
  readonly gapMs?: number
}

/** A detector and a clock: calls of tools, one after another. */
export function watching(maxTools = 10) {
  const detector = createDetector({ maxTools })
  const findings: ToolFinding[] = []
  let at = 1_800_000_000_000
  const ended = ({ gapMs: _, session, ...given }: Given): EventOf<'request.ended'> => ({
    v: 1,
    type: 'request.ended',
    at,
    server: 'notes',
    direction: 'client_to_server',
    method: 'tools/call',
    name: 'search',
    operation: 'o',
    outcome: USUAL.outcome,
    status: 200,
    durationMs: USUAL.durationMs,
    requestBytes: 10,
    responseBytes: USUAL.responseBytes,
    ...given,
    ...(session !== undefined && { session }),
  })
  return {
    detector,
    findings,
    get at() {
      return at
    },
    /** `count` calls, each of which `given` describes, by its number. */
    calls(count: number, given: Given | ((index: number) => Given) = {}) {
      for (let index = 0; index < count; index++) {
        const each = typeof given === 'function' ? given(index) : given
        at += each.gapMs ?? USUAL.gapMs
        findings.push(...detector.see(ended(each)))
      }
    },
    /** Time without calls, looked at every second. */
    silence(ms: number) {
      for (const end = at + ms; at < end; at += 1000) findings.push(...detector.look(at))
    },
    close(session: string, reason: 'client' | 'lost') {
      findings.push(
        ...detector.see({ v: 1, type: 'session.closed', at, server: 'notes', session, durationMs: 1, reason }),
      )
    },
    /** `signal stage severity` of each finding so far. */
    told: () => findings.map(({ signal, stage, severity }) => `${signal} ${stage} ${severity}`),
  }
}

/** Numbers around `middle`, the same at each run, of a spread like that of durations. */
export function around(middle: number): (index: number) => number {
  return (index) => middle * Math.exp(0.3 * Math.sin(index * 12.9898) + 0.2 * Math.sin(index * 78.233))
}
