import type { EventOf } from '@mcp-vitals/instrument/event'
import type { CallToolResult } from '@modelcontextprotocol/server'
import type { RunResult } from '../../plugins/index.js'
import { readOutput } from './output.js'

type Outcome = EventOf<'plugin'>['outcome']

/** What bounded a run, for the words about it. */
export interface Limits {
  readonly timeoutMs: number
  readonly maxOutputBytes: number
}

/** What a client gets for a run, and how events call its end. */
export function resultOf(tool: string, run: RunResult, limits: Limits): { result: CallToolResult; outcome: Outcome } {
  const printed = readOutput(run.output)
  if (run.end === 'exited' && run.status === 0) {
    const outcome = printed.isError ? 'tool_error' : 'ok'
    return { result: { ...printed, content: [...printed.content] }, outcome }
  }
  const words = [`${tool} ${wordsFor(run, limits)}.`, run.lastWords].filter((text) => text !== '').join('\n')
  const result = { ...printed, content: [...printed.content, { type: 'text' as const, text: words }], isError: true }
  return { result, outcome: OUTCOMES[run.end] }
}

const OUTCOMES: Readonly<Record<RunResult['end'], Outcome>> = {
  exited: 'tool_error',
  killed: 'process_exit',
  late: 'timeout',
  cancelled: 'cancelled',
  flooded: 'process_exit',
  unstarted: 'process_exit',
}

function wordsFor({ end, status, signal, startFailure }: RunResult, limits: Limits): string {
  switch (end) {
    case 'exited':
      return `failed with exit status ${status}`
    case 'killed':
      return `was ended by signal ${signal}${signal === 'SIGXCPU' ? ', as it used the CPU time that it may' : ''}`
    case 'late':
      return `was ended, as it took longer than ${limits.timeoutMs / 1000} s`
    case 'cancelled':
      return 'was cancelled'
    case 'flooded':
      return `was ended, as it printed more than ${limits.maxOutputBytes} bytes`
    case 'unstarted':
      return `could not be started (${startFailure})`
  }
}
