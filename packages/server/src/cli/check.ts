import { setTimeout as sleep } from 'node:timers/promises'
import { VitalsError, vitalsError } from '../errors/index.js'
import { COLOURS, createMonitor, junitOf, type Monitor, type SystemReport, textOf } from '../monitor/index.js'
import { openCheckMemory } from './check-memory.js'
import { createSlackTeller } from './check-slack.js'
import { subjectsToCheck } from './check-subjects.js'
import { report as tellError } from './report.js'
import { onStopSignal } from './signals.js'
import type { Terminal } from './terminal.js'

/** What the command line gave to `check`. */
export interface CheckFlags {
  readonly config?: string
  readonly once?: boolean
  readonly interval?: string
  readonly slackWebhook?: string
  readonly json?: boolean
  readonly junit?: boolean
  readonly timeout?: string
  readonly data?: string
}

/** Nothing could be judged: what Nagios and its kind call unknown. */
const UNKNOWN = 3

/** Checks once, or again and again until a signal. Resolves to the exit status: that of the last result. */
export async function check(
  target: string | undefined,
  wrapped: readonly string[],
  flags: CheckFlags,
  terminal: Terminal,
): Promise<number> {
  try {
    return await checkTarget(target, wrapped, flags, terminal)
  } catch (error) {
    if (!(error instanceof VitalsError)) throw error
    tellError(error, terminal)
    return UNKNOWN
  }
}

async function checkTarget(
  target: string | undefined,
  wrapped: readonly string[],
  flags: CheckFlags,
  terminal: Terminal,
): Promise<number> {
  const intervalMs = flags.interval === undefined ? undefined : secondsOf('--interval', flags.interval, 86_400)
  if (intervalMs !== undefined && flags.once) throw invalid('--once', 'it excludes --interval')
  if (flags.json && flags.junit) throw invalid('--junit', 'it excludes --json')
  const timeoutMs = flags.timeout === undefined ? undefined : secondsOf('--timeout', flags.timeout, 60)
  const { subjects, options, isPaused, dataDir, memoryName } = await subjectsToCheck(
    { target, wrapped, timeoutMs, ...flags },
    terminal,
  )
  const memory = await openCheckMemory(dataDir, memoryName, terminal)
  const slack = createSlackTeller(flags.slackWebhook, memory.told, terminal)
  const monitor = createMonitor({
    subjects,
    // Who asks now wants to know what is now; how long it has been so is for who is told unasked.
    options: { ...options, failureThreshold: 1, successThreshold: 1 },
    memory: memory.components,
    clock: () => performance.now(),
    random: Math.random,
    pauseOf: (subject) => (isPaused(subject) ? 'maintenance' : undefined),
    onLook: () => {},
  })
  const signals = onStopSignal()
  const stop = new AbortController()
  void signals.stopped.then(() => stop.abort())
  try {
    for (;;) {
      const result = await once(monitor, flags, terminal)
      const told = await slack.tell(result.components)
      await memory.keep({ components: monitor.memory(), told, remedies: {}, beats: {} })
      const status = COLOURS.indexOf(result.colour)
      if (intervalMs === undefined || stop.signal.aborted) return status
      if (await interrupted(intervalMs, stop.signal)) return status
    }
  } finally {
    signals.forget()
    await monitor.close()
  }
}

async function once(monitor: Monitor, { json, junit }: CheckFlags, { out }: Terminal): Promise<SystemReport> {
  await monitor.checkAll()
  const result = monitor.report({ criticalAlerts: 0 })
  const checkedAt = new Date().toISOString()
  if (json) out.write(`${JSON.stringify({ checkedAt, ...result })}\n`)
  else out.write(junit ? junitOf(result) : textOf(result, checkedAt))
  return result
}

/** Waits. True: a signal came. */
function interrupted(timeMs: number, signal: AbortSignal): Promise<boolean> {
  return sleep(timeMs, false, { signal }).catch(() => true)
}

function secondsOf(flag: string, text: string, most: number): number {
  const seconds = Number(text)
  if (!(seconds >= 0.001 && seconds <= most)) throw invalid(flag, `${text} is no number of seconds up to ${most}`)
  return Math.ceil(seconds * 1000)
}

const invalid = (option: string, problem: string) => vitalsError('CHECK_OPTION_INVALID', { option, problem })
