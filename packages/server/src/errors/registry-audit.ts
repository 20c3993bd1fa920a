/** What every error says, beside its code. */
export interface ErrorEntry {
  readonly message: string
  readonly example: string
  readonly next: string
}

/** The part of the registry that is about checking, exporting and signing the audit log. */
export const AUDIT_ERRORS = {
  AUDIT_ROW_UNKNOWN: {
    message: 'The audit log has no row {seq}.',
    example: 'mcp-vitals audit tail',
    next: 'Rows are numbered from 0. One that was archived is read where its file was written.',
  },
  AUDIT_ROW_UNSIGNED: {
    message: 'No checkpoint covers the row {seq} yet.',
    example: 'mcp-vitals audit checkpoint',
    next: 'Sign the log as it stands, or wait for the daemon to do so (audit.checkpoints.everyMs).',
  },
  AUDIT_OPTION_INVALID: {
    message: '{option} is {value}; expected: {expected}.',
    example: 'mcp-vitals audit tail --type TOOL_CALLED --since 2026-11-21T04:00:00Z --limit 50',
    next: 'See "mcp-vitals audit --help" for what each option takes.',
  },
  AUDIT_ANCHOR_FAILED: {
    message: 'The anchor {anchor} of the audit log did not keep a checkpoint: {reason}.',
    example: '{ "audit": { "anchors": { "backup": { "file": "/mnt/backup/audit-checkpoints" } } } }',
    next: 'Mend the place that audit.anchors names. The newest checkpoint is brought again by itself, and the log goes on.',
  },
  AUDIT_NAME_INVALID: {
    message: 'The name {name} cannot be an audit log’s.',
    example: 'example.com/audit/host-1',
    next: 'Choose 1 to 200 characters without spaces and plus signs, as no other log has them.',
  },
  AUDIT_KEY_INVALID: {
    message: 'The key of the audit log cannot be used: {reason}.',
    example: 'example.com/audit/host-1+2f1c09ab+AVr8JxYQ1mU0yqDl0oYbqkz8h5m2Zc1m0cLw3qv4n5s7',
    next: 'Name the keys that the log’s keeper published for it, each of the form <name>+<key id>+<base64>; a key to sign with is an Ed25519 key in PEM.',
  },
  AUDIT_FILE_INVALID: {
    message: 'The file does not begin as one of the format {format}, or does not hold what its beginning says.',
    example: 'mcp-vitals audit export audit.jsonl',
    next: 'Name a file that was exported or archived, whole; docs/audit-log-format.md tells what its first line holds.',
  },
  AUDIT_FILE_UNUSABLE: {
    message: 'The file {file} could not be {action}: {reason}.',
    example: 'mcp-vitals audit export /var/backups/audit-2026-11.jsonl',
    next: 'Name a file that may be read; for one that is to be made, a new name in a directory that is there.',
  },
  AUDIT_LOG_UNKNOWN: {
    message: 'There is no audit log at {place}: {reason}.',
    example: 'mcp-vitals audit tail --data /var/lib/mcp-vitals',
    next: 'Name the state directory of the daemon that keeps it (--data), or its configuration (--config).',
  },
  AUDIT_VALUE_UNKNOWN: {
    message: 'Of row {seq} no value is kept as {field}.',
    example: 'mcp-vitals audit show 42 --open',
    next: 'See which it has: there was none of this name, or it was erased.',
  },
  AUDIT_DRAFT_INVALID: {
    message: 'An audit entry of type {type} is not valid: {reason}.',
    example:
      '{ "id": "3f2b8c1e-9d47-4a55-8f60-1c2d3e4f5a6b", "timestamp": "2026-11-21T04:21:55.634Z", "eventType": "PROVISION", "actor": "agent-001", "target": "notes", "details": {}, "origin": "daemon" }',
    next: 'Mend what is named; docs/audit-log-format.md tells what an entry may hold.',
  },
} as const satisfies Record<string, ErrorEntry>
