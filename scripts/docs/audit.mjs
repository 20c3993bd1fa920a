/** The page about what the audit log records and what its verifiers say. */
export function auditPage({ AUDIT_EVENTS, AUDIT_FAULTS, DRAFT_LIMITS, MAX_UNSIGNED_ROWS }, { checkpoints: times }) {
  const count = (number) => number.toLocaleString('en')
  return [
    '# What the audit log records, and what verifiers say of it',
    '',
    '<!-- Written by scripts/docs.mjs from packages/server/src/audit. -->',
    '',
    'The form of rows, files and checkpoints is told in [audit-log-format.md](../audit-log-format.md).',
    '',
    '## Types of rows',
    '',
    'What a sender may bring about carries `origin` `ingest:<name of its key>` then. The others the daemon alone writes.',
    '',
    '| `event_type` | what happened | senders may |',
    '| --- | --- | --- |',
    ...Object.entries(AUDIT_EVENTS).map(
      ([type, { doc, writer }]) => `| \`${type}\` | ${doc} | ${writer === 'ingest' ? 'yes' : ''} |`,
    ),
    '',
    '## Bounds',
    '',
    `- \`actor\` has 1 to ${DRAFT_LIMITS.actorChars} characters, \`target\` at most ${DRAFT_LIMITS.targetChars}.`,
    `- \`details\` has at most ${count(DRAFT_LIMITS.detailsBytes)} bytes of canonical JSON, in at most ${DRAFT_LIMITS.detailsDepth} levels, and at most ${DRAFT_LIMITS.commitments} commitments.`,
    `- A checkpoint is signed after ${count(times.everyRows)} new rows, ${count(times.everyMs)} ms after a new row at the latest, and after ${count(times.idleMs)} ms without one.`,
    `- A log with more than ${count(MAX_UNSIGNED_ROWS)} rows behind its newest checkpoint does not hold, unless the verifier is told so.`,
    '',
    '## Words of the verifiers',
    '',
    '| word | what is wrong with the row that is named |',
    '| --- | --- |',
    ...Object.entries(AUDIT_FAULTS).map(([word, doc]) => `| ${word} | ${doc} |`),
    '',
  ].join('\n')
}
