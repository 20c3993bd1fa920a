import type { Form } from './fields.js'

/** Version of the event format: raised when a reader of the old one would misunderstand the new one. */
export const EVENT_VERSION = 1

/** `server` of what mcp-vitals says of itself. No server of a configuration has this name. */
export const OWN_SERVER = 'mcp-vitals'

/** Why an error that is told of by hand happened: whatever else is told is `other`. */
export const ERROR_REASONS = [
  'connection_refused',
  'timeout',
  'not_found',
  'permission_denied',
  'unauthorized',
  'rate_limited',
  'unavailable',
  'invalid',
  'other',
] as const

/**
 * Revisions of MCP are dates, and drafts of them a year and a number (`2025-11-25`, `DRAFT-2026-v1`). Any other text is
 * what somebody else put there.
 */
export const REVISION_PATTERN =
  '^(?:20[2-9][0-9]-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])|DRAFT-20[2-9][0-9]-v[0-9]{1,2})$'
export const REVISION: Form = {
  pattern: REVISION_PATTERN,
  words: 'a revision of MCP, such as 2025-11-25 or DRAFT-2026-v1',
}
