import { CommanderError } from 'commander'
import { VitalsError } from '../errors/index.js'
import type { Terminal } from './terminal.js'

/** Exit statuses. `usage`: the command line or the configuration is at fault, and trying again will not help. */
export const STATUS = { ok: 0, failure: 1, usage: 2, interrupted: 130 } as const

const USAGE_CODES: ReadonlySet<string> = new Set([
  'AGENT_TOOL_UNKNOWN',
  'AUDIT_FILE_INVALID',
  'AUDIT_FILE_UNUSABLE',
  'AUDIT_KEY_INVALID',
  'AUDIT_LOG_UNKNOWN',
  'AUDIT_NAME_INVALID',
  'AUDIT_OPTION_INVALID',
  'CONFIG_NOT_FOUND',
  'CONFIG_UNREADABLE',
  'CONFIG_INVALID',
  'DOCTOR_OPTION_INVALID',
  'EXPORT_OTHER_RULES',
  'EXPORT_OUT_NEEDED',
  'EXPORT_TARGET_UNKNOWN',
  'EXPORT_WOULD_OVERWRITE',
  'HOST_UNGUARDED',
  'KEY_NOT_FOUND',
  'KEY_OPTION_INVALID',
  'QUERY_INVALID',
  'QUERY_REFUSED',
  'RULES_INVALID',
  'RULES_UNREADABLE',
  'WRAP_WITHOUT_COMMAND',
  'INSTALL_UNKNOWN_CLIENT',
  'INSTALL_UNCONFIRMED',
])

/** Tells a person what went wrong, and returns the exit status for it. A stack is shown only where MCP_VITALS_DEBUG=1 asks for it. */
export function report(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? STATUS.ok : STATUS.usage
  const { err, env } = terminal
  if (error instanceof VitalsError) {
    err.write(`mcp-vitals: ${error.explain()}\n`)
    return USAGE_CODES.has(error.code) ? STATUS.usage : STATUS.failure
  }
  const message = (error instanceof Error ? error.message : String(error)).split('\n', 1)[0]
  const debug = env.MCP_VITALS_DEBUG === '1'
  const advice = debug
    ? ''
    : ' Run it again with MCP_VITALS_DEBUG=1 for the stack, and report it where you got mcp-vitals.'
  err.write(`mcp-vitals: unexpected error, a fault of mcp-vitals: ${message}.${advice}\n`)
  if (debug && error instanceof Error) err.write(`${error.stack}\n`)
  return STATUS.failure
}
